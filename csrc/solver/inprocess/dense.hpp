// SPDX-License-Identifier: MIT
// Dense mode: clauses connected by occurrence, for passes that need to find all clauses with a
// literal.
//
// Idea     The watch lists change their meaning for a while: binary watches stay, and each
//          irredundant long clause is in the lists of all its literals.  Learned long clauses are
//          not connected.  The destructor puts watches back, whatever happened in between.
// Needs    root level, propagated        Leaves   the same, clean of units
#pragma once

#include <optional>

#include "solver/effort.hpp"

namespace nb {

class Dense {
 public:
  // `connect`: fill the lists with occurrences; otherwise the pass does it.
  Dense(Core &core, Effort &effort, bool connect);
  ~Dense();
  Dense(const Dense &) = delete;
  Dense &operator=(const Dense &) = delete;

  // Propagate units over occurrences.  False on conflict.
  bool propagate();

 private:
  Core &core_;
  Effort &effort_;
  std::uint32_t entered_;
  std::optional<During> during_;
};

// Remove every binary clause of a variable from the lists, with its proof line; `weakened`: the
// irredundant ones are in the extension stack.
void remove_binaries_of(Core &core, Var var, bool weakened);

}  // namespace nb
