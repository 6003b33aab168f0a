// SPDX-License-Identifier: MIT
// Unit propagation over a formula as read, without a solver: for what comes before the search.
//
// Idea     Two watched literals a clause.  Watch 2 * c + k is of the literal at place k of clause
//          c; the watches of a literal form a list through `next_`, so that a formula of millions
//          of clauses costs no allocation per literal.
//          Repeated literals of a clause are left out, so that no unit hides behind one.
// Cost     a copy of the literals and 8 bytes a clause.  Callers bound the work by the counters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "formula/formula.hpp"
#include "formula/literal.hpp"

namespace nb {

class Propagator {
 public:
  // Both are borrowed.  `should_stop` is asked every some ten thousand steps, here and wherever
  // something is propagated; Interrupted is thrown when it says yes.
  Propagator(const Formula &formula, const std::function<bool()> &should_stop);

  // Watch every clause and propagate the units; false: conflict at once.
  bool connect();

  Value value(std::int32_t literal) const { return values_[code(literal)]; }

  // Make an unassigned literal true and propagate; false: conflict, to be undone by the caller.
  bool decide(std::int32_t literal) { return assign(literal) && propagate(); }

  // What is true, in the order of its assignment; the prefix that units alone fix.
  std::span<const std::int32_t> trail() const { return trail_; }
  std::size_t root() const { return root_; }

  // Unassign all but the first `size` literals of the trail, which were propagated before.
  void undo(std::size_t size);

  // Literals looked at in search of a watch, and watches looked at, since the beginning.
  std::uint64_t scanned() const { return scanned_; }
  std::uint64_t visited() const { return visited_; }

 private:
  static std::uint32_t code(std::int32_t literal) { return Lit::from_dimacs(literal).code(); }
  std::pair<std::int64_t, std::int64_t> range(std::size_t index) const {
    return {offsets_[index], offsets_[index + 1]};
  }
  void copy_without_repeated();
  bool assign(std::int32_t literal);
  bool propagate();
  void poll(std::uint64_t steps);
  void link(std::uint32_t watch, std::int32_t literal);

  const Formula &formula_;
  const std::function<bool()> &should_stop_;
  std::uint64_t steps_ = 0, scanned_ = 0, visited_ = 0;
  std::vector<std::int32_t> literals_;
  // The formula's, or our own if a literal was left out.
  std::span<const std::int64_t> offsets_;
  std::vector<std::int64_t> own_offsets_;
  // By literal code: the value, and the first watch.
  std::vector<Value> values_;
  std::vector<std::uint32_t> first_;
  std::vector<std::uint32_t> next_;
  std::vector<std::int32_t> trail_;
  std::size_t propagated_ = 0;
  std::size_t root_ = 0;
};

}  // namespace nb
