// SPDX-License-Identifier: MIT
// Simplify: the rounds of techniques, in the orders that techniques.def gives.
#include "solver/effort.hpp"
#include "solver/inprocess/inprocess.hpp"

namespace nb {

namespace {

struct Orders {
  using enum Technique;
#define ORDER(round, ...) static constexpr Technique round##_order[] = {__VA_ARGS__};
#include "solver/techniques.def"
};

bool due(const Core &core, Round round) {
  return core.options.inprocess && core.schedule.due(round, core.stats);
}

}  // namespace

bool simplifying(Core &core) {
  return due(core, Round::probe) || due(core, Round::eliminate);
}

void simplify(Core &core) {
  const bool probes = due(core, Round::probe);
  if (probes)
    for (const Technique technique : Orders::probe_order) run(core, technique);
  else
    for (const Technique technique : Orders::eliminate_order) run(core, technique);
  core.schedule.done(probes ? Round::probe : Round::eliminate, core.options, core.stats);
}

void preprocess(Core &core) {
  run(core, Technique::lucky);
  if (core.inconsistent || !core.trail.unassigned) return;
  if (core.options.preprocess)
    for (const Technique technique : Orders::preprocess_order) run(core, technique);
  if (core.options.walk_initially) run(core, Technique::walk);
}

}  // namespace nb
