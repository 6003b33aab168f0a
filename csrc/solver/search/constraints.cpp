// SPDX-License-Identifier: MIT
// Constraints: propagate what is no clause, and give reasons for it when they are asked for.
//
// Idea     Clauses come first.  When they have nothing to say any more, the next literal of the
//          trail is counted in the constraints that it is in.  What they imply has a lazy reason.
//          Conflict analysis turns lazy reasons into clauses as it meets them (`reason_of`); they
//          lie at the end of the arena, unwatched, and go when the conflict is analyzed.
// Needs    clauses propagated          Reads   constraints
// Leaves   C1, C2, C3                  Writes  trail, constraints, arena (for one analysis)
// Cost     a counter for each occurrence of a literal assigned; memory linear in the constraints
// Source   Liffiton and Maglalang, "A Cardinality Solver", SAT 2012 (native constraints);
//          Nieuwenhuis, Oliveras and Tinelli, JACM 2006 (explanations on demand)
#include <algorithm>

#include "solver/search/constraints.hpp"
#include "solver/search/search.hpp"
#include "solver/state/database.hpp"

namespace nb {

void freeze(Core &core, Var var, std::uint8_t why) {
  NB_ASSERT(!core.trail.level);
  VarInfo &info = core.vars[var];
  if (info.frozen & why) return;
  info.frozen |= why;
  for (const bool sign : {false, true}) {
    const Lit lit(var, sign);
    if (!core.extension.is_witness[~lit]) continue;
    core.extension.tainted[lit] = 1;
    core.extension.any_tainted = true;
  }
  if (info.state != VarState::active && info.state != VarState::fixed) activate(core, var);
}

void begin_constraint(Core &core) {
  Constraints &constraints = core.constraints;
  constraints.any = true;
  constraints.linears_of.resize(2 * std::size_t{core.num_vars()});
  constraints.parities_of.resize(core.num_vars());
  constraints.source.resize(core.num_vars());
}

void imply_lazily(Core &core, Lit lit, LazySource source) {
  core.constraints.source[lit.var()] = source;
  // A fact needs no reason.
  assign(core, lit, core.trail.level ? Reason::lazy() : Reason::none());
}

Conflict propagate_constraints(Core &core) {
  Constraints &constraints = core.constraints;
  Trail &trail = core.trail;
  const std::uint32_t size = trail.size();
  while (constraints.counted < size) {
    const Lit lit = trail.lits[constraints.counted++];
    if (lit.var().index() >= constraints.source.size()) continue;
    const std::uint32_t linear = count_linears(core, lit);
    const std::uint32_t parity = count_parities(core, lit);
    if (linear != no_row) return violated_linear(core, linear);
    if (parity != no_row) return violated_parity(core, parity);
    if (trail.size() != size) break;
  }
  return {};
}

void uncount(Core &core, std::uint32_t keep) {
  Constraints &constraints = core.constraints;
  while (constraints.counted > keep) {
    const Lit lit = core.trail.lits[--constraints.counted];
    if (lit.var().index() >= constraints.source.size()) continue;
    uncount_linears(core, lit);
    uncount_parities(core, lit);
  }
}

namespace {

Reason make_reason(Core &core, std::span<const Lit> clause) {
  Constraints &constraints = core.constraints;
  NB_ASSERT(clause.size() > 1);
  if (clause.size() == 2) return Reason::binary(clause[1]);
  const ClauseRef ref = core.arena.allocate(clause, false, 0);
  if (constraints.explained_from == no_clause) constraints.explained_from = ref;
  return Reason::large(ref);
}

}  // namespace

Conflict false_clause(Core &core, std::span<const Lit> clause) {
  NB_ASSERT(std::ranges::all_of(clause, [&](Lit lit) { return core.value(lit) < 0; }));
  return {make_reason(core, clause), clause[0]};
}

Reason explain(Core &core, Var var) {
  Constraints &constraints = core.constraints;
  const Lit lit(var, core.value(Lit(var, false)) < 0);
  std::vector<Lit> &clause = constraints.scratch;
  clause.assign(1, lit);
  const LazySource source = constraints.source[var];
  switch (static_cast<LazySource::Kind>(source.kind)) {
    case LazySource::Kind::linear:
      explain_linear(core, source.row, clause);
      break;
    case LazySource::Kind::parity:
      explain_parity(core, source.row, clause);
      break;
    case LazySource::Kind::propagator:
      if (const Reason kept = explain_external(core, lit, clause); !kept.is_none()) {
        core.trail.assigned[var].reason = kept;
        return kept;
      }
      break;
  }
  ++core.stats.explained;
  NB_ASSERT(std::all_of(clause.begin() + 1, clause.end(), [&](Lit other) {
    return core.value(other) < 0 &&
           core.trail.assigned[other.var()].trail < core.trail.assigned[lit.var()].trail;
  }));
  const Reason reason = make_reason(core, clause);
  core.trail.assigned[var].reason = reason;
  constraints.explained.push_back(var);
  return reason;
}

void forget_explanations(Core &core) {
  Constraints &constraints = core.constraints;
  for (const Var var : constraints.explained) core.trail.assigned[var].reason = Reason::lazy();
  constraints.explained.clear();
  if (constraints.explained_from == no_clause) return;
  core.arena.forget(constraints.explained_from);
  constraints.explained_from = no_clause;
}

bool satisfies_constraints(const Core &core, std::span<const signed char> model) {
  return satisfies_linears(core, model) && satisfies_parities(core, model);
}

}  // namespace nb
