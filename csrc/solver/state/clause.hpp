// SPDX-License-Identifier: MIT
// A clause of three or more literals as it lies in the arena.
//
// Three words of header, then the literals.  Binary clauses exist only in watches.
#pragma once

#include <cstdint>
#include <type_traits>

#include "formula/literal.hpp"

namespace nb {

// A word offset into the arena.
using ClauseRef = std::uint32_t;
inline constexpr ClauseRef no_clause = 0x7fffffff;

struct Clause {
  // Number of decision levels among the literals when learned, or the least seen since.
  std::uint32_t glue : 18;
  std::uint32_t learned : 1;
  std::uint32_t garbage : 1;
  // Reason of a literal on the trail; set only while clauses are being deleted.
  std::uint32_t reason : 1;
  // The words after the literals, up to `shrunken_mark`, belong to the clause's old extent.
  std::uint32_t shrunken : 1;
  // Still to be tried in a later round of the pass of that name.
  std::uint32_t vivify : 1;
  std::uint32_t subsume : 1;
  // Reductions to survive, set when the clause takes part in a conflict.
  std::uint32_t used : 3;
  // Garbage, but in the extension stack: the proof may have to keep it.
  std::uint32_t weakened : 1;
  std::uint32_t size;
  // Where the search for a new watch stopped last time.
  std::uint32_t searched;

  Lit *lits() { return reinterpret_cast<Lit *>(this + 1); }
  const Lit *lits() const { return reinterpret_cast<const Lit *>(this + 1); }
  Lit *begin() { return lits(); }
  Lit *end() { return lits() + size; }
  const Lit *begin() const { return lits(); }
  const Lit *end() const { return lits() + size; }
};

inline constexpr std::uint32_t clause_header_words = 3;
inline constexpr std::uint32_t shrunken_mark = ~0u;
inline constexpr std::uint32_t max_glue = (1u << 18) - 1;
static_assert(sizeof(Clause) == clause_header_words * sizeof(std::uint32_t));
static_assert(std::is_trivially_copyable_v<Clause>);

}  // namespace nb
