// SPDX-License-Identifier: MIT
// Solver: questions about the formula that need no search.
#include "solver/solver.hpp"

#include <algorithm>

#include "solver/effort.hpp"
#include "solver/inprocess/inprocess.hpp"
#include "solver/search/constraints.hpp"
#include "solver/search/search.hpp"
#include "solver/solver_calls.hpp"
#include "solver/state/database.hpp"

namespace nb {

bool Solver::inconsistent() const {
  return core_->inconsistent;
}

int Solver::fixed(std::int32_t literal) const {
  if (checked_var(literal) > core_->names.user_vars()) return 0;
  return core_->root_value(core_->names.inner(literal));
}

std::size_t Solver::append_facts(std::size_t from, std::vector<std::int32_t> &facts) const {
  const Trail &trail = core_->trail;
  const std::size_t roots = trail.level ? trail.levels[1].trail : trail.lits.size();
  for (std::size_t i = from; i < roots; ++i)
    if (!core_->names.is_own(trail.lits[i].var()))
      facts.push_back(core_->names.outer(trail.lits[i]));
  return std::max(from, roots);
}

bool Solver::active(std::int32_t literal) const {
  return checked_var(literal) <= core_->names.user_vars() &&
         core_->active(core_->names.inner(literal).var());
}

namespace {

// Without saving phases; constraints too.  False on a conflict.
bool propagates(Core &core) {
  for (;;) {
    if (propagate_probing(core).found()) return false;
    if (!core.constraints.any) return true;
    const bool conflict = propagate_constraints(core).found();
    forget_explanations(core);
    if (conflict) return false;
    if (core.trail.propagated != core.trail.size()) continue;
    if (!imply_external(core)) return false;
    if (core.trail.propagated == core.trail.size()) return true;
  }
}

}  // namespace

bool Solver::propagate(std::span<const std::int32_t> assumptions,
                       std::vector<std::int32_t> &implied) {
  Core &core = *core_;
  const std::uint32_t largest = checked_vars(assumptions);
  leave_result(core);
  resize_vars(core, largest);
  core.proof.start();
  implied.clear();
  import_assumptions(core, assumptions);
  // Propagation is asked for on the formula as added: undo all that took clauses away.
  core.keeps_clauses = true;
  if (!core.extension.empty()) {
    core.extension.tainted.assign(core.extension.tainted.size(), 1);
    core.extension.any_tainted = true;
    restore(core);
  }
  bool consistent = propagate_root(core);
  const During probing(core.activity, Doing::probing);
  const std::int64_t before = core.outside_ticks;
  try {
    if (consistent && core.external.propagator && !propagates(core)) {
      // What the counters of constraints have seen on the root they do not see again.
      derive_empty(core);
      consistent = false;
    }
    for (const Lit lit : core.assumptions) {
      if (!consistent) break;
      const Value value = core.value(lit);
      if (value < 0) {
        consistent = false;
      } else if (!value) {
        decide_literal(core, lit);
        consistent = propagates(core);
      }
    }
  } catch (const Abandon &) {
    // The propagator has failed, and says so itself.
    consistent = false;
  }
  release_assumptions(core);
  for (const Lit lit : core.trail.lits)
    if (!core.names.is_own(lit.var())) implied.push_back(core.names.outer(lit));
  backtrack(core, 0);
  core.stats.ticks_propagate += core.outside_ticks - before;
  return consistent;
}

std::vector<signed char> Solver::local_minimum(std::span<const signed char> from) {
  Core &core = *core_;
  NB_REQUIRE(!core.preprocessed, "local_minimum comes before the first call of solve");
  NB_REQUIRE(from.size() == core.num_vars(), "%zu values, expected %u", from.size(),
             core.num_vars());
  leave_result(core);
  std::vector<signed char> result(from.begin(), from.end());
  if (!propagate_root(core)) return result;
  if (!core.started) set_up_search(core);
  const Phases before = core.phases;
  for (std::uint32_t i = 0; i < core.num_vars(); ++i) core.phases.advice[Var(i)] = from[i];
  core.phases.mode = AdviceMode::initial;
  run(core, Technique::walk);
  for (std::uint32_t i = 0; i < core.num_vars(); ++i) {
    const Value fixed = core.value(Lit(Var(i), false));
    const Value value = fixed ? fixed : core.phases.saved[Var(i)];
    if (value) result[i] = value;
  }
  core.phases = before;
  return result;
}

bool Solver::propagate_units() {
  leave_result(*core_);
  return propagate_root(*core_);
}

std::vector<std::pair<std::string_view, double>> Solver::averages() const {
  const Averages &now = core_->averages[core_->stable];
  return {{"glue_recent", now.glue_fast.value()},
          {"glue_average", now.glue_slow.value()},
          {"size_average", now.size.value()},
          {"level_average", now.level.value()},
          {"decision_rate", now.decision_rate.value()}};
}

std::size_t Solver::clauses_held() const {
  auto count = static_cast<std::size_t>(core_->binaries_irredundant + core_->binaries_learned);
  const Arena &arena = core_->arena;
  for (ClauseRef ref = arena.first(); ref != arena.end(); ref = arena.next(ref)) ++count;
  return count;
}

std::size_t Solver::bytes() const {
  return core_->arena.bytes() + core_->watches.bytes();
}

std::vector<std::int32_t> Solver::irredundant_clauses() const {
  const Core &core = *core_;
  std::vector<std::int32_t> result;
  if (core.inconsistent) return {0};
  const std::size_t roots = core.trail.level ? core.trail.levels[1].trail : core.trail.lits.size();
  for (std::size_t i = 0; i < roots; ++i) {
    result.push_back(core.names.listed(core.trail.lits[i]));
    result.push_back(0);
  }
  for (std::uint32_t code = 0; code < 2 * core.num_vars(); ++code) {
    const Lit lit = Lit::from_code(code);
    for (const Watch watch : core.watches[lit]) {
      if (!watch.is_binary() || watch.learned_binary() || !(lit < watch.blocking())) continue;
      result.insert(result.end(), {core.names.listed(lit), core.names.listed(watch.blocking()), 0});
    }
  }
  for (ClauseRef ref = core.arena.first(); ref != core.arena.end(); ref = core.arena.next(ref)) {
    const Clause &clause = core.arena[ref];
    if (clause.garbage || clause.learned) continue;
    for (const Lit lit : clause) result.push_back(core.names.listed(lit));
    result.push_back(0);
  }
  return result;
}

}  // namespace nb
