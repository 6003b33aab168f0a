// SPDX-License-Identifier: MIT
// Effort: what one run of a technique may spend, and what it did spend.
//
// Idea     All runs of a technique together may spend a share of the search so far, a little more
//          to begin with, and more while they find something.  What is left of that is the budget
//          of a run, and a run begins only if the budget is twice what setting it up costs: no
//          pass depends on the size of the formula alone.  Loops of the technique add to `ticks`
//          and to `found`, and ask `spent`; the destructor counts the ticks, those of propagation
//          outside the search included, and tells who watches.
#pragma once

#include <algorithm>

#include "solver/core.hpp"

namespace nb {

class Effort {
 public:
  // What a technique may spend now, and how much more if it finds something.
  struct Budget {
    std::int64_t ticks, bonus;
  };

  Effort(Core &core, Technique technique, Budget budget);
  ~Effort();
  Effort(const Effort &) = delete;
  Effort &operator=(const Effort &) = delete;

  // Ticks spent so far.
  std::int64_t used() const { return ticks + core_.outside_ticks - start_; }
  // What the run may still spend.
  std::int64_t left() const { return budget_.ticks - used(); }
  // Until the next call, only so much from now on.
  void allow(std::int64_t share) { limit_ = used() + share; }
  bool over() const { return used() > limit_ + std::min(found * worth_, budget_.bonus); }
  // The same, or the call is to end.
  bool spent();

  // Cache lines that the technique touches by itself; propagation counts its own.
  std::int64_t ticks = 0;
  // What the run has found; the row of the technique says what one is worth.
  std::int64_t found = 0;

 private:
  Core &core_;
  const Technique technique_;
  const std::int64_t start_, worth_;
  const Budget budget_;
  std::int64_t limit_;
};

// Propagates at the root and runs the technique, if it is on, not waiting, and can afford it.
void run(Core &core, Technique technique);

}  // namespace nb
