// SPDX-License-Identifier: MIT
// Lucky assignments: simple assignments that sometimes satisfy a formula outright.
//
// Idea     All variables true, all false, and the four that decide variables in ascending or
//          descending order with one sign, propagating units and giving up at the first conflict.
// Ours     Kissat tries these on what it is given before it looks at any phase.  Renaming takes
//          the luck of the original signs away, so an advised run tries them here first; and
//          before them the advice itself in place of the one sign, so that luck does not overrule
//          advice that is as lucky.
// Leaves   the formula untouched; the answer is complete, with a value for every variable.
// Cost     a pass over the literals for each constant one; each directional one is ended after
//          visiting ten times the formula's literals.
// Source   Kissat's and CaDiCaL's technique of the same name.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
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

// `advice` holds 1, -1 or 0 (none, then true is tried) for every variable, or is empty.
// `should_stop` is asked every some ten thousand steps; throws Interrupted when it says yes.
std::optional<Lucky> find_lucky(const Formula &formula, std::span<const Value> advice = {},
                                const std::function<bool()> &should_stop = {});

}  // namespace nb
