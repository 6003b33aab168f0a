// SPDX-License-Identifier: MIT
// The checkers as a listener: every step of a running solver is checked when it comes.
//
// Stricter than with a file: a solver must delete what is alive, under the id it was given (or by
// its literals, with id 0), and by the end of its life everything it ever had (leak check: a
// clause lost on the way shows up).
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "proof/drat_check.hpp"
#include "proof/lrat_check.hpp"
#include "proof/proof.hpp"

namespace nb {

// The solver derived or deleted what it must not: our fault, never the caller's.
class CheckFailure : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

class OnlineCheck : public ProofListener {
 public:
  // `with_hints`: lemmas must come with LRAT hints, which are checked as well.
  explicit OnlineCheck(bool with_hints = false) : with_hints_(with_hints) {}

  // All throw CheckFailure.
  void original(std::uint64_t id, std::span<const std::int32_t> clause) override;
  void add(std::uint64_t id, std::span<const std::int32_t> clause,
           std::span<const std::int64_t> hints) override;
  void erase(std::uint64_t id, std::span<const std::int32_t> clause) override;

  // To be called when the solver answers UNSATISFIABLE without assumptions.
  void expect_refuted() const;
  // To be called when a solver that lost nothing has deleted everything.
  void expect_no_leak() const;

  std::uint64_t alive() const { return drat_.alive(); }
  // Of two literals or more: what a solver with root-level units still stores.
  std::uint64_t alive_beyond_units() const;
  const DratChecker &drat() const { return drat_; }

 private:
  void take_id(std::uint64_t id, std::span<const std::int32_t> clause);

  bool with_hints_;
  DratChecker drat_;
  LratChecker lrat_;
  // the clause of each id alive, sorted, and the ids alive of each clause
  std::unordered_map<std::uint64_t, std::vector<std::int32_t>> clauses_;
  std::map<std::vector<std::int32_t>, std::vector<std::uint64_t>> ids_;
};

}  // namespace nb
