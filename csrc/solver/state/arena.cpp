// SPDX-License-Identifier: MIT
#include "solver/state/arena.hpp"

#include <algorithm>
#include <new>

namespace nb {

ClauseRef Arena::allocate(std::span<const Lit> lits, bool learned, std::uint32_t glue) {
  const ClauseRef ref = words_.size();
  const auto size = static_cast<std::uint32_t>(lits.size());
  // References share their word with the binary flag of watches, and of reasons with `lazy`.
  if (std::uint64_t{ref} + clause_header_words + size >= no_clause - 1) throw std::bad_alloc();
  words_.extend(clause_header_words + size);
  Clause &clause = (*this)[ref];
  clause = Clause{};
  clause.glue = std::min(glue, max_glue);
  clause.learned = learned;
  clause.subsume = true;
  clause.size = size;
  clause.searched = 2;
  std::copy(lits.begin(), lits.end(), clause.lits());
  return ref;
}

void Arena::shrink(ClauseRef ref, std::uint32_t size) {
  Clause &clause = (*this)[ref];
  NB_ASSERT(size < clause.size && size >= 2);
  const ClauseRef begin = ref + clause_header_words;
  if (!clause.shrunken) {
    words_[begin + clause.size - 1] = shrunken_mark;
    clause.shrunken = true;
  }
  // Words between must not look like the mark; literals never do.
  clause.size = size;
  clause.searched = 2;
}

ClauseRef Arena::move_down(ClauseRef from, ClauseRef to) {
  Clause &clause = (*this)[from];
  const std::uint32_t count = clause_header_words + clause.size;
  clause.shrunken = false;
  if (from != to) std::copy_n(words_.data() + from, count, words_.data() + to);
  return to + count;
}

void Arena::truncate(ClauseRef end) {
  words_.shrink_size(end);
  if (words_.capacity() - end > words_.capacity() / 2) words_.shrink_to_fit();
}

}  // namespace nb
