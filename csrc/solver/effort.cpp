// SPDX-License-Identifier: MIT
#include "solver/effort.hpp"

#include <algorithm>

#include "solver/inprocess/inprocess.hpp"
#include "solver/search/search.hpp"

namespace nb {

namespace {

// Cache lines of the formula, of its watches and of what is kept for each variable.
std::int64_t size_in_ticks(const Core &core) {
  return core.arena.end() / 16 + (core.binaries_irredundant + core.binaries_learned) / 4 +
         core.num_vars() / 2;
}

Effort::Budget budget_of(const Core &core, Technique technique) {
  const TechniqueRow &row = row_of(technique);
  // Tests want to see every technique at work.
  constexpr std::int64_t for_tests = 100000;
  if (core.options.test_schedule) return {for_tests, 0};
  const std::int64_t share = core.stats.ticks * (core.options.*row.effort) / 1000;
  const std::int64_t least = row.least * core.options.effort_least / 100;
  // A technique that goes on finding things gets twice its share in the end, and some credit
  // before the search has earned it.
  constexpr std::int64_t credit = 100;
  const std::int64_t most = share + credit * least;
  const std::int64_t earned = std::min(core.passes[technique].found * row.worth, most);
  return {share + least + earned - core.stats.*row.ticks, most - earned};
}

}  // namespace

Effort::Effort(Core &core, Technique technique, Budget budget)
    : core_(core),
      technique_(technique),
      start_(core.outside_ticks),
      worth_(row_of(technique).worth),
      budget_(budget),
      limit_(budget.ticks) {}

Effort::~Effort() {
  const TechniqueRow &row = row_of(technique_);
  core_.stats.*row.ticks += used();
  core_.passes[technique_].found += found;
  core_.passes[technique_].delay.update(found);
  if (row.letter != ' ') report(core_, row.letter);
}

bool Effort::spent() {
  return over() || interrupted_now(core_);
}

void run(Core &core, Technique technique) {
  using Verb = void(Core &, Effort &);
  constexpr Verb *verbs[] = {
#define TECHNIQUE(name, letter, on, effort, least, worth, entry, description) name,
#include "solver/techniques.def"
  };
  const TechniqueRow &row = row_of(technique);
  if (!(core.options.*row.on) || core.inconsistent) return;
  NB_ASSERT(core.activity == Doing::search);
  const Effort::Budget budget = budget_of(core, technique);
  const std::int64_t entry = row.entry * size_in_ticks(core);
  if (budget.ticks < 2 * entry || budget.ticks <= 0) return;
  if (core.passes[technique].delay.waiting() && !core.options.test_schedule) return;
  backtrack(core, 0);
  if (!propagate_root(core)) return;
  Effort effort(core, technique, budget);
  effort.ticks += entry;
  verbs[static_cast<std::size_t>(technique)](core, effort);
  NB_ASSERT(core.activity == Doing::search);
}

}  // namespace nb
