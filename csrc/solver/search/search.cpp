// SPDX-License-Identifier: MIT
// The search: propagate, and then the first thing that is due.
#include "solver/search/search.hpp"

#include "solver/inprocess/inprocess.hpp"
#include "solver/invariants.hpp"
#include "solver/state/database.hpp"

namespace nb {

namespace {

Status search_on(Core &core) {
  while (!core.inconsistent) {
    if (const Conflict conflict = propagate(core); conflict.found()) {
      analyze(core, conflict);
      continue;
    }
    const bool full = !core.trail.unassigned && core.trail.level >= core.assumptions.size();
    if (core.external.propagator) {
      Conflict conflict;
      const bool more = consult(core, conflict);
      if (more || (full && refuses(core, conflict))) {
        if (conflict.found()) analyze(core, conflict);
        if (interrupted_now(core)) return Status::unknown;
        continue;
      }
    }
    if (full) return Status::satisfiable;
    // Often in tests, because searches are short there.
    NB_CHECK(2, if (core.stats.conflicts < 100) check_all(core));
    if (stopping(core)) return Status::unknown;
    if (restarting(core))
      restart(core);
    else if (encoding(core))
      encode(core);
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

}  // namespace

Status search(Core &core) {
  // Before the others, which see clauses only.
  if (encoding(core)) encode(core);
  if (!core.preprocessed) {
    preprocess(core);
    core.preprocessed = true;
  }
  for (;;) {
    try {
      return search_on(core);
    } catch (const Abandon &abandon) {
      abandon_analysis(core);
      if (!abandon.has_fact) {
        core.control.stop = StopReason::interrupt;
        return Status::unknown;
      }
      derive_unit(core, abandon.fact);
    }
  }
}

}  // namespace nb
