// SPDX-License-Identifier: MIT
// The verbs of the search.
#pragma once

#include "solver/core.hpp"

namespace nb {

Status search(Core &core);

// propagate.cpp
Conflict propagate(Core &core);
// Does not save phases; treats the clause `ignored` as absent.
Conflict propagate_probing(Core &core, ClauseRef ignored = no_clause);
// Propagate at level 0.  False (and `inconsistent`) on conflict.
bool propagate_root(Core &core);
void assign(Core &core, Lit lit, Reason reason);
// The same at a level that may be below the present one.
void assign_at(Core &core, Lit lit, Reason reason, std::uint32_t level);
void decide_literal(Core &core, Lit lit);

// chronological.cpp
// The level at which the other literals of the reason, all false, imply `lit`.
std::uint32_t implied_level(const Core &core, Lit lit, Reason reason);
// Where to go back to if the learned clause becomes unit at `jump`.
std::uint32_t backtrack_level(Core &core, std::uint32_t jump);
// Goes to the level of the conflict.  True if only one literal is on it, which was flipped.
bool resolved_by_flip(Core &core, Conflict conflict);

// analyze.cpp: learn from a conflict and jump back.
void analyze(Core &core, Conflict conflict);
// The assumptions responsible for `lit` being false.
void analyze_failed(Core &core, Lit lit);
void minimize(Core &core);
bool literal_removable(Core &core, Lit lit, int depth);
void shrink(Core &core);
void strengthen_with_binaries(Core &core, std::uint32_t glue);
void bump(Core &core);
void bump_clause(Core &core, Clause &clause);
void clear_analysis(Core &core);

// backtrack.cpp
void backtrack(Core &core, std::uint32_t level);
void update_target_and_best(Core &core);

// decide.cpp
// The next decision: an assumption or the best variable.  False if an assumption is false.
bool decide(Core &core);
Var next_variable(Core &core);
Value decide_phase(Core &core, Var var);
// A nonzero seed moves a few variables forward.
void shuffle_order(Core &core);
void seed_order(Core &core);

// Scheduled: is it due, and do it.
bool restarting(Core &core);
void restart(Core &core);
bool switching_mode(Core &core);
void switch_mode(Core &core);
void init_mode(Core &core);
bool rephasing(Core &core);
void rephase(Core &core);
bool reducing(Core &core);
void reduce(Core &core);
void update_tiers(Core &core);

// control.cpp
bool stopping(Core &core);
// The same without the counters: for long loops of inprocessing.
bool interrupted_now(Core &core, std::uint32_t polls = 4);
void open_mail(Core &core);

// report.cpp
void report(Core &core, char event);

}  // namespace nb
