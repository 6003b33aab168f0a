// SPDX-License-Identifier: MIT
#include "formula/counts.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace nb {

namespace {

double share(std::size_t part, std::size_t whole) {
  return whole ? static_cast<double>(part) / static_cast<double>(whole) : 0.0;
}

struct Occurrences {
  std::uint32_t positive = 0, negative = 0;
  // In clauses of two literals.
  std::uint32_t binary = 0;
};

}  // namespace

std::vector<Count> counts_of(const Formula &formula) {
  const std::size_t vars = formula.num_vars(), clauses = formula.num_clauses();
  std::vector<Occurrences> occurrences(vars + 1);
  // Clauses of 1, 2, 3, 4, 5 to 8, 9 to 20 literals, and longer ones.
  std::size_t sizes[7] = {};
  std::size_t horn = 0, same_sign = 0, positive_literals = 0, longest = 0, mixed_binary = 0;
  for (std::size_t i = 0; i < clauses; ++i) {
    const auto clause = formula.clause(i);
    const std::size_t size = clause.size();
    std::size_t positive = 0;
    for (const std::int32_t literal : clause) {
      Occurrences &own = occurrences[static_cast<std::size_t>(std::abs(literal))];
      if (literal > 0)
        ++positive, ++own.positive;
      else
        ++own.negative;
      if (size == 2) ++own.binary;
    }
    positive_literals += positive;
    horn += positive <= 1;
    same_sign += positive == 0 || positive == size;
    mixed_binary += size == 2 && positive == 1;
    longest = std::max(longest, size);
    if (size) ++sizes[size <= 4 ? size - 1 : size <= 8 ? 4 : size <= 20 ? 5 : 6];
  }

  std::size_t used = 0, pure = 0, twice = 0, without_binary = 0;
  double sum = 0, squares = 0, most = 0, imbalance = 0;
  for (std::size_t v = 1; v <= vars; ++v) {
    const Occurrences &own = occurrences[v];
    const double all = static_cast<double>(own.positive) + own.negative;
    if (all == 0) continue;
    ++used;
    pure += own.positive == 0 || own.negative == 0;
    twice += all <= 4;
    without_binary += own.binary == 0;
    sum += all;
    squares += all * all;
    most = std::max(most, all);
    imbalance += std::abs(static_cast<double>(own.positive) - own.negative) / all;
  }
  const double count = static_cast<double>(std::max<std::size_t>(used, 1));
  const double mean = sum / count;
  const double variance = std::max(0.0, squares / count - mean * mean);
  const double literals = static_cast<double>(formula.num_literals());

  const auto log_of = [](double value) { return std::log10(1.0 + value); };
  return {
      {"log_vars", log_of(static_cast<double>(used))},
      {"log_clauses", log_of(static_cast<double>(clauses))},
      {"log_literals", log_of(literals)},
      {"log_ratio", log_of(static_cast<double>(clauses) / count)},
      {"unit_share", share(sizes[0], clauses)},
      {"binary_share", share(sizes[1], clauses)},
      {"ternary_share", share(sizes[2], clauses)},
      {"size_4_share", share(sizes[3], clauses)},
      {"size_8_share", share(sizes[4], clauses)},
      {"size_20_share", share(sizes[5], clauses)},
      {"long_share", share(sizes[6], clauses)},
      {"log_longest", log_of(static_cast<double>(longest))},
      {"horn_share", share(horn, clauses)},
      {"same_sign_share", share(same_sign, clauses)},
      {"mixed_binary_share", share(mixed_binary, clauses)},
      {"positive_share", share(positive_literals, formula.num_literals())},
      {"log_occurrences", log_of(mean)},
      {"log_most_occurrences", log_of(most)},
      {"occurrence_variation", mean > 0 ? std::log10(1.0 + std::sqrt(variance) / mean) : 0.0},
      {"imbalance", imbalance / count},
      {"pure_share", share(pure, used)},
      {"rare_share", share(twice, used)},
      {"no_binary_share", share(without_binary, used)},
  };
}

}  // namespace nb
