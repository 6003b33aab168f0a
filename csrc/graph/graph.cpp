// SPDX-License-Identifier: MIT
#include "graph/graph.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"

namespace nb {

namespace {

const Formula &not_too_large(const Formula &formula) {
  NB_REQUIRE(formula.num_clauses() < (std::size_t{1} << 31), "%zu clauses, expected less than 2^31",
             formula.num_clauses());
  return formula;
}

void require_rows(std::span<const std::int64_t> offsets, std::span<const std::int32_t> entries,
                  std::size_t columns, const char *what) {
  NB_REQUIRE(!offsets.empty() && offsets.front() == 0 &&
                 offsets.back() == static_cast<std::int64_t>(entries.size()) &&
                 std::is_sorted(offsets.begin(), offsets.end()),
             "%s: offsets that do not fit their rows", what);
  for (const auto entry : entries)
    NB_REQUIRE(entry >= 0 && static_cast<std::size_t>(entry) < columns,
               "%s: index %d, expected less than %zu", what, entry, columns);
}

void require_size(std::size_t size, std::size_t expected, const char *what) {
  NB_REQUIRE(size == expected, "%s: %zu elements, expected %zu", what, size, expected);
}

}  // namespace

Graph::Graph(const Formula &formula, const std::function<bool()> &should_stop)
    : Graph(not_too_large(formula), should_stop, Poll(should_stop)) {}

Graph::Graph(const Formula &formula, const std::function<bool()> &should_stop, const Poll &poll)
    : rows_(formula, poll),
      root_(find_root_units(formula, should_stop)),
      components_(find_components(rows_, poll)),
      features_(measure(rows_, root_, poll)) {}

Graph::Graph(Rows rows, RootUnits root, Components components, Features features)
    : rows_(std::move(rows)),
      root_(std::move(root)),
      components_(std::move(components)),
      features_(std::move(features)) {
  require_sound();
}

void Graph::require_sound() const {
  require_size(rows_.lit_offsets.size(), 2 * num_vars() + 1, "lit_offsets");
  require_rows(rows_.clause_offsets, rows_.clause_lits, 2 * num_vars(), "clause_lits");
  require_rows(rows_.lit_offsets, rows_.lit_clauses, num_clauses(), "lit_clauses");
  require_size(rows_.lit_clauses.size(), num_edges(), "lit_clauses");
  require_size(components_.of_clause.size(), num_clauses(), "clause_component");
  require_size(components_.of_var.size(), num_vars(), "var_component");
  require_size(features_.of_vars.size(), num_vars() * var_feature_table.size(), "var_features");
  require_size(features_.of_clauses.size(), num_clauses() * clause_feature_table.size(),
               "clause_features");
  std::int32_t next = 0;
  for (const auto component : components_.of_clause) {
    NB_REQUIRE(component >= 0 && component <= next, "clause_component: %d after %d", component,
               next - 1);
    next = std::max(next, component + 1);
  }
  require_size(components_.count, static_cast<std::size_t>(next), "components");
  for (const auto component : components_.of_var)
    NB_REQUIRE(component >= -1 && component < next, "var_component: %d of %d", component, next);
}

}  // namespace nb
