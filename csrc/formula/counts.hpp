// SPDX-License-Identifier: MIT
// Counts: what one pass over a formula says about its kind.
//
// Idea     Sizes, the shape of clauses and how variables occur, as logarithms and shares that do
//          not depend on names, on the order of clauses or on the order of literals.
// Cost     One pass over the literals and one over the variables.
// Source   The cheap counts of SATzilla (Xu, Hutter, Hoos, Leyton-Brown, JAIR 32, 2008).
#pragma once

#include <string_view>
#include <vector>

#include "formula/formula.hpp"

namespace nb {

struct Count {
  std::string_view name;
  double value;
};

// Always the same names in the same order; all values are finite.
std::vector<Count> counts_of(const Formula &formula);

}  // namespace nb
