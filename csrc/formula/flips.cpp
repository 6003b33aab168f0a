// SPDX-License-Identifier: MIT
#include "formula/flips.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/check.hpp"

namespace nb {

namespace {

// Call `visit(clause, code)` for each literal of each clause that is no tautology, once each.
template <typename Visit>
void visit_literals(const Formula &formula, std::vector<std::uint32_t> &stamp, Visit visit) {
  std::fill(stamp.begin(), stamp.end(), 0);
  for (std::size_t c = 0; c != formula.num_clauses(); ++c) {
    const auto mark = static_cast<std::uint32_t>(c + 1);
    const auto clause = formula.clause(c);
    bool tautology = false;
    for (const std::int32_t literal : clause) {
      const std::uint32_t code = Lit::from_dimacs(literal).code();
      if (stamp[code ^ 1] == mark) tautology = true;
      stamp[code] = mark;
    }
    for (const std::int32_t literal : clause) {
      const std::uint32_t code = Lit::from_dimacs(literal).code();
      if (!tautology && stamp[code] == mark) visit(c, code);
      stamp[code] = 0;
    }
  }
}

}  // namespace

FlipWalk::FlipWalk(const Formula &formula)
    : row_begin_(2 * std::size_t{formula.num_vars()} + 1),
      true_literals_(formula.num_clauses()),
      true_vars_xor_(formula.num_clauses()),
      held_(formula.num_vars()),
      values_(formula.num_vars()),
      order_(formula.num_vars()) {
  NB_REQUIRE(formula.num_clauses() < UINT32_MAX, "%zu clauses are too many", formula.num_clauses());
  std::vector<std::uint32_t> stamp(2 * std::size_t{formula.num_vars()});
  visit_literals(formula, stamp, [&](std::size_t, std::uint32_t code) { ++row_begin_[code + 1]; });
  std::partial_sum(row_begin_.begin(), row_begin_.end(), row_begin_.begin());
  row_clauses_.resize(static_cast<std::size_t>(row_begin_.back()));
  std::vector<std::int64_t> next(row_begin_.begin(), row_begin_.end() - 1);
  visit_literals(formula, stamp, [&](std::size_t c, std::uint32_t code) {
    row_clauses_[static_cast<std::size_t>(next[code]++)] = static_cast<std::uint32_t>(c);
  });
  std::iota(order_.begin(), order_.end(), 0u);
}

void FlipWalk::start(std::span<const Value> model) {
  NB_REQUIRE(model.size() == values_.size(), "a model of %zu variables, expected %zu", model.size(),
             values_.size());
  std::copy(model.begin(), model.end(), values_.begin());
  std::fill(true_literals_.begin(), true_literals_.end(), 0);
  std::fill(true_vars_xor_.begin(), true_vars_xor_.end(), 0);
  std::fill(held_.begin(), held_.end(), 0);
  for (std::uint32_t var = 0; var != num_vars(); ++var) {
    NB_REQUIRE(values_[var] == 1 || values_[var] == -1, "variable %u has no value", var + 1);
    const std::uint32_t code = 2 * var + (values_[var] < 0 ? 1 : 0);
    for (std::int64_t i = row_begin_[code]; i != row_begin_[code + 1]; ++i) {
      const std::uint32_t c = row_clauses_[static_cast<std::size_t>(i)];
      ++true_literals_[c];
      true_vars_xor_[c] ^= var;
    }
  }
  // Clauses without a true literal are falsified, or tautologies, which have no row.
  for (std::size_t code = 0; code != 2 * values_.size(); ++code) {
    for (std::int64_t i = row_begin_[code]; i != row_begin_[code + 1]; ++i) {
      const std::uint32_t c = row_clauses_[static_cast<std::size_t>(i)];
      NB_REQUIRE(true_literals_[c] != 0, "no model: it falsifies clause %u", c + 1);
    }
  }
  for (std::size_t c = 0; c != true_literals_.size(); ++c) {
    if (true_literals_[c] == 1) ++held_[true_vars_xor_[c]];
  }
}

void FlipWalk::flip(std::uint32_t var) {
  NB_ASSERT(held_[var] == 0);
  const std::uint32_t loses = 2 * var + (values_[var] < 0 ? 1 : 0);
  for (std::int64_t i = row_begin_[loses]; i != row_begin_[loses + 1]; ++i) {
    const std::uint32_t c = row_clauses_[static_cast<std::size_t>(i)];
    true_vars_xor_[c] ^= var;
    if (--true_literals_[c] == 1) ++held_[true_vars_xor_[c]];
  }
  const std::uint32_t gains = loses ^ 1;
  for (std::int64_t i = row_begin_[gains]; i != row_begin_[gains + 1]; ++i) {
    const std::uint32_t c = row_clauses_[static_cast<std::size_t>(i)];
    if (true_literals_[c]++ == 1) --held_[true_vars_xor_[c]];
    true_vars_xor_[c] ^= var;
  }
  values_[var] = static_cast<Value>(-values_[var]);
}

std::size_t FlipWalk::sweep(Random &random, std::span<Value> candidates) {
  NB_REQUIRE(candidates.empty() || candidates.size() == values_.size(),
             "%zu candidates, expected %zu", candidates.size(), values_.size());
  std::size_t dropped = 0;
  for (std::uint32_t i = num_vars(); i > 1; --i) {
    std::swap(order_[i - 1], order_[random.below(i)]);
  }
  for (const std::uint32_t var : order_) {
    if (held_[var] != 0) continue;
    if (!candidates.empty() && candidates[var] != 0) {
      candidates[var] = 0;
      ++dropped;
    }
    if (random.flip()) flip(var);
  }
  return dropped;
}

}  // namespace nb
