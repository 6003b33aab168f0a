// SPDX-License-Identifier: MIT
// Solver: the user's propagator.
#include "solver/solver.hpp"

#include "solver/search/constraints.hpp"
#include "solver/search/search.hpp"
#include "solver/solver_calls.hpp"
#include "solver/state/database.hpp"

namespace nb {

void Solver::connect_propagator(UserPropagator *propagator, bool passive) {
  NB_REQUIRE(!core_->proof, "a proof has no lines for what a propagator implies");
  leave_result(*core_);
  reset_observed();
  core_->external.propagator = propagator;
  core_->external.passive = passive;
  core_->external.told = core_->external.told_level = 0;
  begin_constraint(*core_);
}

void Solver::observe(std::int32_t var) {
  const std::uint32_t largest = checked_var(var);
  NB_REQUIRE(core_->external.propagator, "observe: there is no propagator");
  leave_result(*core_);
  resize_vars(*core_, largest);
  nb::observe(*core_, core_->names.inner(var).var());
}

void Solver::ignore(std::int32_t var) {
  if (checked_var(var) > core_->names.user_vars()) return;
  leave_result(*core_);
  nb::ignore(*core_, core_->names.inner(var).var());
}

void Solver::reset_observed() {
  leave_result(*core_);
  for (std::uint32_t i = 0; i < core_->external.observed.size(); ++i) nb::ignore(*core_, Var(i));
}

void Solver::request_observed(std::int32_t var, bool observed) {
  checked_var(var);
  if (observed)
    nb::request_observed(*core_, var);
  else
    core_->external.requests.push_back(-var);
}

void Solver::set_passive(bool passive) {
  core_->external.passive = passive;
  core_->external.quiet_trail = ~0u;
}

bool Solver::passive() const {
  return core_->external.passive;
}

bool Solver::is_decision(std::int32_t literal) const {
  if (checked_var(literal) > core_->names.user_vars()) return false;
  const Var var = core_->names.inner(literal).var();
  const Trail &trail = core_->trail;
  const std::uint32_t level = trail.assigned[var].level;
  return core_->value(Lit(var, false)) && level && trail.levels[level].decision.var() == var;
}

}  // namespace nb
