// SPDX-License-Identifier: MIT
// Constraints that are no clauses: linear inequalities over literals, and parities of variables.
//
// The counters of a constraint stand for the literals of the trail before `counted`; backtracking
// takes them back.  A literal implied by a constraint has no reason clause until one is asked for
// (`Reason::lazy`); `source` says which constraint it came from.
//
// C1  `counted` is at most the length of the trail.
// C2  `sum`, `open` and `odd` of each row stand for the literals before `counted`.
// C3  Variables of a constraint are frozen, so no technique takes them out of the formula.
#pragma once

#include <cstdint>
#include <vector>

#include "base/index_vector.hpp"
#include "base/raw_vector.hpp"
#include "solver/state/clause.hpp"

namespace nb {

// The weights of the true literals add up to at most `bound`.
struct Linear {
  // In `Constraints::lits`, the heaviest first.
  std::uint32_t begin, size;
  // In `Constraints::weights`, or `unit`: all weights are 1.
  std::uint32_t weights;
  std::int64_t bound, sum;
  // How many clauses say the same, and how many reasons were made of it.
  std::int64_t clauses, explained;
  static constexpr std::uint32_t unit = ~0u;
};

// An odd number of the variables is true, or an even one.
struct ParityConstraint {
  std::uint32_t begin, size;
  // How many are not counted yet, and whether an odd number of those has to be true.
  std::uint32_t open;
  bool odd;
};

struct Term {
  Lit lit;
  std::int64_t weight;
};

struct Occurrence {
  std::uint32_t row, position;
};

// Where a literal with a lazy reason came from.
struct LazySource {
  enum class Kind : std::uint8_t { linear, parity, propagator };
  std::uint32_t row : 30;
  std::uint32_t kind : 2;
};

struct Constraints {
  bool any = false;
  // Some row is to be turned into clauses.
  bool due = false;
  std::uint32_t counted = 0;
  std::vector<Lit> lits;
  std::vector<std::int64_t> weights;
  std::vector<Linear> linears;
  std::vector<ParityConstraint> parities;
  IndexVector<Lit, RawVector<Occurrence>> linears_of;
  IndexVector<Var, RawVector<std::uint32_t>> parities_of;
  IndexVector<Var, LazySource> source;

  // Reasons made for one conflict analysis lie in the arena from here on.
  ClauseRef explained_from = no_clause;
  std::vector<Var> explained;
  std::vector<Lit> scratch;
};

}  // namespace nb
