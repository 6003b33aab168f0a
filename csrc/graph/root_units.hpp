// SPDX-License-Identifier: MIT
// What unit propagation of the formula as read fixes, before any search.
//
// Cost     nothing but a look at the clauses' sizes if no clause has fewer than two literals, as in
//          most formulas; else that of formula/propagator.hpp.
#pragma once

#include <functional>
#include <vector>

#include "formula/formula.hpp"
#include "formula/literal.hpp"

namespace nb {

// values     of each variable: 1 true, -1 false, 0 open
// conflict   the formula is refuted; the values are those found until then
struct RootUnits {
  std::vector<Value> values;
  bool conflict = false;
};

// Throws Interrupted when `should_stop`, asked now and then, says yes.
RootUnits find_root_units(const Formula &formula, const std::function<bool()> &should_stop);

}  // namespace nb
