// SPDX-License-Identifier: MIT
// A propagator: the user's own reasoning beside the clauses, as in IPASIR-UP.
//
// It hears of the variables that it observes, may decide, imply literals and refuse models, and
// gives the reason of a literal when a conflict asks for it.  All is called on the thread of
// `solve`.  What goes wrong in it does not pass through the solver: `failed` says so afterwards,
// and the call of `solve` ends as interrupted.
//
// Source   Fazekas, Niemetz, Preiner, Kirchweger, Szeider and Biere, "IPASIR-UP: User Propagators
//          for CDCL", SAT 2023
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace nb {

class UserPropagator {
 public:
  // A literal that became true, or 0: a new level of decisions.
  struct Event {
    std::int32_t literal;
    // On the root level, for good.
    bool fixed;
  };

  virtual ~UserPropagator() = default;
  virtual void hear(std::span<const Event> events) = 0;
  virtual void backtrack(std::uint32_t level) = 0;
  // The observed literals that are true, by variable.
  virtual bool accepts(std::span<const std::int32_t> model) = 0;
  // A literal, or 0 for the solver's choice.
  virtual std::int32_t decide() = 0;
  // Literals that follow from those heard of.
  virtual void propagate(std::vector<std::int32_t> &literals) = 0;
  // A clause with `literal`, all others false before it was implied.
  virtual void reason(std::int32_t literal, std::vector<std::int32_t> &clause) = 0;
  // A clause to be added, of variables of any kind; false if there is none.
  virtual bool add_clause(std::vector<std::int32_t> &clause) = 0;

  virtual bool failed() const = 0;
  // What it said makes no sense.
  virtual void blame(const char *what) = 0;
};

}  // namespace nb
