// SPDX-License-Identifier: MIT
// Translate a DRAT proof of a renamed formula into one of the formula as read, while it streams.
//
// Idea     Renaming negates all literals of some variables.  The same negation turns every lemma
//          back; order within a lemma stays, so the pivot of a RAT lemma stays first; variables
//          above the header's count are the solver's own and pass unchanged.
// Reads    binary DRAT, in pieces that may end anywhere.
// Cost     linear, one pass, no lemma is kept.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace nb {

class ProofTranslator {
 public:
  // `flips[v]` is nonzero if variable v + 1 was negated; empty: nothing was.
  ProofTranslator(std::vector<std::uint8_t> flips, bool text)
      : flips_(std::move(flips)), text_(text) {}

  // The translation of the next piece.  Throws FileError if the bytes are no binary DRAT.
  std::string feed(std::span<const char> piece);

  std::uint64_t added() const { return added_; }
  std::uint64_t deleted() const { return deleted_; }
  // The empty clause has been added.
  bool refutes() const { return refutes_; }
  // The bytes so far end where a lemma ends.
  bool complete() const { return state_ == State::kind; }

 private:
  enum class State { kind, number };

  void end_of_lemma();
  void literal(std::uint64_t code, std::string &out);

  std::vector<std::uint8_t> flips_;
  bool text_;
  State state_ = State::kind;
  bool deleting_ = false;
  bool empty_ = true;
  bool refutes_ = false;
  std::uint64_t number_ = 0;
  unsigned shift_ = 0;
  std::uint64_t position_ = 0;
  std::uint64_t added_ = 0;
  std::uint64_t deleted_ = 0;
};

}  // namespace nb
