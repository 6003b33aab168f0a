// SPDX-License-Identifier: MIT
// The search: propagate, and then the first thing that is due.
#include "solver/search/search.hpp"

#include "solver/inprocess/inprocess.hpp"
#include "solver/invariants.hpp"
#include "solver/state/database.hpp"

namespace nb {

void init_limits(Core &core) {
  const std::int64_t conflicts = core.stats.conflicts;
  const Options &options = core.options;
  core.limits.restart = conflicts + options.restart_interval;
  core.limits.reduce = conflicts + options.reduce_interval;
  core.limits.rephase = conflicts + options.rephase_interval;
  core.limits.probe = conflicts + options.probe_interval;
  core.limits.eliminate = conflicts + options.eliminate_interval;
  if (!options.test_schedule) return;
  core.limits.reduce = conflicts + 7;
  core.limits.rephase = conflicts + 5;
  core.limits.probe = conflicts + 6;
  core.limits.eliminate = conflicts + 9;
}

Status search(Core &core) {
  if (!core.preprocessed) {
    core.preprocessed = true;
    preprocess(core);
  }
  while (!core.inconsistent) {
    if (const Conflict conflict = propagate(core); conflict.found()) {
      analyze(core, conflict);
      continue;
    }
    if (!core.trail.unassigned && core.trail.level >= core.assumptions.size())
      return Status::satisfiable;
    // Often in tests, where searches are short.
    NB_CHECK(2, if (core.stats.conflicts < 100) check_all(core));
    if (stopping(core)) return Status::unknown;
    if (restarting(core))
      restart(core);
    else if (switching_mode(core))
      switch_mode(core);
    else if (rephasing(core))
      rephase(core);
    else if (reducing(core))
      reduce(core);
    else if (simplifying(core))
      simplify(core);
    else if (eliminating(core))
      eliminate(core);
    else if (!decide(core))
      return Status::unsatisfiable;
  }
  return Status::unsatisfiable;
}

}  // namespace nb
