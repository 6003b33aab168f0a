// SPDX-License-Identifier: MIT
// Session: the model or the core of the last call of `solve`.
#include "bind/session.hpp"

#include <algorithm>
#include <unordered_set>

#include "base/check.hpp"
#include "bind/session_calls.hpp"

namespace nb::bind {

namespace py = pybind11;

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

}  // namespace nb::bind
