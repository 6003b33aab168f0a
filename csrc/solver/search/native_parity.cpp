// SPDX-License-Identifier: MIT
// Parities: an odd, or an even, number of variables is true.
//
// Idea     Count the variables that are open.  The last one follows from the others, whose values
//          are its reason.
// Needs    see search/constraints.cpp  Writes  constraints, trail
// Source   Soos, Nohl and Castelluccia, "Extending SAT Solvers to Cryptographic Problems",
//          SAT 2009 (native XOR clauses)
#include <algorithm>

#include "solver/search/constraints.hpp"
#include "solver/search/search.hpp"
#include "solver/state/database.hpp"

namespace nb {

void add_parity(Core &core, std::span<const Var> vars, bool odd) {
  NB_ASSERT(!core.trail.level && !core.proof);
  if (core.inconsistent) return;
  std::vector<Var> open;
  for (const Var var : vars) {
    freeze(core, var, frozen_by_constraint);
    // What is fixed already is part of the right-hand side.
    if (const Value value = core.value(Lit(var, false)))
      odd ^= value > 0;
    else
      open.push_back(var);
  }
  if (open.empty()) {
    if (odd) derive_empty(core);
    return;
  }
  if (open.size() == 1) {
    derive_unit(core, Lit(open[0], !odd));
    return;
  }
  begin_constraint(core);
  Constraints &constraints = core.constraints;
  ParityConstraint row{};
  row.begin = static_cast<std::uint32_t>(constraints.lits.size());
  row.size = row.open = static_cast<std::uint32_t>(open.size());
  row.odd = odd;
  for (const Var var : open) {
    constraints.lits.push_back(Lit(var, false));
    constraints.parities_of[var].push_back(static_cast<std::uint32_t>(constraints.parities.size()));
  }
  constraints.parities.push_back(row);
}

std::uint32_t count_parities(Core &core, Lit lit) {
  Constraints &constraints = core.constraints;
  std::uint32_t violated = no_row;
  for (const std::uint32_t index : constraints.parities_of[lit.var()]) {
    ParityConstraint &row = constraints.parities[index];
    row.odd ^= !lit.negative();
    if (--row.open > 1 || violated != no_row) continue;
    if (!row.open) {
      if (row.odd) violated = index;
      continue;
    }
    const Lit *const begin = constraints.lits.data() + row.begin;
    const Lit *const last =
        std::find_if(begin, begin + row.size, [&](Lit other) { return !core.value(other); });
    core.stats.ticks += 1 + (row.size >> 4);
    // It may have a value that is still to be counted.
    if (last == begin + row.size) continue;
    ++core.stats.constraint_propagations;
    imply_lazily(core, row.odd ? *last : ~*last,
                 {index, static_cast<std::uint32_t>(LazySource::Kind::parity)});
  }
  return violated;
}

void uncount_parities(Core &core, Lit lit) {
  Constraints &constraints = core.constraints;
  for (const std::uint32_t index : constraints.parities_of[lit.var()]) {
    ParityConstraint &row = constraints.parities[index];
    row.odd ^= !lit.negative();
    ++row.open;
  }
}

void explain_parity(Core &core, std::uint32_t index, std::vector<Lit> &clause) {
  const Constraints &constraints = core.constraints;
  const ParityConstraint &row = constraints.parities[index];
  const Lit implied = clause[0];
  for (std::uint32_t i = 0; i < row.size; ++i) {
    const Lit lit = constraints.lits[row.begin + i];
    if (lit.var() != implied.var()) clause.push_back(core.value(lit) < 0 ? lit : ~lit);
  }
}

Conflict violated_parity(Core &core, std::uint32_t index) {
  Constraints &constraints = core.constraints;
  const ParityConstraint &row = constraints.parities[index];
  constraints.scratch.clear();
  for (std::uint32_t i = 0; i < row.size; ++i) {
    const Lit lit = constraints.lits[row.begin + i];
    constraints.scratch.push_back(core.value(lit) < 0 ? lit : ~lit);
  }
  return false_clause(core, constraints.scratch);
}

bool satisfies_parities(const Core &core, std::span<const signed char> model) {
  const Constraints &constraints = core.constraints;
  for (const ParityConstraint &row : constraints.parities) {
    bool odd = false;
    for (std::uint32_t i = 0; i < row.size; ++i)
      odd ^= model[constraints.lits[row.begin + i].var().index()] > 0;
    // The right-hand side as it was when nothing was counted.
    bool wanted = row.odd;
    for (std::uint32_t i = 0; i < row.size; ++i) {
      const Lit lit = constraints.lits[row.begin + i];
      const bool counted =
          core.value(lit) && core.trail.assigned[lit.var()].trail < constraints.counted;
      wanted ^= counted && core.value(lit) > 0;
    }
    if (odd != wanted) return false;
  }
  return true;
}

}  // namespace nb
