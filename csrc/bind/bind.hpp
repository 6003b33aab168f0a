// SPDX-License-Identifier: MIT
// One register_<thing> per bind_<thing>.cpp; module.cpp lists them.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <chrono>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

namespace nb::bind {

void register_errors(pybind11::module_ &module);
void register_formula(pybind11::module_ &module);
void register_graph(pybind11::module_ &module);
void register_engine(pybind11::module_ &module);
void register_repair(pybind11::module_ &module);
void register_proof(pybind11::module_ &module);
void register_gnn(pybind11::module_ &module);
void register_solver(pybind11::module_ &module);
void register_backbone(pybind11::module_ &module);

// Flags of what Python may pass as an array: converted if need be, and so that its elements lie as
// they must, which those of a message from another process need not.
inline constexpr int any_array = pybind11::array::c_style | pybind11::array::forcecast |
                                 pybind11::detail::npy_api::NPY_ARRAY_ALIGNED_;

// A read-only numpy view of memory that `owner` keeps alive.
template <typename T>
pybind11::array view(std::span<const T> data, std::vector<pybind11::ssize_t> shape,
                     pybind11::handle owner) {
  pybind11::array array(pybind11::dtype::of<T>(), std::move(shape), {}, data.data(), owner);
  pybind11::detail::array_proxy(array.ptr())->flags &=
      ~pybind11::detail::npy_api::NPY_ARRAY_WRITEABLE_;
  return array;
}

template <typename T>
pybind11::array view(std::span<const T> data, pybind11::handle owner) {
  return view(data, {static_cast<pybind11::ssize_t>(data.size())}, owner);
}

// A numpy array with elements of its own.
template <typename T>
pybind11::array copy_of(std::span<const T> data) {
  pybind11::array_t<T> array(static_cast<pybind11::ssize_t>(data.size()));
  if (!data.empty()) std::memcpy(array.mutable_data(), data.data(), data.size_bytes());
  return array;
}

// Asks Python, at once and then at most every 20 ms, whether a signal came in or the caller wants
// to stop.
class StopPoll {
 public:
  explicit StopPoll(pybind11::object should_stop) : should_stop_(std::move(should_stop)) {}

  bool operator()() {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < std::chrono::milliseconds(20)) return false;
    last_ = now;
    const pybind11::gil_scoped_acquire acquire;
    if (PyErr_CheckSignals() != 0) throw pybind11::error_already_set();
    return !should_stop_.is_none() && pybind11::bool_(should_stop_());
  }

 private:
  pybind11::object should_stop_;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace nb::bind
