// SPDX-License-Identifier: MIT
#include <memory>

#include "bind/bind.hpp"
#include "formula/flips.hpp"
#include "formula/formula.hpp"

namespace nb::bind {

namespace py = pybind11;

namespace {

using Model = py::array_t<Value, py::array::c_style>;

std::span<const Value> values_of(const Model &model) {
  return {model.data(), static_cast<std::size_t>(model.size())};
}

// A walk and its random numbers.
struct Walker {
  Walker(const Formula &formula, std::uint64_t seed) : walk(formula), random(seed) {}

  // A random walk of `sweeps` from `model`; where it ends.
  Model wander(const Model &model, int sweeps) {
    {
      const auto values = values_of(model);
      py::gil_scoped_release release;
      walk.start(values);
      for (int i = 0; i < sweeps; ++i) walk.sweep(random, {});
    }
    Model end(static_cast<py::ssize_t>(walk.model().size()));
    std::copy(walk.model().begin(), walk.model().end(), end.mutable_data());
    return end;
  }

  // Zero the `candidates` that a walk from `model` can flip; ends after two idle sweeps.
  std::size_t drop(const Model &model, Model candidates, int sweeps) {
    const auto values = values_of(model);
    const std::span<Value> open{candidates.mutable_data(),
                                static_cast<std::size_t>(candidates.size())};
    py::gil_scoped_release release;
    walk.start(values);
    std::size_t dropped = 0;
    for (int i = 0, idle = 0; i < sweeps && idle < 2; ++i) {
      const std::size_t now = walk.sweep(random, open);
      dropped += now;
      idle = now == 0 ? idle + 1 : 0;
    }
    return dropped;
  }

  FlipWalk walk;
  Random random;
};

}  // namespace

void register_flips(py::module_ &module) {
  py::class_<Walker>(module, "FlipWalk")
      .def(py::init([](const Formula &formula, std::uint64_t seed) {
             py::gil_scoped_release release;
             return std::make_unique<Walker>(formula, seed);
           }),
           py::arg("formula"), py::arg("seed") = 0)
      .def("wander", &Walker::wander, py::arg("model").noconvert(), py::arg("sweeps"))
      .def("drop", &Walker::drop, py::arg("model").noconvert(), py::arg("candidates").noconvert(),
           py::arg("sweeps"));
}

}  // namespace nb::bind
