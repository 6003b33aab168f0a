// SPDX-License-Identifier: MIT
// Session: clauses and constraints that are no clauses, from Python or from another session, and
// how they reach the core.
#include "bind/session.hpp"

#include <algorithm>
#include <bit>
#include <tuple>

#include "base/check.hpp"
#include "bind/session_calls.hpp"
#include "formula/literal.hpp"

namespace nb::bind {

namespace py = pybind11;

namespace {

std::vector<std::int64_t> weights_of(const py::handle &weights) {
  std::vector<std::int64_t> result;
  for (const py::handle weight : weights) {
    NB_REQUIRE(PyIndex_Check(weight.ptr()) && !PyBool_Check(weight.ptr()),
               "weights, position %zu: expected an integer", result.size());
    result.push_back(weight.cast<std::int64_t>());
  }
  return result;
}

}  // namespace

void Session::take(Literals &&literals, std::size_t clauses) {
  num_vars_ = std::max(num_vars_, largest_var(literals));
  num_clauses_ += clauses;
  if (clauses_.empty())
    clauses_ = std::move(literals);
  else
    clauses_.insert(clauses_.end(), literals.begin(), literals.end());
}

std::size_t Session::add_clause(const py::object &clause) {
  Literals literals;
  append_literals(clause, "clause " + std::to_string(num_clauses_), literals);
  literals.push_back(0);
  const Turn turn(*this);
  take(std::move(literals), 1);
  return 1;
}

std::size_t Session::add_clauses(const py::object &clauses) {
  Literals literals;
  const std::size_t count = is_flat_buffer(clauses)
                                ? append_flat(py::reinterpret_borrow<py::buffer>(clauses), literals)
                                : append_clauses(clauses, literals);
  const Turn turn(*this);
  take(std::move(literals), count);
  return count;
}

std::size_t Session::add_csr(const py::buffer &literals, const py::buffer &offsets) {
  Literals flat;
  const std::size_t count = append_csr(literals, offsets, flat);
  const Turn turn(*this);
  take(std::move(flat), count);
  return count;
}

void Session::take(Constraint &&constraint) {
  NB_REQUIRE(!proof_, "a proof has no lines for constraints that are no clauses");
  num_vars_ = std::max(num_vars_, largest_var(constraint.literals));
  constraints_.push_back(std::move(constraint));
}

void Session::tell_core(const Constraint &constraint) {
  if (constraint.is_parity)
    solver_.add_parity(constraint.literals, constraint.bound != 0);
  else
    solver_.add_linear(constraint.literals, constraint.weights, constraint.bound);
}

std::size_t Session::add_formula(const py::object &clauses, const py::iterable &linears) {
  Literals literals;
  const std::size_t count = append_clauses(clauses, literals);
  std::vector<Constraint> constraints;
  for (const py::handle linear : linears) {
    const auto parts = linear.cast<std::tuple<py::object, py::object, std::int64_t>>();
    Constraint constraint{{}, weights_of(std::get<1>(parts)), std::get<2>(parts), false};
    append_literals(std::get<0>(parts), "constraint " + std::to_string(constraints.size()),
                    constraint.literals);
    constraints.push_back(std::move(constraint));
  }
  const Turn turn(*this);
  for (Constraint &constraint : constraints) take(std::move(constraint));
  take(std::move(literals), count);
  return count;
}

void Session::add_linear(const py::object &literals, const py::object &weights,
                         std::int64_t bound) {
  Constraint constraint{{}, weights_of(weights), bound, false};
  append_literals(literals, "literals", constraint.literals);
  NB_REQUIRE(constraint.weights.empty() || constraint.weights.size() == constraint.literals.size(),
             "%zu literals, but %zu weights", constraint.literals.size(),
             constraint.weights.size());
  const Turn turn(*this);
  take(std::move(constraint));
}

void Session::add_parity(const py::object &literals, bool odd) {
  Constraint constraint{{}, {}, odd, true};
  append_literals(literals, "literals", constraint.literals);
  // Variables that come twice cancel out, and a negation turns the right-hand side.
  Literals &vars = constraint.literals;
  for (std::int32_t &literal : vars)
    if (literal < 0) {
      literal = -literal;
      constraint.bound ^= 1;
    }
  const std::int32_t largest = largest_var(vars);
  std::sort(vars.begin(), vars.end());
  Literals odd_ones;
  for (const std::int32_t var : vars)
    if (!odd_ones.empty() && odd_ones.back() == var)
      odd_ones.pop_back();
    else
      odd_ones.push_back(var);
  vars = std::move(odd_ones);
  const Turn turn(*this);
  constexpr std::size_t short_enough = 4, provable = 10;
  if (vars.size() > (proof_ ? provable : short_enough)) {
    take(std::move(constraint));
    return;
  }
  // All clauses that exclude an assignment of the wrong parity.
  num_vars_ = std::max(num_vars_, largest);
  Literals clauses;
  std::size_t count = 0;
  for (std::uint32_t signs = 0; signs < 1u << vars.size(); ++signs) {
    // The assignment in which variable i is true if bit i is set.
    if ((std::popcount(signs) & 1) == constraint.bound) continue;
    for (std::size_t i = 0; i < vars.size(); ++i)
      clauses.push_back(signs >> i & 1 ? -vars[i] : vars[i]);
    clauses.push_back(0);
    ++count;
  }
  take(std::move(clauses), count);
}

void Session::reserve(std::int64_t vars) {
  NB_REQUIRE(vars >= 0 && vars <= max_dimacs_var, "%lld variables, expected 0 to %d",
             static_cast<long long>(vars), max_dimacs_var);
  const Turn turn(*this);
  num_vars_ = std::max(num_vars_, static_cast<std::int32_t>(vars));
}

void Session::succeed(Session &other) {
  const Turn turn(*this), others(other);
  other.keep_result();
  clauses_ = std::move(other.clauses_);
  constraints_ = std::move(other.constraints_);
  num_clauses_ = other.num_clauses_;
  num_vars_ = other.num_vars();
  for (std::size_t i = 0; i < other.wishes_.size(); ++i)
    if (other.wishes_[i]) wish(other.wishes_[i] * static_cast<std::int32_t>(i + 1));
  // The last result stands.
  status_ = other.status_;
  assumptions_ = other.assumptions_;
  core_ = other.core_;
  model_ = other.model_;
  model_kept_ = other.model_kept_;
}

bool Session::load(const Formula &formula, bool check_signals, const py::object &should_stop) {
  const Turn turn(*this);
  const Asking asking(*this, check_signals, should_stop);
  std::size_t loaded = 0;
  inside([&] {
    keep_result();
    flush();
    solver_.reserve_vars(static_cast<std::int32_t>(formula.num_vars()));
    constexpr std::size_t poll_interval = 1 << 15;
    while (loaded < formula.num_clauses()) {
      solver_.add_clause(formula.clause(loaded));
      if (++loaded % poll_interval == 0 && poll()) break;
    }
  });
  raise_kept();
  num_vars_ = std::max(num_vars_, static_cast<std::int32_t>(formula.num_vars()));
  num_clauses_ += loaded;
  return loaded == formula.num_clauses();
}

void Session::follow(Session &other) {
  const Turn turn(*this), others(other);
  num_vars_ = std::max(num_vars_, other.num_vars());
  const std::span<const std::int32_t> fresh = std::span(other.clauses_).subspan(followed_);
  followed_ = other.clauses_.size();
  inside([&] {
    keep_result();
    flush();
    for (std::size_t begin = 0, end; begin < fresh.size(); begin = end + 1) {
      for (end = begin; fresh[end];) ++end;
      solver_.add_clause(fresh.subspan(begin, end - begin));
    }
    while (followed_constraints_ < other.constraints_.size())
      tell_core(other.constraints_[followed_constraints_++]);
  });
  if (wishes_ == other.wishes_) return;
  wishes_.clear();
  fresh_wishes_.clear();
  wishes_cleared_ = true;
  for (std::size_t i = 0; i < other.wishes_.size(); ++i)
    if (other.wishes_[i]) wish(other.wishes_[i] * static_cast<std::int32_t>(i + 1));
  wishes_ = other.wishes_;
}

// Bring the core up to date.  Without the GIL.
bool Session::flush() {
  if (flushed_ < clauses_.size() || flushed_constraints_ < constraints_.size() ||
      solver_.num_vars() < num_vars() || !fresh_wishes_.empty())
    keep_result();
  if (solver_.num_vars() < num_vars()) solver_.reserve_vars(num_vars());
  constexpr std::size_t poll_interval = 1 << 20;
  std::size_t next_poll = flushed_ + poll_interval;
  while (flushed_ < clauses_.size()) {
    const std::int32_t *begin = clauses_.data() + flushed_, *end = begin;
    while (*end) ++end;
    solver_.add_clause({begin, end});
    flushed_ = static_cast<std::size_t>(end - clauses_.data()) + 1;
    if (flushed_ < next_poll) continue;
    next_poll = flushed_ + poll_interval;
    if (poll()) return false;
  }
  while (flushed_constraints_ < constraints_.size())
    tell_core(constraints_[flushed_constraints_++]);
  if (wishes_cleared_) solver_.clear_user_phases();
  wishes_cleared_ = false;
  solver_.set_user_phases(fresh_wishes_);
  fresh_wishes_.clear();
  return true;
}

py::array Session::clauses(const py::object &assumptions) {
  Literals units;
  append_literals(assumptions, "assumptions", units);
  const Turn turn(*this);
  Literals all = clauses_;
  for (const std::int32_t literal : units) all.insert(all.end(), {literal, 0});
  return copy_of<std::int32_t>(all);
}

py::array Session::irredundant_clauses() {
  const Turn turn(*this);
  Literals clauses;
  inside([&] {
    keep_result();
    flush();
    clauses = solver_.irredundant_clauses();
  });
  raise_kept();
  return copy_of<std::int32_t>(clauses);
}

}  // namespace nb::bind
