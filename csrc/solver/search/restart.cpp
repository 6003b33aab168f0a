// SPDX-License-Identifier: MIT
// Restart: leave this part of the search tree, keeping what was learned.
//
// Idea     Focused mode restarts when recent conflicts had higher glue than the average; stable
//          mode by reluctant doubling.  The part of the trail that would be decided again the
//          same way is kept, and so are assumptions.
// Needs    propagated        Reads   averages, order
// Leaves   a lower level     Writes  trail
// Source   Biere and Fröhlich, POS 2015; van der Tak, Ramos and Heule, "Reusing the Assignment
//          Trail in CDCL Solvers", JSAT 2011
#include <algorithm>

#include "solver/search/search.hpp"

namespace nb {

bool restarting(Core &core) {
  if (!core.options.restart) return false;
  if (core.trail.level <= core.assumptions.size()) return false;
  if (core.stats.conflicts < core.pacing.restart) return false;
  if (core.stable) return core.reluctant.triggered();
  const Averages &averages = core.averages[0];
  const double margin = (100.0 + core.options.restart_margin) / 100.0;
  return margin * averages.glue_slow.value() <= averages.glue_fast.value();
}

namespace {

std::uint32_t reusable_level(Core &core) {
  const auto lowest = static_cast<std::uint32_t>(core.assumptions.size());
  if (!core.options.restart_reuse || !core.trail.unassigned) return lowest;
  const Var next = next_variable(core);
  const Order &order = core.order;
  std::uint32_t level = lowest;
  while (level < core.trail.level) {
    const Var decision = core.trail.levels[level + 1].decision.var();
    const bool earlier = core.stable ? order.heap.score(decision) > order.heap.score(next)
                                     : order.queue.stamp(decision) > order.queue.stamp(next);
    if (!earlier) break;
    ++level;
  }
  core.stats.restarts_reused += level - lowest;
  return level;
}

}  // namespace

void restart(Core &core) {
  ++core.stats.restarts;
  backtrack(core, reusable_level(core));
  const double growth = core.stable ? 0 : law_log(static_cast<double>(core.stats.restarts)) - 1;
  core.pacing.restart =
      core.stats.conflicts + core.options.restart_interval + static_cast<std::int64_t>(growth);
  if (core.control.mail.load(std::memory_order_relaxed) || !core.control.replay.empty())
    open_mail(core);
}

}  // namespace nb
