// SPDX-License-Identifier: MIT
#include "formula/formula.hpp"

#include <utility>

#include "base/check.hpp"
#include "formula/literal.hpp"

namespace nb {

Formula::Formula(std::uint32_t num_vars, std::vector<std::int32_t> literals,
                 std::vector<std::int64_t> offsets)
    : num_vars_(num_vars), literals_(std::move(literals)), offsets_(std::move(offsets)) {
  NB_REQUIRE(num_vars <= static_cast<std::uint32_t>(max_dimacs_var),
             "%u variables, at most %d are possible", num_vars, max_dimacs_var);
  NB_REQUIRE(!offsets_.empty() && offsets_.front() == 0 &&
                 offsets_.back() == static_cast<std::int64_t>(literals_.size()),
             "offsets must start at 0 and end at the number of literals, %zu", literals_.size());
  const auto limit = static_cast<std::int32_t>(num_vars);
  for (std::size_t clause = 0; clause + 1 < offsets_.size(); ++clause) {
    NB_REQUIRE(offsets_[clause] <= offsets_[clause + 1], "offsets decrease at clause %zu", clause);
    for (std::int64_t i = offsets_[clause]; i < offsets_[clause + 1]; ++i) {
      const std::int32_t literal = literals_[static_cast<std::size_t>(i)];
      NB_REQUIRE(literal != 0 && literal >= -limit && literal <= limit,
                 "clause %zu, position %lld: literal %d, expected 1 to %u or -1 to -%u", clause,
                 static_cast<long long>(i - offsets_[clause]), literal, num_vars, num_vars);
    }
  }
}

}  // namespace nb
