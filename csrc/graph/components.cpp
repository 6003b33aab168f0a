// SPDX-License-Identifier: MIT
#include "graph/components.hpp"

#include <algorithm>
#include <numeric>

namespace nb {

// Union-find over variables with path halving; a clause joins all its variables.
Components find_components(const Rows &rows, const Poll &poll) {
  const auto &offsets = rows.clause_offsets;
  const auto var_at = [&rows](std::int64_t edge) {
    return rows.clause_lits[static_cast<std::size_t>(edge)] >> 1;
  };
  std::vector<std::int32_t> parent(rows.num_vars());
  std::iota(parent.begin(), parent.end(), 0);
  const auto find = [&](std::int32_t var) {
    auto at = static_cast<std::size_t>(var);
    while (parent[at] != static_cast<std::int32_t>(at)) {
      parent[at] = parent[static_cast<std::size_t>(parent[at])];
      at = static_cast<std::size_t>(parent[at]);
    }
    return static_cast<std::int32_t>(at);
  };
  for (std::size_t clause = 0; clause != rows.num_clauses(); ++clause) {
    poll(clause);
    const auto first = offsets[clause], last = offsets[clause + 1];
    if (last - first < 2) continue;
    auto root = find(var_at(first));
    for (auto i = first + 1; i != last; ++i) {
      const auto other = find(var_at(i));
      if (other == root) continue;
      // The smaller index wins, so the result does not depend on the order of unions.
      parent[static_cast<std::size_t>(std::max(root, other))] = std::min(root, other);
      root = std::min(root, other);
    }
  }
  Components found;
  found.of_clause.resize(rows.num_clauses());
  found.of_var.assign(rows.num_vars(), -1);
  std::vector<std::int32_t> number(rows.num_vars(), -1);
  std::int32_t next = 0;
  for (std::size_t clause = 0; clause != rows.num_clauses(); ++clause) {
    poll(clause);
    const auto first = offsets[clause], last = offsets[clause + 1];
    if (first == last) {
      // An empty clause is joined to nothing: a component of its own.
      found.of_clause[clause] = next++;
      continue;
    }
    auto &component = number[static_cast<std::size_t>(find(var_at(first)))];
    if (component < 0) component = next++;
    found.of_clause[clause] = component;
    for (auto i = first; i != last; ++i)
      found.of_var[static_cast<std::size_t>(var_at(i))] = component;
  }
  found.count = static_cast<std::size_t>(next);
  return found;
}

}  // namespace nb
