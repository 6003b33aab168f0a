// SPDX-License-Identifier: MIT
// Adding and removing clauses: arena, watches, counters and proof lines together.
#pragma once

#include "solver/core.hpp"

namespace nb {

// The user has at least `vars` variables.
void resize_vars(Core &core, std::uint32_t vars);
// A variable of the solver's own, active; no user ever sees it.
Var add_own_var(Core &core);
// Make an unused, eliminated or substituted variable one that is decided.
void activate(Core &core, Var var);
void deactivate(Core &core, Var var, VarState state);

void add_original(Core &core, std::span<const std::int32_t> clause);

// A clause of two or more literals that the proof knows already.  Watched by its first two
// literals.  Returns no_clause for a binary clause.
ClauseRef add_clause(Core &core, std::span<const Lit> lits, bool learned, std::uint32_t glue);
// The same for a clause that follows from others: any size; units are assigned at the root,
// nothing is propagated.  Adds the proof line.
ClauseRef add_derived(Core &core, std::span<const Lit> lits, bool learned, std::uint32_t glue);
void add_binary(Core &core, Lit a, Lit b, bool learned);
// Remove both watches of a binary clause and tell the proof.
void remove_binary(Core &core, Lit a, Lit b, bool learned);

// The clause leaves the formula; the proof hears of it when `collect` frees it, since until then
// propagation may still use it.
void mark_garbage(Core &core, ClauseRef ref);
// The clause becomes `keep` (three literals or more, at most as many as now; watches stay first
// if clauses are watched), and the proof hears of both.
void replace_literals(Core &core, ClauseRef ref, std::span<const Lit> keep);
// Learned clause becomes part of the formula.
void make_irredundant(Core &core, ClauseRef ref);
// The same for a learned binary clause; nothing if there is an irredundant copy.
void make_binary_irredundant(Core &core, Lit a, Lit b);

// The empty clause has been derived.
void derive_empty(Core &core);
// A root-level unit that follows from the clauses; level 0.  False if it makes a conflict.
bool derive_unit(Core &core, Lit lit);

// Free garbage, drop clauses satisfied at the root, and compact the arena; any level.
// Reasons survive.
void collect(Core &core);
// Level 0, propagated: remove satisfied clauses and false literals everywhere, then collect.
void clean(Core &core);

// Level 0: remove satisfied long clauses and false literals.  True if that made new units, which
// takes clauses that are not watched.
bool strip_clauses(Core &core);

// Watch and unwatch all long clauses.
void unwatch_large(Core &core);
void watch_large(Core &core);

}  // namespace nb
