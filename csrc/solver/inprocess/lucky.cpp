// SPDX-License-Identifier: MIT
// Lucky: assignments that satisfy surprisingly many formulas are tried before any search.
//
// Idea     All true, all false; then unit propagation along decisions forwards and backwards in
//          the order of variables, always true or always false.  What works is left on the
//          trail, where the search finds all variables assigned.
// Ours     The advised values are luck of their own and come first.  With a wish of the user's,
//          nothing is left to luck; nor with constraints that are no clauses.
// Needs    root level, no assumptions       Reads   arena, watches
// Leaves   root level, or a model           Writes  trail
// Cost     linear in the formula each
#include <algorithm>

#include "solver/effort.hpp"
#include "solver/inprocess/inprocess.hpp"
#include "solver/search/search.hpp"

namespace nb {

namespace {

// Does every clause have a literal of this sign, or a true one?
bool satisfied_by_sign(const Core &core, bool negative) {
  const auto good = [&](Lit lit) {
    const Value value = core.value(lit);
    return value > 0 || (!value && lit.negative() == negative);
  };
  for (std::uint32_t code = 0; code < 2 * core.num_vars(); ++code) {
    const Lit lit = Lit::from_code(code);
    if (good(lit)) continue;
    for (const Watch watch : core.watches[lit])
      if (watch.is_binary() && !watch.learned_binary() && !good(watch.blocking())) return false;
  }
  for (ClauseRef ref = core.arena.first(); ref != core.arena.end(); ref = core.arena.next(ref)) {
    const Clause &clause = core.arena[ref];
    if (!clause.garbage && !clause.learned && !std::ranges::any_of(clause, good)) return false;
  }
  return true;
}

// `negative(var)`: the sign to decide.
template <class Negative>
bool decide_all(Core &core, Effort &effort, Negative negative, bool backwards) {
  const std::uint32_t vars = core.num_vars();
  for (std::uint32_t i = 0; i < vars; ++i) {
    const Var var(backwards ? vars - 1 - i : i);
    if (!core.active(var) || core.value(Lit(var, false))) continue;
    decide_literal(core, Lit(var, negative(var)));
    if (propagate_probing(core).found() || effort.spent()) return false;
  }
  return true;
}

}  // namespace

void lucky(Core &core, Effort &effort) {
  if (core.phases.any_user || core.constraints.any || !core.assumptions.empty()) return;
  const During probing(core.activity, Doing::probing);
  bool found = false;
  if (core.phases.mode != AdviceMode::off) {
    const auto advised = [&](Var var) {
      return initial_phase(core.phases, core.options, Place::decide, var) < 0;
    };
    found = decide_all(core, effort, advised, false);
    if (!found) backtrack(core, 0);
  }
  for (const bool negative : {false, true}) {
    if (found) break;
    const auto sign = [negative](Var) { return negative; };
    if (satisfied_by_sign(core, negative)) found = decide_all(core, effort, sign, false);
    if (!found) backtrack(core, 0);
  }
  for (const bool negative : {false, true})
    for (const bool backwards : {false, true}) {
      if (found) break;
      found = decide_all(core, effort, [negative](Var) { return negative; }, backwards);
      if (!found) backtrack(core, 0);
    }
  if (!found) return;
  ++core.stats.lucky_successes;
  report(core, 'L');
}

}  // namespace nb
