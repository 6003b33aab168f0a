// SPDX-License-Identifier: MIT
#include "graph/graph.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.hpp"

namespace nb {

namespace {

// Jeroslow-Wang weight of a clause; beyond 60 literals it is as good as nothing.
double weight_of(std::size_t size) { return std::ldexp(1.0, -static_cast<int>(std::min<std::size_t>(size, 60))); }

}  // namespace

Graph::Graph(const Formula &formula) : root_values_(formula.num_vars(), 0) {
  NB_REQUIRE(formula.num_clauses() < (std::size_t{1} << 31), "%zu clauses, expected less than 2^31",
             formula.num_clauses());
  build_edges(formula);
  propagate_units();
  find_components();
  measure();
}

void Graph::build_edges(const Formula &formula) {
  clause_offsets_.assign(formula.offsets().begin(), formula.offsets().end());
  clause_lits_.resize(formula.num_literals());
  lit_offsets_.assign(2 * num_vars() + 1, 0);
  const auto literals = formula.literals();
  std::int64_t *const count = lit_offsets_.data() + 1;
  for (std::size_t i = 0; i != literals.size(); ++i) {
    const auto code = Lit::from_dimacs(literals[i]).code();
    clause_lits_[i] = static_cast<std::int32_t>(code);
    ++count[code];
  }
  std::partial_sum(lit_offsets_.begin(), lit_offsets_.end(), lit_offsets_.begin());
  // Fill each row from its start; the starts, moved on to the ends, are then moved back.
  lit_clauses_.resize(literals.size());
  for (std::size_t clause = 0; clause != num_clauses(); ++clause)
    for (auto i = clause_offsets_[clause]; i != clause_offsets_[clause + 1]; ++i) {
      const auto code = static_cast<std::size_t>(clause_lits_[static_cast<std::size_t>(i)]);
      lit_clauses_[static_cast<std::size_t>(lit_offsets_[code]++)] = static_cast<std::int32_t>(clause);
    }
  for (std::size_t code = 2 * num_vars(); code > 0; --code) lit_offsets_[code] = lit_offsets_[code - 1];
  if (!lit_offsets_.empty()) lit_offsets_[0] = 0;
}

// Counts the literals of each clause that are not false yet.  Most formulas have no unit and pay
// only the first loop.
void Graph::propagate_units() {
  std::vector<std::int32_t> trail;
  const auto assign = [&](std::int32_t code) {
    Value &value = root_values_[static_cast<std::size_t>(code) >> 1];
    const Value wanted = code & 1 ? -1 : 1;
    if (value == -wanted) root_conflict_ = true;
    if (value) return;
    value = wanted;
    trail.push_back(code);
  };
  for (std::size_t clause = 0; clause != num_clauses(); ++clause) {
    const auto first = clause_offsets_[clause];
    const auto size = clause_offsets_[clause + 1] - first;
    if (size == 1) assign(clause_lits_[static_cast<std::size_t>(first)]);
    if (size == 0) root_conflict_ = true;
  }
  if (trail.empty()) return;
  std::vector<std::int32_t> open(num_clauses());
  for (std::size_t clause = 0; clause != num_clauses(); ++clause)
    open[clause] = static_cast<std::int32_t>(clause_offsets_[clause + 1] - clause_offsets_[clause]);
  for (std::size_t next = 0; next != trail.size() && !root_conflict_; ++next) {
    const auto falsified = static_cast<std::size_t>(trail[next] ^ 1);
    for (auto i = lit_offsets_[falsified]; i != lit_offsets_[falsified + 1]; ++i) {
      const auto clause = static_cast<std::size_t>(lit_clauses_[static_cast<std::size_t>(i)]);
      const auto left = --open[clause];
      if (left > 1) continue;
      bool satisfied = false;
      std::int32_t unit = -1;
      for (auto k = clause_offsets_[clause]; k != clause_offsets_[clause + 1]; ++k) {
        const auto code = clause_lits_[static_cast<std::size_t>(k)];
        const Value value = root_values_[static_cast<std::size_t>(code) >> 1];
        if (value == 0)
          unit = code;
        else if (value == (code & 1 ? -1 : 1))
          satisfied = true;
      }
      if (satisfied) continue;
      if (unit >= 0)
        assign(unit);
      else
        root_conflict_ = true;
    }
  }
}

// Union-find over variables with path halving; a clause joins all its variables.
void Graph::find_components() {
  std::vector<std::int32_t> parent(num_vars());
  std::iota(parent.begin(), parent.end(), 0);
  const auto find = [&](std::int32_t var) {
    auto at = static_cast<std::size_t>(var);
    while (parent[at] != static_cast<std::int32_t>(at)) {
      parent[at] = parent[static_cast<std::size_t>(parent[at])];
      at = static_cast<std::size_t>(parent[at]);
    }
    return static_cast<std::int32_t>(at);
  };
  for (std::size_t clause = 0; clause != num_clauses(); ++clause) {
    const auto first = clause_offsets_[clause], last = clause_offsets_[clause + 1];
    if (last - first < 2) continue;
    auto root = find(clause_lits_[static_cast<std::size_t>(first)] >> 1);
    for (auto i = first + 1; i != last; ++i) {
      const auto other = find(clause_lits_[static_cast<std::size_t>(i)] >> 1);
      if (other == root) continue;
      // The smaller index wins, so the result does not depend on the order of unions.
      parent[static_cast<std::size_t>(std::max(root, other))] = std::min(root, other);
      root = std::min(root, other);
    }
  }
  clause_component_.resize(num_clauses());
  var_component_.assign(num_vars(), -1);
  std::vector<std::int32_t> number(num_vars(), -1);
  std::int32_t next = 0;
  for (std::size_t clause = 0; clause != num_clauses(); ++clause) {
    const auto first = clause_offsets_[clause], last = clause_offsets_[clause + 1];
    if (first == last) {
      // An empty clause is joined to nothing: a component of its own.
      clause_component_[clause] = next++;
      continue;
    }
    auto &component = number[static_cast<std::size_t>(find(clause_lits_[static_cast<std::size_t>(first)] >> 1))];
    if (component < 0) component = next++;
    clause_component_[clause] = component;
    for (auto i = first; i != last; ++i)
      var_component_[static_cast<std::size_t>(clause_lits_[static_cast<std::size_t>(i)]) >> 1] = component;
  }
  num_components_ = static_cast<std::size_t>(next);
}

void Graph::measure() {
  constexpr auto width = clause_feature_names.size();
  clause_features_.resize(num_clauses() * width);
  for (std::size_t clause = 0; clause != num_clauses(); ++clause) {
    const auto first = clause_offsets_[clause], last = clause_offsets_[clause + 1];
    const auto size = static_cast<std::size_t>(last - first);
    std::size_t positive = 0;
    bool satisfied = false;
    for (auto i = first; i != last; ++i) {
      const auto code = clause_lits_[static_cast<std::size_t>(i)];
      positive += !(code & 1);
      satisfied |= root_values_[static_cast<std::size_t>(code) >> 1] == (code & 1 ? -1 : 1);
    }
    float *row = clause_features_.data() + clause * width;
    row[0] = std::log1p(static_cast<float>(size));
    row[1] = size ? static_cast<float>(positive) / static_cast<float>(size) : 0.5f;
    row[2] = size <= 2;
    row[3] = size == 3;
    row[4] = satisfied;
  }

  constexpr auto var_width = var_feature_names.size();
  var_features_.resize(num_vars() * var_width);
  for (std::size_t var = 0; var != num_vars(); ++var) {
    double occurrences[2], weight[2]{}, company[2]{};
    std::size_t binary[2]{}, shortest[2]{};
    for (std::size_t sign = 0; sign != 2; ++sign) {
      const auto first = lit_offsets_[2 * var + sign], last = lit_offsets_[2 * var + sign + 1];
      occurrences[sign] = static_cast<double>(last - first);
      for (auto i = first; i != last; ++i) {
        const auto clause = static_cast<std::size_t>(lit_clauses_[static_cast<std::size_t>(i)]);
        const auto size = static_cast<std::size_t>(clause_offsets_[clause + 1] - clause_offsets_[clause]);
        weight[sign] += weight_of(size);
        company[sign] += static_cast<double>(clause_features_[clause * width + 1]);
        binary[sign] += size <= 2;
        if (!shortest[sign] || size < shortest[sign]) shortest[sign] = size;
      }
    }
    const auto balance = [](const double (&of)[2]) {
      return of[0] + of[1] > 0 ? static_cast<float>((of[0] - of[1]) / (of[0] + of[1])) : 0.0f;
    };
    const auto share = [&](double part, std::size_t sign) {
      return occurrences[sign] > 0 ? static_cast<float>(part / occurrences[sign]) : 0.0f;
    };
    float *row = var_features_.data() + var * var_width;
    row[0] = static_cast<float>(std::log1p(occurrences[0]));
    row[1] = static_cast<float>(std::log1p(occurrences[1]));
    row[2] = balance(occurrences);
    row[3] = balance(weight);
    row[4] = static_cast<float>(std::log1p(weight[0] + weight[1]));
    row[5] = share(static_cast<double>(binary[0]), 0);
    row[6] = share(static_cast<double>(binary[1]), 1);
    row[7] = share(company[0], 0);
    row[8] = share(company[1], 1);
    row[9] = shortest[0] ? 1.0f / static_cast<float>(shortest[0]) : 0.0f;
    row[10] = shortest[1] ? 1.0f / static_cast<float>(shortest[1]) : 0.0f;
    row[11] = root_values_[var];
  }
}

}  // namespace nb
