// SPDX-License-Identifier: MIT
// The verbs of the search.
#pragma once

#include <span>
#include <vector>

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

// linear.cpp, native_parity.cpp: level 0, no proof.
void add_linear(Core &core, std::vector<Term> terms, std::int64_t bound);
void add_parity(Core &core, std::span<const Var> vars, bool odd);

// constraints.cpp
// Clauses propagated; ends when there is something for them to do again.
Conflict propagate_constraints(Core &core);
// Literals from this position of the trail on no longer count.
void uncount(Core &core, std::uint32_t keep);
// Make the lazy reason of a variable's value.  The arena may move.
Reason explain(Core &core, Var var);
// The reason of the value of a literal, true or false; never lazy.  Valid until
// `forget_explanations`.
inline Reason reason_of(Core &core, Lit lit) {
  const Reason reason = core.trail.assigned[lit.var()].reason;
  return reason.is_lazy() ? explain(core, lit.var()) : reason;
}
void forget_explanations(Core &core);
bool satisfies_constraints(const Core &core, std::span<const signed char> model);

// external.cpp: the user's propagator.  Those that ask it throw Abandon.
void observe(Core &core, Var var);
void ignore(Core &core, Var var);
// From within its methods: observe at once if nothing stands against it, else from the root.
void request_observed(Core &core, std::int32_t user_var);
void tell_backtrack(Core &core);
// Clauses and constraints propagated.  True if there is something to do before the next decision:
// a conflict, or something to propagate.
bool consult(Core &core, Conflict &conflict);
// All variables assigned.  True if it refuses the model; then there is a conflict or something to
// propagate.
bool refuses(Core &core, Conflict &conflict);
// Its decision, if `given`.
Lit advised_decision(Core &core, bool &given);
// What it implies, without asking for reasons.  False on a conflict.
bool imply_external(Core &core);
// Append the false literals that imply clause[0]; a reason if they became a clause to stay.
Reason explain_external(Core &core, Lit lit, std::vector<Lit> &clause);
// Leave a conflict analysis, wherever it is, for the root level.
void abandon_analysis(Core &core);

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
