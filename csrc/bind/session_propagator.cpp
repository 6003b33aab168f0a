// SPDX-License-Identifier: MIT
// Session: the user's propagator.
#include "bind/session.hpp"

#include "base/check.hpp"
#include "bind/session_calls.hpp"
#include "formula/literal.hpp"

namespace nb::bind {

namespace py = pybind11;

void Session::connect_propagator(const py::object &propagator) {
  const Turn turn(*this);
  NB_REQUIRE(!proof_, "a proof has no lines for what a propagator implies");
  auto fresh = std::make_unique<PythonPropagator>(propagator, kept_, failed_);
  keep_result();
  solver_.connect_propagator(fresh.get(), fresh->lazy());
  propagator_ = std::move(fresh);
  raise_kept();
}

void Session::observe(std::int32_t var, bool observed) {
  NB_REQUIRE(var > 0 && var <= max_dimacs_var, "variable %d, expected 1 to %d", var,
             max_dimacs_var);
  NB_REQUIRE(propagator_, "there is no propagator");
  if (propagator_->calling()) {
    solver_.request_observed(var, observed);
    num_vars_ = std::max(num_vars_, var);
    return;
  }
  const Turn turn(*this);
  num_vars_ = std::max(num_vars_, var);
  inside([&] {
    keep_result();
    flush();
    if (observed)
      solver_.observe(var);
    else
      solver_.ignore(var);
  });
  raise_kept();
}

void Session::reset_observed() {
  const Turn turn(*this);
  inside([&] {
    keep_result();
    solver_.reset_observed();
  });
  raise_kept();
}

void Session::set_passive(bool passive) {
  if (propagator_ && propagator_->calling()) {
    solver_.set_passive(passive);
    return;
  }
  const Turn turn(*this);
  solver_.set_passive(passive);
}

bool Session::passive() {
  if (propagator_ && propagator_->calling()) return solver_.passive();
  const Turn turn(*this);
  return solver_.passive();
}

bool Session::is_decision(std::int32_t literal) {
  if (propagator_ && propagator_->calling()) return solver_.is_decision(literal);
  const Turn turn(*this);
  return solver_.is_decision(literal);
}

}  // namespace nb::bind
