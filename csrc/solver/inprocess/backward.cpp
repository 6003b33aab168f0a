// SPDX-License-Identifier: MIT
// Backward subsumption: a new clause removes the clauses it subsumes, and a literal from those
// that it would subsume but for the sign of that literal.
//
// Needs    dense mode        Reads   watches (occurrences)
// Leaves   dense mode        Writes  arena, watches
// Source   Eén and Biere, SAT 2005
#include <algorithm>

#include "solver/inprocess/eliminate.hpp"
#include "solver/search/search.hpp"
#include "solver/state/database.hpp"

namespace nb {

// Occurrences of the removed literal are left behind; whoever walks a list checks.
void Eliminate::strengthen_in_dense(ClauseRef ref, Lit remove) {
  Clause &clause = core_.arena[ref];
  lits_.clear();
  bool satisfied = false;
  for (const Lit lit : clause) {
    const Value value = core_.value(lit);
    if (value > 0) satisfied = true;
    if (lit != remove && !value) lits_.push_back(lit);
  }
  if (satisfied) {
    mark_garbage(core_, ref);
    return;
  }
  ++core_.stats.subsume_strengthened;
  if (lits_.size() >= 3) {
    replace_literals(core_, ref, lits_);
    backward_large_.push_back(ref);
    return;
  }
  add_derived(core_, lits_, false, 0);
  if (lits_.size() == 2) backward_binary_.emplace_back(lits_[0], lits_[1]);
  mark_garbage(core_, ref);
}

void Eliminate::backward_binary(Lit a, Lit b) {
  if (core_.value(a) || core_.value(b)) return;
  if (core_.watches[a].size() > core_.watches[b].size()) std::swap(a, b);
  // Clauses with `a`: with `b` too they are subsumed, with -b they lose it.
  std::vector<std::pair<ClauseRef, bool>> found;
  effort_.ticks += 1 + (core_.watches[a].size() >> 3);
  for (const Watch watch : core_.watches[a]) {
    if (watch.is_binary()) continue;
    const Clause &clause = core_.arena[watch.ref()];
    if (clause.garbage) continue;
    ++effort_.ticks;
    int result = 0;
    bool present = false;
    for (const Lit lit : clause) {
      present |= lit == a;
      if (lit == b) result = 1;
      if (lit == ~b) result = -1;
    }
    if (present && result) found.emplace_back(watch.ref(), result > 0);
  }
  for (const auto &[ref, subsumed] : found) {
    if (core_.inconsistent) return;
    if (core_.arena[ref].garbage) continue;
    if (subsumed) {
      mark_garbage(core_, ref);
      ++core_.stats.subsumed;
    } else {
      strengthen_in_dense(ref, ~b);
    }
  }
}

void Eliminate::backward_large(ClauseRef self) {
  const Clause &clause = core_.arena[self];
  if (clause.garbage || clause.size > 100) return;
  Lit best = clause.lits()[0];
  for (const Lit lit : clause)
    if (core_.watches[lit].size() < core_.watches[best].size()) best = lit;
  if (core_.watches[best].size() > static_cast<std::uint32_t>(core_.options.subsume_occurrences))
    return;
  for (const Lit lit : clause) marks_[lit] = 1;
  std::vector<std::pair<ClauseRef, Lit>> found;
  const Lit none = Lit::from_code(~0u);
  effort_.ticks += 1 + (core_.watches[best].size() >> 3);
  for (const Watch watch : core_.watches[best]) {
    if (watch.is_binary() || watch.ref() == self) continue;
    const Clause &other = core_.arena[watch.ref()];
    if (other.garbage || other.size < clause.size) continue;
    ++effort_.ticks;
    std::uint32_t common = 0, left = other.size;
    Lit flipped = none;
    bool fits = true;
    for (const Lit lit : other) {
      if (common + left-- + (flipped != none) < clause.size) break;
      if (marks_[lit]) {
        ++common;
      } else if (marks_[~lit]) {
        fits = flipped == none;
        if (!fits) break;
        flipped = lit;
      }
    }
    if (!fits) continue;
    if (common == clause.size || (flipped != none && common + 1 == clause.size))
      found.emplace_back(watch.ref(), common == clause.size ? none : flipped);
  }
  for (const Lit lit : clause) marks_[lit] = 0;
  for (const auto &[ref, remove] : found) {
    if (core_.inconsistent || core_.arena[self].garbage) return;
    if (core_.arena[ref].garbage) continue;
    if (remove == none) {
      mark_garbage(core_, ref);
      ++core_.stats.subsumed;
    } else {
      strengthen_in_dense(ref, remove);
    }
  }
}

void Eliminate::backward() {
  while (!core_.inconsistent && (!backward_binary_.empty() || !backward_large_.empty())) {
    if (effort_.over()) {
      backward_binary_.clear();
      backward_large_.clear();
      return;
    }
    if (!backward_binary_.empty()) {
      const auto [a, b] = backward_binary_.back();
      backward_binary_.pop_back();
      backward_binary(a, b);
    } else {
      const ClauseRef ref = backward_large_.back();
      backward_large_.pop_back();
      backward_large(ref);
    }
    if (!dense_.propagate()) return;
  }
}

}  // namespace nb
