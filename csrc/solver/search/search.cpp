// SPDX-License-Identifier: MIT
// The search: propagate, and then the first thing that is due.
#include "solver/search/search.hpp"

#include "solver/inprocess/inprocess.hpp"
#include "solver/invariants.hpp"
#include "solver/state/database.hpp"

namespace nb {

Status search(Core &core) {
  if (!core.preprocessed) {
    preprocess(core);
    core.preprocessed = true;
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
    else if (!decide(core))
      return Status::unsatisfiable;
  }
  return Status::unsatisfiable;
}

}  // namespace nb
