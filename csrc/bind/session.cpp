// SPDX-License-Identifier: MIT
#include "bind/session.hpp"

#include <pybind11/stl.h>

#include "bind/session_calls.hpp"

namespace nb::bind {

namespace py = pybind11;

namespace {

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

py::dict dict_of(const std::vector<StatisticInfo> &rows) {
  py::dict result;
  for (const StatisticInfo &row : rows) result[py::str(std::string(row.name))] = row.value;
  return result;
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

// Calls

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

// Counters, options and listeners

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

void Session::at_milestone(std::int64_t conflicts, std::int64_t ticks, const py::object &ask) {
  const Turn turn(*this);
  milestone_ = ask;
  solver_.at_milestone(conflicts, ticks, [this] {
    bool end = false;
    guarded([&] {
      py::dict seen = dict_of(solver_.statistics());
      for (const auto &[name, value] : solver_.averages()) seen[py::str(std::string(name))] = value;
      end = py::bool_(milestone_(seen));
    });
    return end || failed_.load();
  });
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

std::size_t Session::bytes() {
  const Turn turn(*this);
  return solver_.bytes() + clauses_.capacity() * sizeof(std::int32_t);
}

}  // namespace nb::bind
