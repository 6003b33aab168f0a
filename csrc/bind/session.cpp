// SPDX-License-Identifier: MIT
#include "bind/session.hpp"

#include <pybind11/stl.h>

#include <algorithm>
#include <bit>
#include <tuple>
#include <unordered_set>

#include "base/check.hpp"
#include "formula/literal.hpp"
#include "proof/drat_file.hpp"
#include "proof/lrat_proof.hpp"

namespace nb::bind {

namespace py = pybind11;

namespace {

AdviceMode mode_named(const std::string &name) {
  if (name == "off") return AdviceMode::off;
  if (name == "first") return AdviceMode::first;
  if (name == "initial") return AdviceMode::initial;
  if (name == "always") return AdviceMode::always;
  throw ContractError("mode '" + name + "', expected off, first, initial or always");
}

const char *reason_name(StopReason reason) {
  switch (reason) {
    case StopReason::none:
      return "";
    case StopReason::conflicts:
      return "conflicts";
    case StopReason::decisions:
      return "decisions";
    case StopReason::propagations:
      return "propagations";
    case StopReason::ticks:
      return "ticks";
    case StopReason::seconds:
      return "time";
    case StopReason::interrupt:
      return "interrupt";
  }
  return "";
}

std::int32_t largest_var(std::span<const std::int32_t> literals) {
  std::int32_t largest = 0;
  for (const std::int32_t literal : literals)
    largest = std::max(largest, literal < 0 ? -literal : literal);
  return largest;
}

py::list list_of(std::span<const std::int32_t> literals) {
  py::list list(literals.size());
  for (std::size_t i = 0; i < literals.size(); ++i) {
    PyObject *number = PyLong_FromLong(literals[i]);
    if (!number) throw py::error_already_set();
    PyList_SET_ITEM(list.ptr(), static_cast<py::ssize_t>(i), number);
  }
  return list;
}

}  // namespace

Session::Turn::Turn(Session &session) : session_(session) {
  if (session.busy_.exchange(true))
    throw std::runtime_error(
        "the solver is busy with another call; only interrupt, clear_interrupt and advise may be "
        "called meanwhile");
  if (!session.broken_) return;
  session.busy_.store(false);
  throw std::runtime_error("the solver ran out of memory in an earlier call; make a new one");
}

Session::Asking::Asking(Session &session, bool check_signals, const py::object &should_stop)
    : session_(session) {
  session.check_signals_ = check_signals;
  if (!should_stop.is_none()) session.should_stop_ = should_stop;
}

Session::Asking::~Asking() {
  session_.check_signals_ = false;
  session_.should_stop_ = py::object();
}

Session::Session() {
  solver_.on_poll([this] { return poll(); });
}

// Work in the core, without the GIL.  What cannot be undone leaves the session broken.
template <class Call>
void Session::inside(Call call) {
  const py::gil_scoped_release release;
  try {
    call();
  } catch (const ContractError &) {
    throw;
  } catch (...) {
    broken_ = true;
    throw;
  }
}

template <class Call>
void Session::guarded(Call call) noexcept {
  if (failed_.load(std::memory_order_relaxed)) return;
  const py::gil_scoped_acquire acquire;
  try {
    call();
  } catch (...) {
    kept_ = std::current_exception();
    failed_.store(true);
  }
}

bool Session::poll() {
  {
    std::vector<StatisticInfo> counters = solver_.statistics();
    const std::scoped_lock lock(progress_lock_);
    progress_.swap(counters);
  }
  bool stop = failed_.load(std::memory_order_relaxed);
  if (stop || (!check_signals_ && !should_stop_)) return stop;
  guarded([&] {
    if (check_signals_ && PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (should_stop_) stop = py::bool_(should_stop_());
  });
  return stop || failed_.load();
}

void Session::raise_kept() {
  if (!failed_.exchange(false)) return;
  const std::exception_ptr kept = std::exchange(kept_, nullptr);
  std::rethrow_exception(kept);
}

// Clauses

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

void Session::reserve(std::int64_t vars) {
  NB_REQUIRE(vars >= 0 && vars <= max_dimacs_var, "%lld variables, expected 0 to %d",
             static_cast<long long>(vars), max_dimacs_var);
  const Turn turn(*this);
  num_vars_ = std::max(num_vars_, static_cast<std::int32_t>(vars));
}

py::array Session::clauses(const py::object &assumptions) {
  Literals units;
  append_literals(assumptions, "assumptions", units);
  const Turn turn(*this);
  Literals all = clauses_;
  for (const std::int32_t literal : units) all.insert(all.end(), {literal, 0});
  return copy_of<std::int32_t>(all);
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

bool Session::propagate_units() {
  const Turn turn(*this);
  bool consistent = true;
  inside([&] {
    keep_result();
    flush();
    consistent = solver_.propagate_units();
  });
  raise_kept();
  return consistent;
}

// Proofs

void Session::connect_proof(const std::string &form, const py::object &sink) {
  const Turn turn(*this);
  const auto to_sink = [this](std::string_view bytes) {
    guarded([&] { proof_sink_(py::bytes(bytes.data(), bytes.size())); });
  };
  proof_sink_ = sink;
  if (form == "keep") {
    proof_ = std::make_unique<DratWriter>(
        [this](std::string_view bytes) { kept_proof_.append(bytes); }, false);
  } else if (form == "drat" || form == "drat-text") {
    proof_ = std::make_unique<DratWriter>(to_sink, form == "drat");
  } else if (form == "lrat" || form == "lrat-text") {
    proof_ = std::make_unique<LratProof>(to_sink, form == "lrat", [this] {
      kept_ = std::current_exception();
      failed_.store(true);
    });
  } else {
    throw ContractError("no form of proofs is called '" + form + "'");
  }
  solver_.connect_proof(proof_.get());
}

py::list Session::kept_proof() {
  const Turn turn(*this);
  if (proof_) proof_->flush();
  py::list lines;
  for (std::size_t begin = 0; begin < kept_proof_.size();) {
    const std::size_t end = kept_proof_.find('\n', begin);
    lines.append(py::str(kept_proof_.data() + begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

// What a proof of UNSAT under assumptions shows: not all of the core's literals are true.
void Session::refute_core() {
  if (!proof_ || solver_.inconsistent()) return;
  std::unordered_set<std::int32_t> seen;
  Literals clause;
  for (const std::int32_t literal : core_) {
    if (seen.contains(-literal)) return;
    if (seen.insert(literal).second) clause.push_back(-literal);
  }
  proof_->add(0, clause, {});
}

// Solving

int Session::solve(const py::object &assumptions, const Budget &budget, bool check_signals,
                   const py::object &should_stop) {
  Literals assumed;
  append_literals(assumptions, "assumptions", assumed);
  const Turn turn(*this);
  const Asking asking(*this, check_signals, should_stop);
  assumptions_ = std::move(assumed);
  num_vars_ = std::max(num_vars_, largest_var(assumptions_));
  status_ = Status::unknown;
  model_kept_ = false;
  core_.clear();
  inside([&] {
    if (flush() && !failed_) status_ = solver_.solve(assumptions_, budget);
    if (status_ == Status::unsatisfiable) {
      core_ = solver_.core();
      if (!assumptions_.empty()) refute_core();
    }
  });
  if (failed_) {
    status_ = Status::unknown;
    raise_kept();
  }
  return static_cast<int>(status_);
}

std::string Session::stop_reason() {
  const Turn turn(*this);
  return reason_name(solver_.stop_reason());
}

// Before the core forgets it.
void Session::keep_result() {
  if (status_ != Status::satisfiable || model_kept_) return;
  model_ = solver_.model();
  model_kept_ = true;
}

py::list Session::model() {
  const Turn turn(*this);
  NB_REQUIRE(status_ == Status::satisfiable, "no model: the last call was not satisfiable");
  keep_result();
  // Variables that came later are in no clause that the model was made for.
  const auto size = static_cast<std::size_t>(num_vars());
  Literals literals(size);
  for (std::size_t i = 0; i < size; ++i) {
    const auto var = static_cast<std::int32_t>(i + 1);
    literals[i] = i < model_.size() && model_[i] < 0 ? -var : var;
  }
  for (std::size_t i = model_.size(); i < std::min(size, wishes_.size()); ++i)
    if (wishes_[i] < 0) literals[i] = -static_cast<std::int32_t>(i + 1);
  return list_of(literals);
}

py::array Session::model_values() {
  const Turn turn(*this);
  NB_REQUIRE(status_ == Status::satisfiable, "no model: the last call was not satisfiable");
  keep_result();
  return copy_of<signed char>(model_);
}

py::bytes Session::model_bytes() {
  const Turn turn(*this);
  NB_REQUIRE(status_ == Status::satisfiable, "no model: the last call was not satisfiable");
  keep_result();
  return {reinterpret_cast<const char *>(model_.data()), model_.size()};
}

py::object Session::core() {
  const Turn turn(*this);
  NB_REQUIRE(status_ == Status::unsatisfiable, "no core: the last call was not unsatisfiable");
  if (assumptions_.empty()) return py::none();
  const std::unordered_set<std::int32_t> failed(core_.begin(), core_.end());
  std::unordered_set<std::int32_t> told;
  Literals core;
  for (const std::int32_t literal : assumptions_)
    if (failed.contains(literal) && told.insert(literal).second) core.push_back(literal);
  return list_of(core);
}

std::pair<bool, py::list> Session::propagate(const py::object &assumptions) {
  Literals assumed, implied;
  append_literals(assumptions, "assumptions", assumed);
  const Turn turn(*this);
  num_vars_ = std::max(num_vars_, largest_var(assumed));
  bool consistent = true;
  inside([&] {
    keep_result();
    flush();
    if (!failed_) consistent = solver_.propagate(assumed, implied);
    std::erase_if(implied, [&](std::int32_t literal) { return solver_.fixed(literal) != 0; });
  });
  raise_kept();
  return {consistent, list_of(implied)};
}

// Phases

void Session::set_phases(const py::object &literals) {
  Literals phases;
  append_literals(literals, "phases", phases);
  const Turn turn(*this);
  num_vars_ = std::max(num_vars_, largest_var(phases));
  for (const std::int32_t literal : phases) wish(literal);
}

void Session::wish(std::int32_t literal) {
  const auto index = static_cast<std::size_t>(std::abs(literal) - 1);
  if (wishes_.size() <= index) wishes_.resize(index + 1, 0);
  wishes_[index] = literal < 0 ? -1 : 1;
  fresh_wishes_.push_back(literal);
}

void Session::clear_phases() {
  const Turn turn(*this);
  wishes_.clear();
  fresh_wishes_.clear();
  wishes_cleared_ = true;
}

void Session::advise(const py::array &phases, const py::object &confidence, const std::string &mode,
                     std::int64_t at) {
  using Signs = py::array_t<signed char, py::array::c_style>;
  using Shares = py::array_t<float, any_array>;
  NB_REQUIRE(phases.ndim() == 1 && py::isinstance<Signs>(phases), "phases: expected int8 values");
  const auto signs = phases.cast<Signs>();
  const Shares shares = confidence.is_none() ? Shares(0) : confidence.cast<Shares>();
  const std::span<const signed char> values(signs.data(), static_cast<std::size_t>(signs.size()));
  const std::span<const float> weights(shares.data(), static_cast<std::size_t>(shares.size()));
  const auto named = static_cast<std::int32_t>(values.size());
  for (std::int32_t known = advised_vars_.load();
       known < named && !advised_vars_.compare_exchange_weak(known, named);) {
  }
  if (at < 0) {
    solver_.advise(values, weights, mode_named(mode));
  } else {
    const Turn turn(*this);
    solver_.advise_at(at, values, weights, mode_named(mode));
  }
}

std::vector<std::int64_t> Session::handovers() {
  const Turn turn(*this);
  return solver_.handovers();
}

// What else there is to know and to set

namespace {

py::dict dict_of(const std::vector<StatisticInfo> &rows) {
  py::dict result;
  for (const StatisticInfo &row : rows) result[py::str(std::string(row.name))] = row.value;
  return result;
}

}  // namespace

py::dict Session::statistics() {
  const Turn turn(*this);
  return dict_of(solver_.statistics());
}

py::dict Session::progress() {
  const std::scoped_lock lock(progress_lock_);
  return dict_of(progress_);
}

py::dict Session::options() {
  const Turn turn(*this);
  py::dict result;
  for (const OptionInfo &row : solver_.options())
    result[py::str(std::string(row.name))] =
        py::make_tuple(row.value, row.low, row.high, std::string(row.description));
  return result;
}

void Session::set_option(const std::string &name, int value) {
  const Turn turn(*this);
  solver_.set_option(name, value);
}

void Session::on_report(const py::object &sink) {
  const Turn turn(*this);
  report_sink_ = sink;
  if (sink.is_none()) {
    solver_.on_report(nullptr);
    return;
  }
  solver_.on_report([this](std::string_view line) {
    guarded([&] { report_sink_(py::str(line.data(), line.size())); });
  });
}

void Session::on_learn(const py::object &sink, std::size_t max_length) {
  const Turn turn(*this);
  learn_sink_ = sink;
  if (sink.is_none()) {
    solver_.on_learn(0, nullptr);
    return;
  }
  solver_.on_learn(max_length, [this](std::span<const std::int32_t> clause) {
    guarded([&] { learn_sink_(list_of(clause)); });
  });
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

std::size_t Session::bytes() {
  const Turn turn(*this);
  return solver_.bytes() + clauses_.capacity() * sizeof(std::int32_t);
}

}  // namespace nb::bind
