// SPDX-License-Identifier: MIT
// What the network reads of each variable and clause; features.def is the table of it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "graph/poll.hpp"
#include "graph/root_units.hpp"
#include "graph/rows.hpp"

namespace nb {

struct FeatureRow {
  int since;
  const char *name;
  const char *text;
};

inline constexpr std::array var_feature_table{
#define VAR_FEATURE(since, name, text, value) FeatureRow{since, #name, text},
#include "graph/features.def"
};
inline constexpr std::array clause_feature_table{
#define CLAUSE_FEATURE(since, name, text, value) FeatureRow{since, #name, text},
#include "graph/features.def"
};

// Changes whenever a feature does, so that a checkpoint can tell what it was trained on.
inline constexpr int feature_schema =
    std::max(std::ranges::max(var_feature_table, {}, &FeatureRow::since).since,
             std::ranges::max(clause_feature_table, {}, &FeatureRow::since).since);

// What the clauses of one literal add up to; half a cache line, so one miss a literal.
// weight     sum of their Jeroslow-Wang weights
// company    sum of their shares of positive literals
// count      how many they are;  binary   those of at most two literals
// shortest   length of the shortest, 0 if there is none
struct LiteralFacts {
  double weight = 0;
  double company = 0;
  std::uint32_t count = 0;
  std::uint32_t binary = 0;
  std::uint32_t shortest = 0;
};

struct VarFacts {
  const LiteralFacts &positive, &negative;
  Value root_value;
  const float *beliefs;
};

struct ClauseFacts {
  std::size_t size;
  float positive_share;
  bool root_satisfied;
};

// Row-major, num_vars x var_feature_table.size() and num_clauses x clause_feature_table.size().
struct Features {
  std::vector<float> of_vars, of_clauses;
};

Features measure(const Rows &rows, const RootUnits &root, const Poll &poll);

}  // namespace nb
