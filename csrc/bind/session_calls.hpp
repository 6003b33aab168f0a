// SPDX-License-Identifier: MIT
// Calls from a session into the core, and from the core back into Python; for session*.cpp alone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <exception>
#include <span>

#include "base/error.hpp"
#include "bind/session.hpp"

namespace nb::bind {

// Work in the core, without the GIL.  What cannot be undone leaves the session broken.
template <class Call>
void Session::inside(Call call) {
  const pybind11::gil_scoped_release release;
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
  const pybind11::gil_scoped_acquire acquire;
  try {
    call();
  } catch (...) {
    kept_ = std::current_exception();
    failed_.store(true);
  }
}

inline std::int32_t largest_var(std::span<const std::int32_t> literals) {
  std::int32_t largest = 0;
  for (const std::int32_t literal : literals)
    largest = std::max(largest, literal < 0 ? -literal : literal);
  return largest;
}

inline pybind11::list list_of(std::span<const std::int32_t> literals) {
  pybind11::list list(literals.size());
  for (std::size_t i = 0; i < literals.size(); ++i) {
    PyObject *number = PyLong_FromLong(literals[i]);
    if (!number) throw pybind11::error_already_set();
    PyList_SET_ITEM(list.ptr(), static_cast<pybind11::ssize_t>(i), number);
  }
  return list;
}

}  // namespace nb::bind
