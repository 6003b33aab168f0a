// SPDX-License-Identifier: MIT
// Watches: who has to be asked when a literal becomes false.
//
// Each long clause is watched by its first two literals; watches[lit] lists the clauses watched
// by `lit`.  A watch carries a second literal of the clause, its blocking literal: if that is
// true the clause need not be touched.  A binary clause is nothing but its two watches, each with
// the other literal as blocking literal.
//
// W1  A live long clause is watched by its first two literals, and only there.
// W2  A false watched literal is still to be propagated, or the clause is satisfied by its
//     blocking or other watched literal at the same or a lower level, or by one whose level was
//     opened before the false literal was assigned, so that both go or the latter is propagated
//     again.
//
// Source   Chu, Harwood and Stuckey, "Cache Conscious Data Structures for Boolean Satisfiability
//          Solvers", JSAT 2009; Sörensson and Eén, MiniSat 2.1.
#pragma once

#include "base/index_vector.hpp"
#include "base/raw_vector.hpp"
#include "solver/state/clause.hpp"

namespace nb {

class Watch {
 public:
  static Watch binary(Lit other, bool learned) {
    return Watch(other, binary_bit | (learned ? 1u : 0u));
  }
  static Watch large(Lit blocking, ClauseRef ref) { return Watch(blocking, ref); }
  Watch() = default;

  bool is_binary() const { return data_ & binary_bit; }
  bool learned_binary() const {
    NB_ASSERT(is_binary());
    return data_ & 1;
  }
  ClauseRef ref() const {
    NB_ASSERT(!is_binary());
    return data_;
  }
  Lit blocking() const { return blocking_; }
  void set_blocking(Lit lit) { blocking_ = lit; }
  void set_irredundant() { data_ &= ~1u; }
  friend bool operator==(const Watch &, const Watch &) = default;

 private:
  static constexpr std::uint32_t binary_bit = 1u << 31;
  Watch(Lit blocking, std::uint32_t data) : blocking_(blocking), data_(data) {}

  Lit blocking_;
  std::uint32_t data_ = 0;
};

using WatchList = RawVector<Watch>;
static_assert(sizeof(Watch) == 8 && sizeof(WatchList) == 16);

class Watches {
 public:
  WatchList &operator[](Lit lit) {
    NB_ASSERT(lit.code() < lists_.size());
    return lists_[lit.code()];
  }
  const WatchList &operator[](Lit lit) const {
    NB_ASSERT(lit.code() < lists_.size());
    return lists_[lit.code()];
  }
  void resize(std::size_t literals) { lists_.resize(literals); }
  std::size_t bytes() const {
    std::size_t result = lists_.capacity() * sizeof(WatchList);
    for (const WatchList &list : lists_) result += list.capacity() * sizeof(Watch);
    return result;
  }

 private:
  std::vector<WatchList> lists_;
};

}  // namespace nb
