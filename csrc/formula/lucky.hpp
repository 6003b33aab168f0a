// SPDX-License-Identifier: MIT
// Lucky assignments: six simple assignments that sometimes satisfy a formula outright.
//
// Idea     All variables true, all false, and the four that decide variables in ascending or
//          descending order with one sign, propagating units and giving up at the first conflict.
// Ours     Kissat tries these on what it is given before it looks at any phase.  Renaming takes
//          the luck of the original signs away, so an advised run tries them here first.
// Leaves   the formula untouched; the answer is complete, with a value for every variable.
// Cost     two passes over the literals for the constant ones; each directional one is ended after
//          visiting `effort` literals, ten times the formula's by default.
// Source   Kissat's and CaDiCaL's technique of the same name.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "formula/formula.hpp"
#include "formula/literal.hpp"

namespace nb {

struct Lucky {
  std::string_view name;
  // One per variable, 1 or -1.
  std::vector<Value> values;
};

// `should_stop` is asked every some ten thousand steps; throws Interrupted when it says yes.
std::optional<Lucky> find_lucky(const Formula &formula,
                                const std::function<bool()> &should_stop = {});

}  // namespace nb
