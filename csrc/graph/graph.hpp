// SPDX-License-Identifier: MIT
// The graph that the network reads: variables, clauses, and one meta node a component.
//
// Idea     A node for every variable and every clause, an edge for every literal that carries its
//          polarity, and a meta node for every connected component, joined to the clauses of that
//          component.  Edges are rows of compressed sparse matrices in both directions; a
//          relation (positive, negative) is a column's parity, so no edge stores its type.
// Cost     linear in the literals; about 8 bytes an edge beside 20 words a variable, and 8 more for
//          a while.
// Source   the compact bipartite graph of Wang et al., "NeuroBack", ICLR 2024
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "formula/formula.hpp"
#include "formula/literal.hpp"
#include "graph/components.hpp"
#include "graph/features.hpp"
#include "graph/root_units.hpp"
#include "graph/rows.hpp"

namespace nb {

class Graph {
 public:
  // `should_stop` is asked every some ten thousand clauses; throws Interrupted when it says yes.
  explicit Graph(const Formula &formula, const std::function<bool()> &should_stop = {});

  // Put together again.  Throws ContractError if sizes do not match or an index is out of range;
  // nobody checks that it is the graph of some formula.
  Graph(Rows rows, RootUnits root, Components components, Features features);

  std::size_t num_vars() const { return root_.values.size(); }
  std::size_t num_clauses() const { return rows_.num_clauses(); }
  std::size_t num_edges() const { return rows_.num_edges(); }
  std::size_t num_components() const { return components_.count; }

  std::span<const std::int64_t> clause_offsets() const { return rows_.clause_offsets; }
  std::span<const std::int32_t> clause_lits() const { return rows_.clause_lits; }
  std::span<const std::int64_t> lit_offsets() const { return rows_.lit_offsets; }
  std::span<const std::int32_t> lit_clauses() const { return rows_.lit_clauses; }
  std::span<const std::int32_t> clause_component() const { return components_.of_clause; }
  std::span<const std::int32_t> var_component() const { return components_.of_var; }
  std::span<const float> var_features() const { return features_.of_vars; }
  std::span<const float> clause_features() const { return features_.of_clauses; }
  std::span<const Value> root_values() const { return root_.values; }
  bool root_conflict() const { return root_.conflict; }

 private:
  Graph(const Formula &formula, const std::function<bool()> &should_stop, const Poll &poll);
  void require_sound() const;

  Rows rows_;
  RootUnits root_;
  Components components_;
  Features features_;
};

}  // namespace nb
