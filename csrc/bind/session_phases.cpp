// SPDX-License-Identifier: MIT
// Session: the user's wishes for phases, and advice.
#include "bind/session.hpp"

#include "base/check.hpp"
#include "bind/session_calls.hpp"

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

}  // namespace

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

}  // namespace nb::bind
