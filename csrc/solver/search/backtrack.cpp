// SPDX-License-Identifier: MIT
// Backtrack: take assignments back, level by level.
//
// Needs    any level         Reads   trail, order
// Leaves   the level asked   Writes  trail, order, phases.{target, best}
// Cost     linear in the literals unassigned
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

void backtrack(Core &core, std::uint32_t level) {
  Trail &trail = core.trail;
  if (level >= trail.level) return;
  if (core.consistent && !core.probing) {
    if (core.stable || core.options.target == 2) update_target_and_best(core);
    core.consistent = 0;
  }
  const std::uint32_t keep = trail.levels[level + 1].trail;
  Value *const values = trail.values.data();
  ScoreHeap<Var> &heap = core.order.heap;
  Queue &queue = core.order.queue;
  std::uint64_t search = queue.search == Queue::none ? 0 : queue.stamp(Var(queue.search));
  for (std::uint32_t i = trail.size(); i-- > keep;) {
    const Lit lit = trail.lits[i];
    const Var var = lit.var();
    values[lit.code()] = values[(~lit).code()] = 0;
    if (core.stable) {
      if (!heap.contains(var)) heap.push(var);
    } else if (queue.stamp(var) > search) {
      queue.search = var.index();
      search = queue.stamp(var);
    }
  }
  trail.unassigned += trail.size() - keep;
  trail.lits.resize(keep);
  trail.propagated = std::min(trail.propagated, keep);
  trail.levels.resize(level + 1);
  trail.level = level;
}

}  // namespace nb
