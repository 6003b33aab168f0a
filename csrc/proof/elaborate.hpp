// SPDX-License-Identifier: MIT
// Elaborate: give the lemmas of a solver without hints their hints, as they come.
//
// Idea     Keep the clauses beside the solver.  Assume the negation of a lemma, propagate, and
//          read the antecedents off the conflict.  A literal that becomes true at the root is
//          written as a unit lemma at once, so that its id stands for all that led to it.
//          A variable that a lemma brings is the solver's own: its clauses are listed, so that a
//          lemma which is only RAT on it gets a group of hints for each clause to resolve with.
// Needs    lemmas that follow by unit propagation (RUP), or RAT on a first literal whose variable
//          came with a lemma; another one is a FileError, which ends the proof but says nothing
//          about the answer
// Leaves   ids 1, 2, ... for the original clauses in their order; lemmas are numbered here.  An
//          original clause that repeats a literal is replaced by a lemma without the repetition,
//          because strict checkers take a clause as it stands: its last literal, standing there
//          twice, is no unit for them.  An empty original clause is derived once more, because
//          lrat-check wants a step that ends the proof.
// Cost     about what the solver spends on propagation, and a second copy of its clauses
// Source   Cruz-Filipe et al., "Efficient certified RAT verification", CADE 2017
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "proof/proof.hpp"

namespace nb {

class Elaborator : public ProofListener {
 public:
  // `out` receives every step with ids and hints; it must outlive this object.
  explicit Elaborator(ProofListener &out) : out_(out) {}

  void original(std::uint64_t id, std::span<const std::int32_t> clause) override;
  void add(std::uint64_t id, std::span<const std::int32_t> clause,
           std::span<const std::int64_t> hints) override;
  void erase(std::uint64_t id, std::span<const std::int32_t> clause) override;
  void flush() override;

 private:
  // Literals are codes 2 * variable + sign.  A clause is an index into `clauses_`.
  using Code = std::uint32_t;
  using Index = std::uint32_t;
  static constexpr Index none = 0xffffffffu;
  static constexpr Code no_literal = 0xffffffffu;

  struct Clause {
    std::uint64_t id;
    std::uint64_t start;
    std::uint32_t size;
    bool dead;
    // The next clause of the same hash.
    Index next;
  };
  struct Watch {
    Code blocker;
    Index clause;
  };

  Code *literals(Index clause) { return arena_.data() + clauses_[clause].start; }
  static std::int32_t dimacs(Code code) {
    const auto var = static_cast<std::int32_t>(code >> 1);
    return code & 1 ? -var : var;
  }
  bool root(Code code) const { return unit_ids_[code >> 1] != 0; }

  bool import(std::span<const std::int32_t> clause);
  std::uint64_t hash() const;
  Index store(std::uint64_t id);
  void load();
  void shorten(Index original);
  void watch(Index clause);
  void assign(Code literal, Index reason);
  Index propagate();
  void undo(std::size_t size);
  void record_roots(Index conflict);
  void gather(Index conflict);
  void trace(Index clause, Code but);
  bool resolvents_follow(Code pivot);
  bool resolvent_follows(Index candidate, Code pivot);
  void mark_reasons(Index clause, Code but);
  void refute(Index conflict);
  void collect();

  ProofListener &out_;
  std::vector<Clause> clauses_;
  std::vector<Code> arena_;
  std::uint64_t dead_literals_ = 0;
  std::unordered_map<std::uint64_t, Index> table_;
  std::vector<std::vector<Watch>> watches_;
  std::vector<std::int8_t> values_;
  // By variable: the clause that made it true, and the id of its unit lemma (0: not at the root).
  std::vector<Index> reasons_;
  std::vector<std::uint64_t> unit_ids_;
  std::vector<std::uint8_t> seen_;
  // Variables of the lemma at hand, whose values are assumed and need no hint.
  std::vector<std::uint8_t> assumed_;
  // Variables of original clauses and of lemmas; of the latter those that a lemma brought, and the
  // clauses with a literal of such a variable, dead ones included.
  std::vector<std::uint8_t> known_, late_;
  std::unordered_map<Code, std::vector<Index>> late_clauses_;
  std::vector<Code> trail_;
  std::size_t propagated_ = 0, roots_ = 0;
  // Original clauses that are not watched yet.
  std::vector<Index> waiting_;
  // Those of them that repeat a literal.
  std::vector<Index> repeating_;
  std::vector<Code> clause_;
  std::vector<std::int64_t> hints_, groups_;
  std::vector<std::int32_t> shortened_;
  std::uint64_t next_id_ = 1;
  bool refuted_ = false;
};

}  // namespace nb
