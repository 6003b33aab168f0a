// SPDX-License-Identifier: MIT
// A checker of LRAT derivations: every lemma names the clauses that show it, so none is searched.
//
// Idea     Assume the lemma's negation, then take the hints in order: each must be unit (its
//          literal becomes true) or false (done).  If they end without a false clause, the
//          lemma must be RAT on its first literal: a negative hint opens the group of hints for
//          one clause with the negated pivot, and every such clause alive needs its group.
// Strict   As strict as the strictest of lrat-check, lrat-trim and cake_lpr, so that a proof
//          accepted here is accepted there: clauses are taken as they stand, so a hint whose only
//          open literal stands in it twice isn't unit; ids grow; hints and deletions name clauses
//          alive; groups of RAT hints come in the order of their ids, tautologies among the
//          candidates not left out; a lemma that is a tautology cannot be shown.  The empty clause
//          must be derived even if the formula has one.
// Apart    Shares no code with the solver, and none of the propagation of the DRAT checker.
// Source   Cruz-Filipe et al., "Efficient certified RAT verification", CADE 2017
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace nb {

class LratChecker {
 public:
  enum class Step { failed, rup, rat };

  struct Statistics {
    std::uint64_t originals = 0;
    std::uint64_t lemmas = 0;
    std::uint64_t rat_lemmas = 0;
    std::uint64_t deletions = 0;
    std::uint64_t hints = 0;
  };

  LratChecker() = default;
  LratChecker(const LratChecker &) = delete;
  LratChecker &operator=(const LratChecker &) = delete;

  // ContractError if the id is 0 or in use, or a literal is 0.
  void original(std::uint64_t id, std::span<const std::int32_t> clause);
  Step add(std::uint64_t id, std::span<const std::int32_t> lemma,
           std::span<const std::int64_t> hints);
  // False, with `reason`, if no clause has the id.
  bool erase(std::uint64_t id);

  // The empty clause has been shown.
  bool refuted() const { return refuted_; }
  std::uint64_t alive() const { return clauses_.size(); }
  // Why the last step failed.
  const std::string &reason() const { return reason_; }
  const Statistics &statistics() const { return statistics_; }

 private:
  // A clause is `size` codes from `start` on in `arena_`; a code is 2 * dense variable + sign.
  using Code = std::uint32_t;
  struct Clause {
    std::uint64_t start;
    std::uint32_t size;
  };
  enum class Hint { unit, falsified, useless };

  Code import_literal(std::int32_t literal);
  bool import_clause(std::span<const std::int32_t> clause);
  void store(std::uint64_t id);
  void count(const Clause &clause, std::uint64_t by);
  void assign(Code literal);
  void backtrack(std::size_t trail_size);
  const Clause *find(std::int64_t id) const;
  Hint apply(const Clause &clause);
  bool fail(std::string reason);
  bool follows(std::span<const std::int64_t> hints, bool &rat);
  bool is_rat(std::span<const std::int64_t> groups);
  bool assume_rest(const Clause &candidate, Code pivot, bool &conflict);
  void collect();

  std::vector<Code> arena_;
  std::uint64_t garbage_words_ = 0;
  std::unordered_map<std::uint64_t, Clause> clauses_;
  std::unordered_map<std::int32_t, std::uint32_t> variables_;
  // indexed by literal code; how often it stands in clauses alive, once a clause
  std::vector<std::uint64_t> occurrences_;
  std::vector<std::int8_t> values_;
  std::vector<std::int8_t> marks_;
  std::vector<Code> trail_;
  std::vector<Code> clause_;
  std::uint64_t last_id_ = 0;
  bool refuted_ = false;
  std::string reason_;
  Statistics statistics_;
};

}  // namespace nb
