// SPDX-License-Identifier: MIT
// Walking through the models of a formula by flipping variables, without a solver.
//
// Idea     A variable of a model is critical if some clause has no other true literal.  Any
//          other can be flipped, which gives another model and shows that neither of its literals
//          is in the backbone; each flip may free the next variable.
// Data     Per clause the number of its true literals and the XOR of their variables: if the
//          number is 1, the XOR is the variable that holds the clause.
// Cost     A sweep over all variables is linear in the literals.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.hpp"
#include "formula/formula.hpp"
#include "formula/literal.hpp"

namespace nb {

class FlipWalk {
 public:
  explicit FlipWalk(const Formula &formula);

  std::uint32_t num_vars() const { return static_cast<std::uint32_t>(values_.size()); }

  // Start from a model: 1 or -1 for every variable.  ContractError if it falsifies a clause.
  void start(std::span<const Value> model);

  bool critical(Var var) const { return held_[var.index()] != 0; }
  std::span<const Value> model() const { return values_; }

  // Visit all variables in random order; flip each that is not critical with probability 1/2.
  // Entries of `candidates` become 0 for variables that can be flipped.  Returns how many did.
  // `candidates` is empty or has one entry a variable.
  std::size_t sweep(Random &random, std::span<Value> candidates);

 private:
  void flip(std::uint32_t var);

  // Rows of clauses by literal code; tautologies and repeated literals left out.
  std::vector<std::int64_t> row_begin_;
  std::vector<std::uint32_t> row_clauses_;
  std::vector<std::uint32_t> true_literals_, true_vars_xor_;
  // Per variable: the clauses that it alone satisfies.
  std::vector<std::uint32_t> held_;
  std::vector<Value> values_;
  std::vector<std::uint32_t> order_;
};

}  // namespace nb
