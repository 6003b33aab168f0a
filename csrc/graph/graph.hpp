// SPDX-License-Identifier: MIT
// The graph that the network reads: variables, clauses, and one meta node a component.
//
// Idea     A node for every variable and every clause, an edge for every literal that carries its
//          polarity, and a meta node for every connected component, joined to the clauses of that
//          component.  Edges are rows of compressed sparse matrices in both directions; a
//          relation (positive, negative) is a column's parity, so no edge stores its type.
// Cost     linear in the literals; about 8 bytes an edge beside 20 words a variable, and 8 more for
// a while. Source   the compact bipartite graph of Wang et al., "NeuroBack", ICLR 2024
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "formula/formula.hpp"
#include "formula/literal.hpp"

namespace nb {

// Changes whenever a feature does, so that a checkpoint can tell what it was trained on.
inline constexpr int feature_schema = 2;

inline constexpr std::array<const char *, 15> var_feature_names{
    "log_positive",       // log(1 + positive occurrences)
    "log_negative",       // log(1 + negative occurrences)
    "sign_balance",       // (positive - negative) / occurrences, 0 where there are none
    "weight_balance",     // the same of Jeroslow-Wang weights 2^-|clause|
    "log_weight",         // log(1 + sum of Jeroslow-Wang weights)
    "binary_positive",    // share of the positive occurrences in clauses of at most two literals
    "binary_negative",    // the same of the negative ones
    "company_positive",   // mean share of positive literals in the clauses it is positive in
    "company_negative",   // the same of those it is negative in
    "shortest_positive",  // 1 / length of the shortest clause it is positive in, 0 if none
    "shortest_negative",  // the same of those it is negative in
    "root_value",         // 1 true, -1 false by unit propagation of the formula, 0 otherwise
    "belief_early",       // log-odds of true after the first of graph/belief.hpp's belief_rounds
    "belief_middle",      // after the second
    "belief_late",        // after the last
};

inline constexpr std::array<const char *, 5> clause_feature_names{
    "log_size",        // log(1 + literals)
    "positive_share",  // share of positive literals, 1/2 for the empty clause
    "binary",          // 1 for two literals at most
    "ternary",         // 1 for three literals
    "root_satisfied",  // 1 where a literal is true by unit propagation of the formula
};

// All that a graph consists of, to take it apart and put it together again; see Graph for what the
// arrays hold.
struct GraphArrays {
  std::vector<std::int64_t> clause_offsets, lit_offsets;
  std::vector<std::int32_t> clause_lits, lit_clauses;
  std::vector<std::int32_t> clause_component, var_component;
  std::vector<float> var_features, clause_features;
  std::vector<Value> root_values;
  bool root_conflict = false;
};

class Graph {
 public:
  // `should_stop` is asked every some ten thousand clauses; throws Interrupted when it says yes.
  explicit Graph(const Formula &formula, const std::function<bool()> &should_stop = {});

  // Throws ContractError if sizes do not match or an index is out of range; which graph of which
  // formula it is, is not checked.
  explicit Graph(GraphArrays arrays);

  std::size_t num_vars() const { return root_values_.size(); }
  std::size_t num_clauses() const { return clause_offsets_.size() - 1; }
  std::size_t num_edges() const { return clause_lits_.size(); }
  std::size_t num_components() const { return num_components_; }

  // Row c: the literal codes of clause c, in its order.
  std::span<const std::int64_t> clause_offsets() const { return clause_offsets_; }
  std::span<const std::int32_t> clause_lits() const { return clause_lits_; }
  // Row l: the clauses that hold the literal of code l, ascending.
  std::span<const std::int64_t> lit_offsets() const { return lit_offsets_; }
  std::span<const std::int32_t> lit_clauses() const { return lit_clauses_; }

  // Components are numbered by their first clause; an isolated variable has -1.
  std::span<const std::int32_t> clause_component() const { return clause_component_; }
  std::span<const std::int32_t> var_component() const { return var_component_; }

  // Row-major, num_vars x var_feature_names.size() and num_clauses x clause_feature_names.size().
  std::span<const float> var_features() const { return var_features_; }
  std::span<const float> clause_features() const { return clause_features_; }

  // What unit propagation of the formula fixes.  After a conflict: what was found until then.
  std::span<const Value> root_values() const { return root_values_; }
  bool root_conflict() const { return root_conflict_; }

 private:
  struct Occurrences;
  class Poll;

  std::vector<Occurrences> count(const Formula &formula, const Poll &poll);
  void transpose(const std::vector<Occurrences> &occurrences, const Poll &poll);
  void propagate_units(const Poll &poll);
  void find_components(const Poll &poll);
  void measure(const std::vector<Occurrences> &occurrences, const Poll &poll);

  std::size_t num_components_ = 0;
  bool root_conflict_ = false;
  std::vector<std::int64_t> clause_offsets_, lit_offsets_;
  std::vector<std::int32_t> clause_lits_, lit_clauses_;
  std::vector<std::int32_t> clause_component_, var_component_;
  std::vector<float> var_features_, clause_features_;
  std::vector<Value> root_values_;
};

}  // namespace nb
