// SPDX-License-Identifier: MIT
// A forward checker of DRAT derivations: is each lemma a RUP or RAT consequence of what is alive?
//
// Idea     Clauses come in one by one, originals, lemmas and deletions, as a solver wrote them.
//          A lemma is checked the moment it comes: assume its negation, propagate (RUP); failing
//          that, resolve on its first literal with every clause alive (RAT).  So the same class
//          checks a file and, online, a solver that is still running.
// Apart    Shares no code with the solver, on purpose: a fault there must not be hidden here.
// Deletion A literal that unit propagation once fixed at the root stays fixed, whichever clauses
//          are deleted later, as in drat-trim: solvers delete the reasons of their root literals
//          and go on to rely on them.  (drat-trim keeps such a reason; here the clause does go,
//          and the verdict is the same: a clause with a true root literal never propagates, and
//          a RAT step whose pivot is false at the root is refused.)
//          Clauses form a multiset of literal sets: a deletion removes one copy, whatever the
//          order of its literals; duplicate literals count once.  The deletion of a clause that
//          isn't alive is counted and changes nothing.
// Pivot    A RAT lemma's pivot is its first literal.  `try_other_pivots` lets a lemma that fails so
//          be RAT on another of its literals, which is as sound; such lemmas are counted, because
//          strict checkers refuse them.
// Names    Variables are renamed densely as they appear, so a proof may invent variables far
//          above the header's without costing memory.
// Source   Wetzler, Heule and Hunt, "DRAT-trim", SAT 2014 (RAT, deletion in practice);
//          Chu, Harwood and Stuckey, "Cache conscious data structures", JSAT 2010 (blockers)
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <unordered_map>
#include <vector>

namespace nb {

class DratChecker {
 public:
  // How a lemma was shown.  `refuted`: the clauses were contradictory already.
  enum class Step { failed, rup, rat, tautology, refuted };

  struct Statistics {
    std::uint64_t originals = 0;
    std::uint64_t lemmas = 0;
    std::uint64_t rat_lemmas = 0;
    // RAT lemmas whose pivot is not their first literal.
    std::uint64_t other_pivots = 0;
    std::uint64_t rat_candidates = 0;
    std::uint64_t deletions = 0;
    // Deletions of clauses that were not there.
    std::uint64_t missing_deletions = 0;
    std::uint64_t propagations = 0;
    std::uint64_t collections = 0;
  };

  DratChecker() = default;
  DratChecker(const DratChecker &) = delete;
  DratChecker &operator=(const DratChecker &) = delete;

  // Variables up to `named_vars` are looked up in an array instead of a hash table, if worth it;
  // memory is set aside for so many literals.
  void reserve(std::uint32_t named_vars, std::uint64_t literals);

  // Asked now and then while propagating; true makes the current call throw Interrupted, after
  // which only the statistics may be read.
  void set_should_stop(std::function<bool()> should_stop) { should_stop_ = std::move(should_stop); }

  void try_other_pivots() { other_pivots_ = true; }

  // For tests: collects after every deletion and puts off all cleaning of lists.
  void make_rare_events_frequent() {
    smallest_collection_words_ = 0;
    short_list_ = 0;
  }

  // Clauses are DIMACS literals without a 0 (ContractError otherwise).
  void original(std::span<const std::int32_t> clause);
  Step add(std::span<const std::int32_t> lemma);
  // False if no such clause is alive.
  bool erase(std::span<const std::int32_t> clause);

  // Unit propagation or an empty clause has contradicted the clauses alive.
  bool refuted() const { return refuted_; }

  // Leak check: how many clauses were put in and not deleted, and one of them.
  std::uint64_t alive() const { return alive_; }
  std::vector<std::int32_t> any_alive() const;

  const Statistics &statistics() const { return statistics_; }

 private:
  // Literals are codes 2 * variable + sign over the dense variables; references are indices into
  // `arena_`.  A clause is its header, then its literals, the two watched ones first.
  using Code = std::uint32_t;
  using Reference = std::uint32_t;
  static constexpr Reference no_reference = 0xffffffffu;
  static constexpr Code no_literal = 0xffffffffu;

  enum Flag : std::uint32_t { garbage = 1, tautology = 2, attached = 4 };
  static constexpr std::uint32_t flag_bits = 3;
  // size and flags; next clause of the same hash bucket
  static constexpr std::uint32_t header_words = 2;

  // `blocker`: some other literal of the clause.
  struct Watch {
    std::uint32_t blocker;
    Reference reference;
  };

  std::uint32_t size_of(Reference clause) const { return arena_[clause] >> flag_bits; }
  bool has(Reference clause, Flag flag) const { return arena_[clause] & flag; }
  const Code *literals_of(Reference clause) const { return arena_.data() + clause + header_words; }
  Code *literals_of(Reference clause) { return arena_.data() + clause + header_words; }

  Code import_literal(std::int32_t literal, bool create);
  bool import_clause(std::span<const std::int32_t> clause, bool create);
  std::uint32_t new_variable(std::int32_t name);

  static std::uint64_t hash_of(const Code *literals, std::size_t size);
  Reference *find();
  void chain(Reference clause);
  void rechain_all(std::size_t bucket_count);
  void store();
  unsigned attach(Reference clause);
  void detach_binary(Reference clause);
  void clean_stale_lists();
  void collect();
  void index_occurrences();

  void assign(Code literal);
  void backtrack(std::size_t trail_size);
  bool propagate();
  bool propagate_binaries(Code falsified);
  bool propagate_long(Code falsified);
  void poll();
  bool refutes_negation(std::span<const Code> literals);
  bool is_rat();
  bool resolvents_follow(Code pivot);

  std::vector<std::uint32_t> arena_;
  std::uint64_t garbage_words_ = 0;
  std::uint64_t smallest_collection_words_ = 1u << 16;
  std::uint64_t alive_ = 0;

  std::vector<Reference> buckets_;

  // variable names: direct_[name] or named_[name] is the dense variable + 1
  std::vector<std::uint32_t> direct_;
  std::unordered_map<std::int32_t, std::uint32_t> named_;
  std::vector<std::int32_t> names_;

  // all indexed by literal code
  std::vector<std::int8_t> values_;
  std::vector<std::int8_t> marks_;
  std::vector<std::vector<Watch>> watches_;
  std::vector<std::vector<Watch>> binaries_;
  std::vector<std::uint8_t> stale_;
  // Clauses with the literal; kept from the first RAT step on.
  std::vector<std::vector<Reference>> occurrences_;
  bool occurrences_kept_ = false;
  std::vector<Code> stale_lists_;
  // A binary clause is cut out of a watch list at once up to this length, else with others later.
  std::size_t short_list_ = 64;

  std::vector<Code> trail_;
  std::size_t propagated_binaries_ = 0;
  std::size_t propagated_ = 0;
  bool refuted_ = false;
  bool other_pivots_ = false;

  // the clause at hand, without duplicates, its literals marked
  std::vector<Code> clause_;
  bool clause_is_tautology_ = false;
  std::vector<Code> rest_;
  std::vector<Code> pivots_;

  std::function<bool()> should_stop_;
  std::uint64_t ticks_ = 0;
  std::uint64_t next_poll_ = 0;

  Statistics statistics_;
};

}  // namespace nb
