// SPDX-License-Identifier: MIT
// The clauses that satisfiability-preserving passes took away, in the order of removal.
//
// Each entry is a clause with its witness literal first.  Going backwards and making the witness
// true wherever its clause is false turns a model of what is left into a model of what was
// added (`extend`).  Going forwards, an entry has to be put back as soon as a new clause, an
// assumption or an entry put back contains the negation of its witness (`restore`).
//
// Source   Fazekas, Biere and Scholl, "Incremental Inprocessing in SAT Solving", SAT 2019.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/index_vector.hpp"
#include "formula/literal.hpp"

namespace nb {

class Extension {
 public:
  bool empty() const { return words_.empty(); }

  // The first literal of `clause` need not be the witness; it is moved to the front.
  void push(Lit witness, std::span<const Lit> clause) {
    words_.push_back(witness.code() | start_bit);
    for (const Lit lit : clause)
      if (lit != witness) words_.push_back(lit.code());
  }

  // Entries from the last to the first: visit(witness, rest of the clause).
  template <class Visit>
  void backwards(Visit visit) const {
    std::size_t end = words_.size();
    while (end) {
      std::size_t begin = end - 1;
      while (!(words_[begin] & start_bit)) --begin;
      scratch_.clear();
      for (std::size_t i = begin; i < end; ++i)
        scratch_.push_back(Lit::from_code(words_[i] & ~start_bit));
      visit(scratch_[0], std::span<const Lit>(scratch_));
      end = begin;
    }
  }

  // Entries from the first to the last; those for which `take` is true are removed.
  template <class Take>
  void remove_forwards(Take take) {
    std::size_t out = 0, begin = 0;
    const std::size_t size = words_.size();
    while (begin < size) {
      std::size_t end = begin + 1;
      while (end < size && !(words_[end] & start_bit)) ++end;
      scratch_.clear();
      for (std::size_t i = begin; i < end; ++i)
        scratch_.push_back(Lit::from_code(words_[i] & ~start_bit));
      if (!take(scratch_[0], std::span<const Lit>(scratch_)))
        for (std::size_t i = begin; i < end; ++i) words_[out++] = words_[i];
      begin = end;
    }
    words_.resize(out);
  }

  std::size_t bytes() const { return words_.capacity() * sizeof(std::uint32_t); }

  // Literals that are the witness of some entry (never cleared, only a filter).
  IndexVector<Lit, std::uint8_t> is_witness;
  // Literals whose negated witnesses have to be put back.
  IndexVector<Lit, std::uint8_t> tainted;
  bool any_tainted = false;

 private:
  static constexpr std::uint32_t start_bit = 1u << 31;
  std::vector<std::uint32_t> words_;
  mutable std::vector<Lit> scratch_;
};

}  // namespace nb
