// SPDX-License-Identifier: MIT
// Bump: variables and clauses that took part in a conflict become more important.
//
// Idea     Focused mode moves the variables to the front of the queue, in their old order;
//          stable mode raises their scores, and the increment grows by 1 / (1 - decay).
//          Variables in the reasons of the learned clause count too, unless that is many.
// Needs    a learned clause  Reads   analysis, trail, arena
// Leaves   the same          Writes  order, clause glue and use
// Source   Biere and Fröhlich, SAT 2015; Liang et al., "LRB", SAT 2016 (reason side);
//          Audemard and Simon, IJCAI 2009 (glue)
#include <algorithm>

#include "base/radix_sort.hpp"
#include "solver/search/search.hpp"

namespace nb {

namespace {

// Mark the other literals in the reasons of the learned clause; undone if they are too many.
void add_reason_side(Core &core) {
  const Options &options = core.options;
  if (!options.bump_reasons) return;
  if (core.averages[core.stable].decision_rate.value() > options.bump_reasons_rate) return;
  Analysis &analysis = core.analysis;
  const std::size_t before = analysis.analyzed.size();
  const std::size_t limit =
      before + analysis.clause.size() * static_cast<std::size_t>(options.bump_reasons_limit);
  const auto see = [&](Lit lit) {
    Assigned &assigned = core.trail.assigned[lit.var()];
    if (assigned.seen || !assigned.level) return;
    assigned.seen = 1;
    analysis.analyzed.push_back(lit.var());
  };
  for (const Lit lit : analysis.clause) {
    const Reason reason = reason_of(core, lit);
    if (reason.is_none()) continue;
    if (reason.is_binary())
      see(reason.other());
    else
      for (const Lit other : core.arena[reason.ref()]) see(other);
    if (analysis.analyzed.size() > limit) break;
  }
  if (analysis.analyzed.size() <= limit) return;
  for (std::size_t i = before; i < analysis.analyzed.size(); ++i)
    core.trail.assigned[analysis.analyzed[i]].seen = 0;
  analysis.analyzed.resize(before);
}

void bump_queue(Core &core) {
  Queue &queue = core.order.queue;
  auto &sorted = core.analysis.sorted;
  sorted.clear();
  for (const Var var : core.analysis.analyzed)
    if (core.active(var)) sorted.emplace_back(queue.stamp(var), var);
  radix_sort(sorted, core.analysis.sort_scratch, [](const auto &entry) { return entry.first; });
  for (const auto &[stamp, var] : sorted) {
    if (queue.last() == var.index()) continue;
    queue.dequeue(var);
    queue.enqueue(var);
    if (!core.trail.values[Lit(var, false)]) queue.search = var.index();
  }
}

void bump_scores(Core &core) {
  Order &order = core.order;
  constexpr double largest = 1e150;
  for (const Var var : core.analysis.analyzed) {
    if (!core.active(var)) continue;
    double increment = order.increment;
    if (!order.weights.empty()) increment *= static_cast<double>(order.weights[var]);
    const double score = order.heap.score(var) + increment;
    order.heap.set_score(var, score);
    if (score > largest) {
      order.heap.rescale(1 / largest);
      order.increment /= largest;
    }
  }
  order.increment *= 1 / (1 - core.options.decay * 1e-3);
  if (order.increment > largest) {
    order.heap.rescale(1 / largest);
    order.increment /= largest;
  }
}

}  // namespace

void bump(Core &core) {
  add_reason_side(core);
  if (core.stable)
    bump_scores(core);
  else
    bump_queue(core);
}

void bump_clause(Core &core, Clause &clause) {
  GlueUsage &usage = core.glue_usage[core.stable];
  ++usage.count[std::min<std::size_t>(clause.glue, GlueUsage::max)];
  ++usage.total;
  if (clause.glue > usage.tier1 && clause.used) {
    // Count levels again: glue only goes down, and what is in tier 1 stays there.
    Analysis &analysis = core.analysis;
    ++analysis.stamp;
    if (analysis.level_stamps.size() <= core.trail.level)
      analysis.level_stamps.resize(core.trail.level + 1, 0);
    std::uint32_t levels = 0;
    for (const Lit lit : clause) {
      std::uint64_t &stamp = analysis.level_stamps[core.trail.assigned[lit.var()].level];
      if (stamp == analysis.stamp) continue;
      stamp = analysis.stamp;
      if (++levels > clause.glue) break;
    }
    // Of the levels one is the clause's own.
    if (levels && levels - 1 < clause.glue) clause.glue = levels - 1;
  }
  clause.used = clause.used && clause.glue <= usage.tier2 ? 2 : 1;
}

}  // namespace nb
