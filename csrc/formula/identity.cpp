// SPDX-License-Identifier: MIT
#include "formula/identity.hpp"

#include <algorithm>
#include <vector>

#include "formula/literal.hpp"

namespace nb {

namespace {

constexpr int rounds = 4;

// A bijection of 64-bit words that spreads every input bit (the finaliser of splitmix64).
constexpr std::uint64_t mix(std::uint64_t word) {
  word += 0x9e3779b97f4a7c15u;
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9u;
  word = (word ^ (word >> 27)) * 0x94d049bb133111ebu;
  return word ^ (word >> 31);
}

std::uint64_t shape_word(const Formula &formula, std::uint64_t seed) {
  const auto num_lits = 2 * static_cast<std::size_t>(formula.num_vars());
  std::vector<std::uint64_t> colour(num_lits, mix(seed)), sum(num_lits);
  std::uint64_t clauses = 0;
  for (int round = 0; round != rounds; ++round) {
    std::fill(sum.begin(), sum.end(), 0);
    clauses = 0;
    for (std::size_t index = 0; index != formula.num_clauses(); ++index) {
      const auto clause = formula.clause(index);
      std::uint64_t of_clause = 0;
      for (const auto literal : clause)
        of_clause += mix(colour[Lit::from_dimacs(literal).code()] ^ seed);
      of_clause = mix(of_clause + clause.size());
      clauses += mix(of_clause);
      for (const auto literal : clause) sum[Lit::from_dimacs(literal).code()] += of_clause;
    }
    for (std::size_t code = 0; code != num_lits; code += 2) {
      const auto positive = mix(colour[code] + 3 * sum[code]);
      const auto negative = mix(colour[code + 1] + 3 * sum[code + 1]);
      colour[code] = mix(positive + mix(negative));
      colour[code + 1] = mix(negative + mix(positive));
    }
  }
  std::uint64_t word = mix(clauses + formula.num_clauses());
  // Variables that occur nowhere are no part of the shape.
  for (std::size_t code = 0; code != num_lits; code += 2)
    if (sum[code] || sum[code + 1]) word += mix(colour[code]) + mix(colour[code + 1]);
  return mix(word);
}

}  // namespace

std::array<std::uint64_t, 2> shape_hash(const Formula &formula) {
  return {shape_word(formula, 0x243f6a8885a308d3u), shape_word(formula, 0x13198a2e03707344u)};
}

}  // namespace nb
