// SPDX-License-Identifier: MIT
// Rephase: give search a new corner of the space to look in.
//
// Idea     After enough conflicts of stable mode, overwrite every saved phase from one source.
//          The sources take turns in the order of `schedule` below.
// Ours     `initial` is the caller's advice if there is one.  Going back to it from time to
//          time is what keeps a good prediction useful late in the run.
// Needs    any level         Reads   phases.{advice, best}
// Leaves   root level        Writes  phases.{saved, target}
// Cost     linear in variables; the walk has a limit of its own
// Source   Biere and Fleury, "Chasing Target Phases", POS 2020; Cai and Zhang, "Deep Cooperation
//          of CDCL and Local Search for SAT", SAT 2021
#include <iterator>
#include <string_view>

#include "solver/effort.hpp"
#include "solver/search/search.hpp"

namespace nb {

namespace {

void from_best(Core &core) {
  Phases &phases = core.phases;
  for (std::uint32_t i = 0; i < core.num_vars(); ++i)
    if (const Value best = phases.best[Var(i)]) phases.saved[Var(i)] = best;
}

void from_initial(Core &core) {
  for (std::uint32_t i = 0; i < core.num_vars(); ++i)
    core.phases.saved[Var(i)] =
        initial_phase(core.phases, core.options, Place::rephase_initial, Var(i));
}

void from_inverted(Core &core) {
  for (std::uint32_t i = 0; i < core.num_vars(); ++i)
    core.phases.saved[Var(i)] = static_cast<Value>(
        -initial_phase(core.phases, core.options, Place::rephase_inverted, Var(i)));
}

void from_walk(Core &core) {
  run(core, Technique::walk);
}

struct Source {
  char letter;
  void (*apply)(Core &);
};

constexpr Source best{'B', from_best}, initial{'I', from_initial}, inverted{'V', from_inverted},
    walked{'W', from_walk};
constexpr Source schedule[] = {best, walked, inverted, best, walked, initial};

}  // namespace

bool rephasing(Core &core) {
  if (!core.options.rephase || !core.stable) return false;
  return core.schedule.due(Round::rephase, core.stats);
}

void rephase(Core &core) {
  backtrack(core, 0);
  const Source &source = schedule[core.stats.rephased % std::ssize(schedule)];
  source.apply(core);
  core.phases.target.assign(core.num_vars(), 0);
  core.phases.target_assigned = 0;
  if (source.apply == from_best) core.phases.best_assigned = 0;
  core.schedule.done(Round::rephase, core.options, core.stats);
  report(core, source.letter);
}

}  // namespace nb
