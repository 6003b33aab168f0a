// SPDX-License-Identifier: MIT
// What the calls of `Solver` begin and end with; for solver*.cpp alone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "base/check.hpp"
#include "formula/literal.hpp"
#include "solver/core.hpp"

namespace nb {

// The variable of a literal that a caller names.
inline std::uint32_t checked_var(std::int32_t literal) {
  NB_REQUIRE(literal != 0, "literal 0: literals are nonzero integers");
  // The magnitude of the most negative integer is computed without overflow.
  const std::uint32_t magnitude =
      literal < 0 ? 0u - static_cast<std::uint32_t>(literal) : static_cast<std::uint32_t>(literal);
  NB_REQUIRE(magnitude <= static_cast<std::uint32_t>(max_dimacs_var),
             "literal %d: the largest variable is %d", literal, max_dimacs_var);
  return magnitude;
}

// Checks all of them before the solver changes.
inline std::uint32_t checked_vars(std::span<const std::int32_t> literals) {
  std::uint32_t largest = 0;
  for (const std::int32_t literal : literals) largest = std::max(largest, checked_var(literal));
  return largest;
}

// Forget the last result: every call that changes the formula begins with it.
void leave_result(Core &core);

// Assumed variables must be in the formula that is left, and stay there.
void import_assumptions(Core &core, std::span<const std::int32_t> assumptions);
void release_assumptions(Core &core);

// Set up what the first search needs: schedule, mode and order.
void set_up_search(Core &core);

}  // namespace nb
