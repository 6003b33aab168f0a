// SPDX-License-Identifier: MIT
// What the engines that run as another program need: the child, its proof, the lucky assignments.
#include <pybind11/functional.h>
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "base/child.hpp"
#include "bind/bind.hpp"
#include "formula/lucky.hpp"
#include "proof/translate.hpp"

namespace py = pybind11;

namespace nb::bind {
namespace {

int bind_start_child(std::vector<std::string> argv, int stdin_fd, int stdout_fd, int stderr_fd,
                     std::uint64_t data_bytes) {
  ChildOptions options;
  options.argv = std::move(argv);
  options.stdin_fd = stdin_fd;
  options.stdout_fd = stdout_fd;
  options.stderr_fd = stderr_fd;
  options.data_bytes = data_bytes;
  return start_child(options);
}

using Flips = py::array_t<std::uint8_t, py::array::c_style | py::array::forcecast>;

py::bytes feed(ProofTranslator &translator, const py::buffer &piece) {
  const py::buffer_info info = piece.request();
  std::string out;
  {
    py::gil_scoped_release release;
    out = translator.feed(
        {static_cast<const char *>(info.ptr), static_cast<std::size_t>(info.size * info.itemsize)});
  }
  return py::bytes(out);
}

using Values = py::array_t<std::int8_t, py::array::c_style | py::array::forcecast>;

py::object bind_find_lucky(const Formula &formula, const std::optional<Values> &advice,
                           const py::object &should_stop) {
  std::span<const Value> phases;
  if (advice)
    phases = {reinterpret_cast<const Value *>(advice->data()),
              static_cast<std::size_t>(advice->size())};
  std::function<bool()> stop;
  if (!should_stop.is_none())
    stop = [&should_stop] {
      py::gil_scoped_acquire acquire;
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
      return should_stop().cast<bool>();
    };
  std::optional<Lucky> lucky;
  {
    py::gil_scoped_release release;
    lucky = find_lucky(formula, phases, stop);
  }
  if (!lucky) return py::none();
  return py::make_tuple(std::string(lucky->name), copy_of(std::span<const Value>(lucky->values)));
}

}  // namespace

void register_engine(py::module_ &module) {
  module.def("start_child", &bind_start_child, py::arg("argv"), py::arg("stdin_fd"),
             py::arg("stdout_fd"), py::arg("stderr_fd"), py::arg("data_bytes") = 0);
  module.def("find_lucky", &bind_find_lucky, py::arg("formula"), py::arg("advice") = py::none(),
             py::arg("should_stop") = py::none());
  py::class_<ProofTranslator>(module, "ProofTranslator")
      .def(py::init([](const py::object &flips, bool text) {
             std::vector<std::uint8_t> bits;
             if (!flips.is_none()) {
               const auto array = flips.cast<Flips>();
               bits.assign(array.data(), array.data() + array.size());
             }
             return ProofTranslator(std::move(bits), text);
           }),
           py::arg("flips"), py::arg("text"))
      .def("feed", &feed, py::arg("piece"))
      .def_property_readonly("added", &ProofTranslator::added)
      .def_property_readonly("deleted", &ProofTranslator::deleted)
      .def_property_readonly("refutes", &ProofTranslator::refutes)
      .def_property_readonly("complete", &ProofTranslator::complete);
}

}  // namespace nb::bind
