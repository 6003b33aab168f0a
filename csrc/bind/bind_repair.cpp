// SPDX-License-Identifier: MIT
#include "bind/bind.hpp"
#include "formula/repair.hpp"

namespace nb::bind {

namespace py = pybind11;

namespace {

using Values = py::array_t<std::int8_t, py::array::c_style | py::array::forcecast>;
using Confidence = py::array_t<float, any_array>;

py::dict bind_repair(const Formula &formula, const Values &advice, const Confidence &confidence,
                     const py::object &should_stop) {
  StopPoll stop(should_stop);
  Repaired repaired;
  {
    const std::span<const Value> values{reinterpret_cast<const Value *>(advice.data()),
                                        static_cast<std::size_t>(advice.size())};
    const std::span<const float> weights{confidence.data(),
                                         static_cast<std::size_t>(confidence.size())};
    py::gil_scoped_release release;
    repaired = repair(formula, values, weights, std::ref(stop));
  }
  py::dict result;
  result["values"] = copy_of(std::span<const Value>(repaired.values));
  result["confidence"] = copy_of(std::span<const float>(repaired.confidence));
  result["kept"] = repaired.kept;
  result["overruled"] = repaired.overruled;
  result["dropped"] = repaired.dropped;
  result["joined"] = repaired.joined;
  result["refuted"] = repaired.refuted;
  result["complete"] = repaired.complete;
  return result;
}

}  // namespace

void register_repair(py::module_ &module) {
  module.def("repair", &bind_repair, py::arg("formula"), py::arg("advice"), py::arg("confidence"),
             py::arg("should_stop") = py::none());
}

}  // namespace nb::bind
