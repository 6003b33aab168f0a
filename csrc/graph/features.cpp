// SPDX-License-Identifier: MIT
#include "graph/features.hpp"

#include <cmath>

#include "graph/belief.hpp"

namespace nb {

namespace {

// Literals of a large formula hit memory at random; ask for what comes this many later.
constexpr std::size_t ahead = 24;

// Jeroslow-Wang weight of a clause; beyond 60 literals it is as good as nothing.
double weight_of(std::size_t size) {
  return std::ldexp(1.0, -static_cast<int>(std::min<std::size_t>(size, 60)));
}

float balance(double plus, double minus) {
  return plus + minus > 0 ? static_cast<float>((plus - minus) / (plus + minus)) : 0.0f;
}

float share(double part, std::uint32_t of) {
  return of ? static_cast<float>(part / of) : 0.0f;
}

float inverse(std::uint32_t size) {
  return size ? 1.0f / static_cast<float>(size) : 0.0f;
}

void write_row(const VarFacts &facts, float *row) {
  const auto &[positive, negative, root_value, beliefs] = facts;
#define VAR_FEATURE(since, name, text, value) *row++ = static_cast<float>(value);
#include "graph/features.def"
}

void write_row(const ClauseFacts &facts, float *row) {
  const auto &[size, positive_share, root_satisfied] = facts;
#define CLAUSE_FEATURE(since, name, text, value) *row++ = static_cast<float>(value);
#include "graph/features.def"
}

ClauseFacts facts_of(const Rows &rows, std::size_t clause, bool root_satisfied) {
  const auto first = static_cast<std::size_t>(rows.clause_offsets[clause]);
  const auto size = static_cast<std::size_t>(rows.clause_offsets[clause + 1]) - first;
  std::size_t positive = 0;
  for (auto i = first; i != first + size; ++i) positive += !(rows.clause_lits[i] & 1);
  const float part = size ? static_cast<float>(positive) / static_cast<float>(size) : 0.5f;
  return {size, part, root_satisfied};
}

// One pass over the clauses: their features, and the sums for their literals.
std::vector<LiteralFacts> count(const Rows &rows, std::vector<float> &of_clauses,
                                const Poll &poll) {
  std::vector<LiteralFacts> literals(2 * rows.num_vars());
  for (std::size_t clause = 0; clause != rows.num_clauses(); ++clause) {
    poll(clause);
    const ClauseFacts facts = facts_of(rows, clause, false);
    write_row(facts, of_clauses.data() + clause * clause_feature_table.size());
    const auto weight = weight_of(facts.size);
    const auto last = static_cast<std::size_t>(rows.clause_offsets[clause + 1]);
    for (auto i = last - facts.size; i != last; ++i) {
      if (i + ahead < rows.num_edges())
        __builtin_prefetch(&literals[static_cast<std::size_t>(rows.clause_lits[i + ahead])], 1);
      auto &sums = literals[static_cast<std::size_t>(rows.clause_lits[i])];
      sums.weight += weight;
      sums.company += static_cast<double>(facts.positive_share);
      ++sums.count;
      sums.binary += facts.size <= 2;
      if (!sums.shortest || facts.size < sums.shortest)
        sums.shortest = static_cast<std::uint32_t>(facts.size);
    }
  }
  return literals;
}

// Writes the rows of satisfied clauses again: of few formulas there are any.
void mark_satisfied(const Rows &rows, const RootUnits &root, std::vector<float> &of_clauses) {
  for (std::size_t code = 0; code != 2 * rows.num_vars(); ++code) {
    if (root.values[code >> 1] != (code & 1 ? -1 : 1)) continue;
    for (auto i = rows.lit_offsets[code]; i != rows.lit_offsets[code + 1]; ++i) {
      const auto clause = static_cast<std::size_t>(rows.lit_clauses[static_cast<std::size_t>(i)]);
      write_row(facts_of(rows, clause, true),
                of_clauses.data() + clause * clause_feature_table.size());
    }
  }
}

}  // namespace

Features measure(const Rows &rows, const RootUnits &root, const Poll &poll) {
  Features features;
  features.of_clauses.resize(rows.num_clauses() * clause_feature_table.size());
  const auto literals = count(rows, features.of_clauses, poll);
  mark_satisfied(rows, root, features.of_clauses);
  const auto beliefs = believe(rows.clause_offsets, rows.clause_lits, root.values, poll);
  features.of_vars.resize(rows.num_vars() * var_feature_table.size());
  for (std::size_t var = 0; var != rows.num_vars(); ++var)
    write_row({literals[2 * var], literals[2 * var + 1], root.values[var],
               beliefs.data() + var * belief_rounds.size()},
              features.of_vars.data() + var * var_feature_table.size());
  return features;
}

}  // namespace nb
