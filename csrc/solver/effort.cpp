// SPDX-License-Identifier: MIT
#include "solver/effort.hpp"

#include "solver/inprocess/inprocess.hpp"
#include "solver/search/search.hpp"

namespace nb {

Effort::Effort(Core &core, Technique technique)
    : core_(core), technique_(technique), start_(core.outside_ticks) {
  const TechniqueRow &row = row_of(technique);
  std::int64_t &mark = core.passes[technique].mark;
  budget_ = limit_ =
      std::max((core.stats.ticks - mark) * (core.options.*row.effort) / 1000, row.least);
  mark = core.stats.ticks;
}

Effort::~Effort() {
  const TechniqueRow &row = row_of(technique_);
  core_.stats.*row.ticks += used();
  if (row.letter != ' ') report(core_, row.letter);
}

bool Effort::spent() {
  return over() || interrupted_now(core_);
}

void Effort::fruitful(bool worth_it) {
  core_.passes[technique_].delay.update(worth_it);
}

void run(Core &core, Technique technique) {
  using Verb = void(Core &, Effort &);
  constexpr Verb *verbs[] = {
#define TECHNIQUE(name, letter, on, effort, least, description) name,
#include "solver/techniques.def"
  };
  if (!(core.options.*row_of(technique).on) || core.inconsistent) return;
  NB_ASSERT(core.activity == Doing::search);
  backtrack(core, 0);
  if (!propagate_root(core)) return;
  Pass &pass = core.passes[technique];
  if (pass.delay.waiting() && !core.options.test_schedule) {
    pass.mark = core.stats.ticks;
    return;
  }
  Effort effort(core, technique);
  verbs[static_cast<std::size_t>(technique)](core, effort);
  NB_ASSERT(core.activity == Doing::search);
}

}  // namespace nb
