// SPDX-License-Identifier: MIT
// Backtrack: take assignments back, level by level.
//
// Needs    any level         Reads   trail, order
// Leaves   the level asked   Writes  trail, order, phases.{target, best}
// Cost     linear in the literals unassigned
#include <algorithm>

#include "solver/search/search.hpp"

namespace nb {

// The longest trail without conflict is a good guess at where models are.
// Source   Biere and Fleury, "Chasing Target Phases", POS 2020
void update_target_and_best(Core &core) {
  Phases &phases = core.phases;
  const std::uint32_t consistent = std::min(core.consistent, core.trail.size());
  core.consistent = 0;
  const auto copy = [&](IndexVector<Var, Value> &to) {
    for (std::uint32_t i = 0; i < consistent; ++i) {
      const Lit lit = core.trail.lits[i];
      to[lit.var()] = lit.negative() ? -1 : 1;
    }
  };
  if (consistent > phases.target_assigned) {
    copy(phases.target);
    phases.target_assigned = consistent;
  }
  if (consistent > phases.best_assigned) {
    copy(phases.best);
    phases.best_assigned = consistent;
  }
}

namespace {

// Put back what was assigned above the level left but belongs to it or below.  It is propagated
// once more, for what it implied may have gone.
void keep_low(Trail &trail, std::uint32_t level, std::vector<Lit> &backwards) {
  if (trail.first_low >= trail.size()) trail.first_low = Trail::in_order;
  for (; !backwards.empty(); backwards.pop_back()) {
    const Lit lit = backwards.back();
    Assigned &assigned = trail.assigned[lit.var()];
    assigned.trail = trail.size();
    if (assigned.level < level) trail.first_low = std::min(trail.first_low, trail.size());
    trail.lits.push_back(lit);
  }
}

}  // namespace

void backtrack(Core &core, std::uint32_t level) {
  Trail &trail = core.trail;
  if (level >= trail.level) return;
  if (core.consistent && core.activity == Doing::search) {
    if (core.stable || core.options.target == 2) update_target_and_best(core);
    core.consistent = 0;
  }
  const std::uint32_t keep = trail.levels[level + 1].trail;
  if (core.constraints.counted > keep) uncount(core, keep);
  Value *const values = trail.values.data();
  ScoreHeap<Var> &heap = core.order.heap;
  Queue &queue = core.order.queue;
  std::uint64_t search = queue.search == Queue::none ? 0 : queue.stamp(Var(queue.search));
  std::vector<Lit> &low = core.scratch;
  low.clear();
  const bool any_low = trail.first_low != Trail::in_order;
  for (std::uint32_t i = trail.size(); i-- > keep;) {
    const Lit lit = trail.lits[i];
    const Var var = lit.var();
    if (any_low && trail.assigned[var].level <= level) {
      low.push_back(lit);
      continue;
    }
    values[lit.code()] = values[(~lit).code()] = 0;
    if (core.stable) {
      if (!heap.contains(var)) heap.push(var);
    } else if (queue.stamp(var) > search) {
      queue.search = var.index();
      search = queue.stamp(var);
    }
  }
  trail.unassigned += trail.size() - keep - static_cast<std::uint32_t>(low.size());
  trail.lits.resize(keep);
  if (any_low) keep_low(trail, level, low);
  trail.propagated = std::min(trail.propagated, keep);
  trail.levels.resize(level + 1);
  trail.level = level;
  if (core.external.told_level > level) tell_backtrack(core);
}

}  // namespace nb
