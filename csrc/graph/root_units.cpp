// SPDX-License-Identifier: MIT
#include "graph/root_units.hpp"

#include <cstddef>
#include <cstdlib>

#include "formula/propagator.hpp"

namespace nb {

namespace {

// Can a clause become a unit at once?  One literal repeated is one, too.
bool has_units(const Formula &formula) {
  for (std::size_t index = 0; index != formula.num_clauses(); ++index) {
    const auto clause = formula.clause(index);
    if (clause.size() < 2) return true;
    if (clause[0] != clause[1]) continue;
    bool same = true;
    for (const auto literal : clause) same &= literal == clause[0];
    if (same) return true;
  }
  return false;
}

}  // namespace

RootUnits find_root_units(const Formula &formula, const std::function<bool()> &should_stop) {
  RootUnits found;
  found.values.assign(formula.num_vars(), 0);
  if (!has_units(formula)) return found;
  Propagator propagator(formula, should_stop);
  found.conflict = !propagator.connect();
  for (const auto literal : propagator.trail())
    found.values[static_cast<std::size_t>(std::abs(literal)) - 1] = literal > 0 ? 1 : -1;
  return found;
}

}  // namespace nb
