// SPDX-License-Identifier: MIT
#include "formula/model.hpp"

#include "base/check.hpp"

namespace nb {

std::optional<std::size_t> find_falsified(const Formula &formula, std::span<const Value> values) {
  NB_REQUIRE(values.size() == formula.num_vars(),
             "%zu values, expected one for each of %u variables", values.size(),
             formula.num_vars());
  for (std::size_t index = 0; index != formula.num_clauses(); ++index) {
    bool satisfied = false;
    for (const std::int32_t literal : formula.clause(index)) {
      const Value value = values[static_cast<std::size_t>(literal < 0 ? -literal : literal) - 1];
      satisfied |= literal < 0 ? value < 0 : value > 0;
    }
    if (!satisfied) return index;
  }
  return std::nullopt;
}

}  // namespace nb
