// SPDX-License-Identifier: MIT
// The edges of a graph: rows of compressed sparse matrices in both directions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "formula/formula.hpp"
#include "graph/poll.hpp"

namespace nb {

// clause_offsets, clause_lits   row c: the literal codes of clause c, in its order
// lit_offsets, lit_clauses      row l: the clauses that hold the literal of code l, ascending
struct Rows {
  Rows() = default;
  Rows(const Formula &formula, const Poll &poll);

  std::size_t num_vars() const { return lit_offsets.size() / 2; }
  std::size_t num_clauses() const { return clause_offsets.size() - 1; }
  std::size_t num_edges() const { return clause_lits.size(); }

  std::vector<std::int64_t> clause_offsets{0}, lit_offsets{0};
  std::vector<std::int32_t> clause_lits, lit_clauses;

 private:
  void copy_clauses(const Formula &formula, const Poll &poll);
  void transpose(const Poll &poll);
};

}  // namespace nb
