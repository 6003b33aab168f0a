// SPDX-License-Identifier: MIT
// Neighbourhood: the clauses around a variable, and a model of them that moves.
//
// Idea     The true literals of each clause are counted.  So it is cheap to see whether a variable
//          can be flipped, and to look for a model nearby in which it has the other value.
// Needs    a model of the clauses, from a solver
// Cost     cache lines, in `take_ticks`
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <utility>
#include <vector>

namespace nb {

class Neighbourhood {
 public:
  // Zero-terminated clauses over the variables 1..vars, which stay where they are until `clear`,
  // and a model of them: true_in(variable).
  template <class TrueIn>
  void load(std::span<const std::int32_t> flat, std::size_t vars, TrueIn true_in) {
    flat_ = flat;
    if (clauses_.empty()) connect(vars);
    for (std::size_t i = 1; i <= vars; ++i) values_[i] = true_in(static_cast<int>(i));
    count();
  }
  void clear() { clauses_.clear(); }

  bool value(int lit) const {
    return values_[static_cast<std::size_t>(std::abs(lit))] == (lit > 0);
  }

  // True if the variable alone could be flipped, and then it is.
  bool flip(int variable);
  // True if the variable has the other value in a model that a few repairs reach, and then that
  // is the model.  No variable turns twice, and `kept` (0: none) not at all.
  bool overturn(int variable, int kept);

  // Cache lines touched since the last call.
  std::int64_t take_ticks() { return std::exchange(ticks_, 0); }

 private:
  void connect(std::size_t vars);
  void count();
  void turn(std::size_t index);
  void turn_for_now(std::size_t index);
  std::size_t best_repair(std::uint32_t clause);

  std::span<const std::int32_t> flat_;
  std::vector<std::uint8_t> values_;
  // Where each clause starts, and the number of its true literals.
  std::vector<std::uint32_t> clauses_, true_;
  // Clauses with a literal: positive at 2 v, negative at 2 v + 1.
  std::vector<std::vector<std::uint32_t>> occurrences_;
  // Of `overturn`: variables turned so far, the call that last turned each, clauses to repair.
  std::vector<std::size_t> turned_;
  std::vector<std::uint32_t> turned_in_, broken_;
  std::uint32_t call_ = 0;
  std::int64_t ticks_ = 0;
};

}  // namespace nb
