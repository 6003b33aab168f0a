// SPDX-License-Identifier: MIT
// Does this model satisfy this formula?
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "formula/formula.hpp"
#include "formula/literal.hpp"

namespace nb {

// `values`: one per variable, 1 true, -1 false, 0 unassigned (satisfies neither literal).
// Returns the index of the first clause without a true literal.  Cost: one pass.
std::optional<std::size_t> find_falsified(const Formula &formula, std::span<const Value> values);

}  // namespace nb
