// SPDX-License-Identifier: MIT
// Switch between focused mode (for proofs) and stable mode (for models).
//
// Idea     The first focused phase ends after a number of conflicts; the ticks it took are the
//          unit.  Both modes then get the same ticks in turn, growing quadratically.
// Needs    any level         Reads   ticks
// Leaves   root level        Writes  order, reluctant
// Source   Oh, "Between SAT and UNSAT", SAT 2015; ticks as in Kissat
#include "solver/search/search.hpp"

namespace nb {

void init_mode(Core &core) {
  core.stable = core.options.stable == 2;
  core.pacing.mode_conflicts = core.stats.conflicts + core.options.mode_initial_conflicts;
  core.pacing.mode_start_ticks = core.stats.ticks;
  core.pacing.mode_unit = 0;
  if (core.stable)
    core.reluctant.enable(static_cast<std::uint64_t>(core.options.restart_reluctant), 1u << 20);
  else
    core.reluctant.disable();
}

bool switching_mode(Core &core) {
  if (core.options.stable != 1) return false;
  if (!core.pacing.mode_unit) return core.stats.conflicts >= core.pacing.mode_conflicts;
  return core.stats.ticks >= core.pacing.mode_ticks;
}

void switch_mode(Core &core) {
  backtrack(core, 0);
  report(core, core.stable ? ']' : '}');
  if (!core.pacing.mode_unit)
    core.pacing.mode_unit =
        std::max<std::int64_t>(core.stats.ticks - core.pacing.mode_start_ticks, 1000);
  ++core.stats.mode_switches;
  core.stable = !core.stable;
  // Rounds count pairs: both phases of a pair have the same length.
  const auto round = static_cast<double>((core.stats.mode_switches + 1) / 2);
  core.pacing.mode_ticks =
      core.stats.ticks +
      static_cast<std::int64_t>(static_cast<double>(core.pacing.mode_unit) * law_quadratic(round));
  if (core.stable) {
    core.reluctant.enable(static_cast<std::uint64_t>(core.options.restart_reluctant), 1u << 20);
    // Unassigned variables enter the heap only in stable mode.
    for (std::uint32_t i = 0; i < core.num_vars(); ++i)
      if (core.active(Var(i)) && !core.order.heap.contains(Var(i))) core.order.heap.push(Var(i));
    core.phases.target.assign(core.num_vars(), 0);
    core.phases.target_assigned = 0;
    core.phases.best_assigned = 0;
  } else {
    core.reluctant.disable();
    core.order.queue.search = core.order.queue.last();
  }
  core.pacing.restart = core.stats.conflicts + core.options.restart_interval;
  report(core, core.stable ? '[' : '{');
}

}  // namespace nb
