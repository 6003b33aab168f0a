// SPDX-License-Identifier: MIT
// Gates: clauses that define a variable as a function of others.
//
// Idea     If x is defined by gate clauses G, eliminating x needs only resolvents of a clause of
//          G with one that is not in G: the others are implied.  Recognised are equivalences,
//          AND (of any size, either sign), if-then-else, and XOR of up to five literals.
// Source   Eén and Biere, "Effective Preprocessing in SAT Through Variable and Clause
//          Elimination", SAT 2005
#pragma once

#include <span>
#include <vector>

#include "base/index_vector.hpp"
#include "formula/literal.hpp"

namespace nb {

// The irredundant clauses with one literal, without that literal, in one flat array.
struct Occurrences {
  std::vector<Lit> lits;
  std::vector<std::uint32_t> starts;
  // Belongs to the gate.
  std::vector<std::uint8_t> gate;
  // Where the clause lives: a binary clause, or a reference into the arena.
  std::vector<std::uint32_t> refs;

  void clear() {
    lits.clear();
    starts.assign(1, 0);
    gate.clear();
    refs.clear();
  }
  std::size_t size() const { return refs.size(); }
  std::span<const Lit> operator[](std::size_t i) const {
    return std::span(lits).subspan(starts[i], starts[i + 1] - starts[i]);
  }
  void finish(std::uint32_t ref) {
    starts.push_back(static_cast<std::uint32_t>(lits.size()));
    refs.push_back(ref);
    gate.push_back(0);
  }
};

class GateFinder {
 public:
  // Marks the gate clauses on both sides; false if there is no gate.
  bool find(Occurrences &positive, Occurrences &negative, IndexVector<Lit, std::uint8_t> &marks);

 private:
  bool find_and(Occurrences &longs, Occurrences &binaries, IndexVector<Lit, std::uint8_t> &marks);
  bool find_if_then_else(Occurrences &positive, Occurrences &negative);
  bool find_xor(Occurrences &positive, Occurrences &negative);
  // Index of the clause with exactly these literals, or -1.
  static std::ptrdiff_t lookup(const Occurrences &occurrences, std::span<const Lit> sorted);
};

}  // namespace nb
