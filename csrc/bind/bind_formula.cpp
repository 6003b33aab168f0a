// SPDX-License-Identifier: MIT
#include <pybind11/stl.h>

#include <memory>
#include <type_traits>

#include "base/check.hpp"
#include "bind/bind.hpp"
#include "bind/clauses.hpp"
#include "formula/counts.hpp"
#include "formula/dimacs.hpp"
#include "formula/formula.hpp"
#include "formula/identity.hpp"
#include "formula/literal.hpp"
#include "formula/model.hpp"

namespace nb::bind {

namespace py = pybind11;

namespace {

using Flips = py::array_t<std::uint8_t, py::array::c_style | py::array::forcecast>;

std::span<const std::uint8_t> flips_of(const std::optional<Flips> &flips) {
  if (!flips) return {};
  return {flips->data(), static_cast<std::size_t>(flips->size())};
}

// Clauses from a flat buffer of literals, each clause ended by a 0.
template <typename T>
std::unique_ptr<Formula> from_flat(const T *data, std::size_t size, std::int64_t num_vars) {
  std::vector<std::int32_t> literals;
  std::vector<std::int64_t> offsets{0};
  literals.reserve(size);
  std::int64_t largest = 0;
  for (std::size_t i = 0; i != size; ++i) {
    const auto literal = static_cast<std::int64_t>(data[i]);
    if (literal == 0) {
      offsets.push_back(static_cast<std::int64_t>(literals.size()));
      continue;
    }
    const std::int64_t variable = literal < 0 ? -literal : literal;
    NB_REQUIRE(literal > -(std::int64_t{1} << 62) && variable <= max_dimacs_var,
               "clause %zu, position %lld: literal %lld out of range, expected at most %d",
               offsets.size() - 1,
               static_cast<long long>(static_cast<std::int64_t>(literals.size()) - offsets.back()),
               static_cast<long long>(literal), max_dimacs_var);
    if (variable > largest) largest = variable;
    literals.push_back(static_cast<std::int32_t>(literal));
  }
  NB_REQUIRE(static_cast<std::int64_t>(literals.size()) == offsets.back(),
             "clause %zu: the array ends without a final 0", offsets.size() - 1);
  const auto vars = static_cast<std::uint32_t>(num_vars < 0 ? largest : num_vars);
  NB_REQUIRE(num_vars <= max_dimacs_var, "%lld variables, at most %d are possible",
             static_cast<long long>(num_vars), max_dimacs_var);
  return std::make_unique<Formula>(vars, std::move(literals), std::move(offsets));
}

}  // namespace

void register_formula(py::module_ &module) {
  module.attr("MAX_VAR") = max_dimacs_var;

  py::class_<Formula>(module, "Formula")
      .def_static(
          "from_flat",
          [](const py::buffer &buffer, std::int64_t num_vars) {
            const py::buffer_info info = buffer.request();
            return with_integers(info, "an array", [num_vars](const auto &elements) {
              const py::gil_scoped_release release;
              return from_flat(elements.data(), elements.size(), num_vars);
            });
          },
          py::arg("literals"), py::arg("num_vars") = -1)
      .def_property_readonly("num_vars", &Formula::num_vars)
      .def_property_readonly("num_clauses", &Formula::num_clauses)
      .def_property_readonly("num_literals", &Formula::num_literals)
      .def_property_readonly(
          "literals",
          [](py::object self) { return view(self.cast<const Formula &>().literals(), self); })
      .def_property_readonly(
          "offsets",
          [](py::object self) { return view(self.cast<const Formula &>().offsets(), self); })
      .def("header", &format_header)
      .def(
          "format_clauses",
          [](const Formula &formula, std::size_t first, std::size_t last, char separator) {
            NB_REQUIRE(first <= last && last <= formula.num_clauses(), "clauses %zu to %zu of %zu",
                       first, last, formula.num_clauses());
            std::string text;
            {
              py::gil_scoped_release release;
              text = format_clauses(formula, first, last, separator, {});
            }
            return py::bytes(text);
          },
          py::arg("first"), py::arg("last"), py::arg("separator"))
      .def(
          "write_to_fd",
          [](const Formula &formula, int descriptor, const std::optional<Flips> &flips) {
            const auto mask = flips_of(flips);
            py::gil_scoped_release release;
            return write_dimacs(formula, descriptor, mask);
          },
          py::arg("descriptor"), py::arg("flips") = py::none())
      .def("counts",
           [](const Formula &formula) {
             std::vector<Count> counts;
             {
               py::gil_scoped_release release;
               counts = counts_of(formula);
             }
             py::dict named;
             for (const Count &count : counts)
               named[py::str(std::string(count.name))] = count.value;
             return named;
           })
      .def("shape_hash",
           [](const Formula &formula) {
             py::gil_scoped_release release;
             return shape_hash(formula);
           })
      .def("find_falsified", [](const Formula &formula, const py::buffer &values) {
        const py::buffer_info info = values.request();
        NB_REQUIRE(info.ndim == 1 && info.itemsize == 1 && (info.size == 0 || info.strides[0] == 1),
                   "values of format '%s', expected a contiguous vector of int8",
                   info.format.c_str());
        const std::span<const Value> span(static_cast<const Value *>(info.ptr),
                                          static_cast<std::size_t>(info.size));
        py::gil_scoped_release release;
        return find_falsified(formula, span);
      });

  py::class_<DimacsReader>(module, "DimacsReader")
      .def(py::init<bool>(), py::arg("relaxed") = false)
      .def("feed",
           [](DimacsReader &reader, const py::buffer &chunk) {
             const py::buffer_info info = chunk.request();
             const std::span<const char> bytes(static_cast<const char *>(info.ptr),
                                               static_cast<std::size_t>(info.size * info.itemsize));
             py::gil_scoped_release release;
             if (!bytes.empty()) reader.feed(bytes);
           })
      .def("finish",
           [](DimacsReader &reader) {
             py::gil_scoped_release release;
             return std::make_unique<Formula>(reader.finish());
           })
      .def_property_readonly("warnings", &DimacsReader::warnings);
}

}  // namespace nb::bind
