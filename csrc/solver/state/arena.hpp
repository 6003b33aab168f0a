// SPDX-License-Identifier: MIT
// All long clauses in one block of 32-bit words.
#pragma once

#include <span>

#include "base/raw_vector.hpp"
#include "solver/state/clause.hpp"

namespace nb {

class Arena {
 public:
  Clause &operator[](ClauseRef ref) {
    NB_ASSERT(ref < words_.size());
    return *reinterpret_cast<Clause *>(words_.data() + ref);
  }
  const Clause &operator[](ClauseRef ref) const {
    NB_ASSERT(ref < words_.size());
    return *reinterpret_cast<const Clause *>(words_.data() + ref);
  }

  ClauseRef allocate(std::span<const Lit> lits, bool learned, std::uint32_t glue);

  // Iteration: for (ref = first(); ref != end(); ref = next(ref)).
  ClauseRef first() const { return 0; }
  ClauseRef end() const { return words_.size(); }
  ClauseRef next(ClauseRef ref) const {
    const Clause &clause = (*this)[ref];
    ClauseRef after = ref + clause_header_words + clause.size;
    if (clause.shrunken) [[unlikely]] {
      while (words_[after] != shrunken_mark) ++after;
      ++after;
    }
    return after;
  }

  // Keep the first `size` literals.
  void shrink(ClauseRef ref, std::uint32_t size);

  // Move the clause at `from` down to `to` (at most `from`) and return the word after it.
  ClauseRef move_down(ClauseRef from, ClauseRef to);
  void truncate(ClauseRef end);
  // The same for clauses that were there for a moment: no memory is given back.
  void forget(ClauseRef end) { words_.shrink_size(end); }

  const std::uint32_t *words() const { return words_.data(); }
  std::size_t bytes() const { return std::size_t{words_.capacity()} * sizeof(std::uint32_t); }

 private:
  RawVector<std::uint32_t> words_;
};

}  // namespace nb
