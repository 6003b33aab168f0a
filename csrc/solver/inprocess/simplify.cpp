// SPDX-License-Identifier: MIT
// Simplify: the order of the passes of a round of probing.
#include "solver/inprocess/inprocess.hpp"
#include "solver/search/search.hpp"

namespace nb {

bool simplifying(Core &core) {
  return core.simplifies && core.stats.conflicts >= core.limits.probe;
}

void simplify(Core &core) {
  backtrack(core, 0);
  ++core.stats.probings;
  const Options &options = core.options;
  if (options.substitute && !core.inconsistent) substitute(core);
  if (options.probe && !core.inconsistent) probe(core);
  if (options.vivify && !core.inconsistent) vivify(core);
  if (options.sweep && !core.inconsistent) sweep(core);
  if (options.substitute && !core.inconsistent) substitute(core);
  if (options.transitive && !core.inconsistent) reduce_transitively(core);
  const double law = law_nlogn(static_cast<double>(core.stats.probings)) *
                     scale_by_clauses(core.stats.clauses_irredundant);
  core.limits.probe =
      core.stats.conflicts + static_cast<std::int64_t>(core.options.probe_interval * law);
  if (core.options.test_schedule) core.limits.probe = core.stats.conflicts + 6;
}

void preprocess(Core &core) {
  const Options &options = core.options;
  if (options.lucky && lucky(core)) return;
  if (core.inconsistent) return;
  if (options.preprocess) {
    // Elimination hides gates from sweeping, so it comes later.
    if (options.substitute) substitute(core);
    if (options.probe && !core.inconsistent) probe(core);
    if (options.sweep && !core.inconsistent) sweep(core);
    if (options.substitute && !core.inconsistent) substitute(core);
    if (core.inconsistent) return;
  }
  if (options.walk && options.walk_initially) walk(core, true);
}

}  // namespace nb
