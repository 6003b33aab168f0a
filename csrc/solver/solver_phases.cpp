// SPDX-License-Identifier: MIT
// Solver: the user's wishes for phases, advice, and weights of variables.
#include "solver/solver.hpp"

#include <algorithm>

#include "solver/solver_calls.hpp"
#include "solver/state/database.hpp"

namespace nb {

void Solver::set_user_phases(std::span<const std::int32_t> literals) {
  const std::uint32_t largest = checked_vars(literals);
  Core &core = *core_;
  if (largest > core.names.user_vars()) {
    leave_result(core);
    resize_vars(core, largest);
  }
  core.phases.any_user |= !literals.empty();
  for (const std::int32_t dimacs : literals) {
    const Lit lit = core.names.inner(dimacs);
    core.phases.user[lit.var()] = lit.negative() ? -1 : 1;
  }
}

void Solver::clear_user_phases() {
  core_->phases.user.assign(core_->num_vars(), 0);
  core_->phases.any_user = false;
}

namespace {

Letter make_letter(std::int64_t conflicts, std::span<const signed char> phases,
                   std::span<const float> confidence, AdviceMode mode) {
  NB_REQUIRE(confidence.empty() || confidence.size() == phases.size(),
             "%zu phases, but %zu confidences", phases.size(), confidence.size());
  for (std::size_t i = 0; i < phases.size(); ++i)
    NB_REQUIRE(phases[i] >= -1 && phases[i] <= 1, "phase %d of variable %zu: 1, -1 or 0", phases[i],
               i + 1);
  Letter letter;
  letter.conflicts = conflicts;
  letter.phases.assign(phases.begin(), phases.end());
  letter.confidence.assign(confidence.begin(), confidence.end());
  letter.mode = mode;
  return letter;
}

}  // namespace

void Solver::advise(std::span<const signed char> phases, std::span<const float> confidence,
                    AdviceMode mode) {
  Letter letter = make_letter(0, phases, confidence, mode);
  const std::lock_guard guard(core_->control.mutex);
  core_->control.mailbox.push_back(std::move(letter));
  core_->control.mail.store(true);
}

void Solver::advise_at(std::int64_t conflicts, std::span<const signed char> phases,
                       std::span<const float> confidence, AdviceMode mode) {
  auto &replay = core_->control.replay;
  replay.push_back(make_letter(conflicts, phases, confidence, mode));
  std::stable_sort(replay.begin(), replay.end(),
                   [](const Letter &a, const Letter &b) { return a.conflicts > b.conflicts; });
}

std::vector<std::int64_t> Solver::handovers() const {
  return core_->control.handovers;
}

void Solver::set_bump_weights(std::span<const float> weights) {
  IndexVector<Var, float> &table = core_->order.weights;
  table.clear();
  if (weights.empty()) return;
  resize_vars(*core_, static_cast<std::uint32_t>(weights.size()));
  table.assign(core_->num_vars(), 1.0f);
  for (std::uint32_t i = 0; i < weights.size(); ++i) {
    NB_REQUIRE(weights[i] >= 0 && weights[i] <= 1e6f, "weight of variable %u is not in 0..1e6",
               i + 1);
    table[core_->names.inner(Var(i).dimacs()).var()] = weights[i];
  }
}

}  // namespace nb
