// SPDX-License-Identifier: MIT
// Effort: what one run of a technique may spend, and what it did spend.
//
// Idea     The constructor sets the budget, a share of the search since the technique ran last;
//          loops of the technique add to `ticks` and ask `spent`; the destructor counts the ticks,
//          those of propagation outside the search included, and tells who watches.
#pragma once

#include <algorithm>

#include "solver/core.hpp"

namespace nb {

class Effort {
 public:
  Effort(Core &core, Technique technique);
  ~Effort();
  Effort(const Effort &) = delete;
  Effort &operator=(const Effort &) = delete;

  // Ticks spent so far.
  std::int64_t used() const { return ticks + core_.outside_ticks - start_; }
  // What the whole run may spend.
  std::int64_t budget() const { return budget_; }
  void at_least(std::int64_t least) { limit_ = budget_ = std::max(budget_, least); }
  // Until the next call, only so much from now on.
  void allow(std::int64_t share) { limit_ = used() + share; }
  bool over() const { return used() > limit_; }
  // The same, or the call is to end.
  bool spent();
  // A technique that finds too little waits, for twice as many rounds each time.
  void fruitful(bool worth_it);

  // Cache lines that the technique touches by itself; propagation counts its own.
  std::int64_t ticks = 0;

 private:
  Core &core_;
  const Technique technique_;
  const std::int64_t start_;
  std::int64_t budget_, limit_;
};

// Propagates at the root and runs the technique, if it is on and not waiting.
void run(Core &core, Technique technique);

}  // namespace nb
