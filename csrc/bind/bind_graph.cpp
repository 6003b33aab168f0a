// SPDX-License-Identifier: MIT
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "bind/bind.hpp"
#include "graph/belief.hpp"
#include "graph/graph.hpp"

namespace nb::bind {

namespace py = pybind11;

namespace {

py::tuple names(std::span<const FeatureRow> table) {
  py::tuple tuple(table.size());
  for (std::size_t i = 0; i != table.size(); ++i) tuple[i] = py::str(table[i].name);
  return tuple;
}

template <auto member>
py::array array_of(const py::object &self) {
  return view((self.cast<const Graph &>().*member)(), self);
}

template <std::size_t columns>
py::array rows(std::span<const float> data, const py::object &self) {
  return view(data,
              {static_cast<py::ssize_t>(data.size() / columns), static_cast<py::ssize_t>(columns)},
              self);
}

template <typename T>
std::vector<T> vector_of(const py::dict &arrays, const char *name) {
  const auto array = py::array_t<T, any_array>::ensure(arrays[name]);
  if (!array) throw py::error_already_set();
  return {array.data(), array.data() + array.size()};
}

std::unique_ptr<Graph> restored(const py::dict &arrays, bool root_conflict) {
  Rows edges;
  edges.clause_offsets = vector_of<std::int64_t>(arrays, "clause_offsets");
  edges.clause_lits = vector_of<std::int32_t>(arrays, "clause_lits");
  edges.lit_offsets = vector_of<std::int64_t>(arrays, "lit_offsets");
  edges.lit_clauses = vector_of<std::int32_t>(arrays, "lit_clauses");
  Components components{0, vector_of<std::int32_t>(arrays, "clause_component"),
                        vector_of<std::int32_t>(arrays, "var_component")};
  // They are numbered from 0 on.
  for (const auto component : components.of_clause)
    components.count = std::max(components.count, static_cast<std::size_t>(component) + 1);
  Features features{vector_of<float>(arrays, "var_features"),
                    vector_of<float>(arrays, "clause_features")};
  RootUnits root{vector_of<Value>(arrays, "root_values"), root_conflict};
  const py::gil_scoped_release release;
  return std::make_unique<Graph>(std::move(edges), std::move(root), std::move(components),
                                 std::move(features));
}

}  // namespace

void register_graph(py::module_ &module) {
  module.def("belief_visits", &belief_visits, py::arg("edges"));
  module.attr("FEATURE_SCHEMA") = feature_schema;
  module.attr("VAR_FEATURES") = names(var_feature_table);
  module.attr("CLAUSE_FEATURES") = names(clause_feature_table);

  py::class_<Graph>(module, "Graph")
      .def(py::init([](const Formula &formula, const py::object &should_stop) {
             StopPoll poll(should_stop);
             const py::gil_scoped_release release;
             return std::make_unique<Graph>(formula, std::ref(poll));
           }),
           py::arg("formula"), py::arg("should_stop") = py::none())
      .def_static("restored", &restored, py::arg("arrays"), py::arg("root_conflict"))
      .def_property_readonly("num_vars", &Graph::num_vars)
      .def_property_readonly("num_clauses", &Graph::num_clauses)
      .def_property_readonly("num_edges", &Graph::num_edges)
      .def_property_readonly("num_components", &Graph::num_components)
      .def_property_readonly("root_conflict", &Graph::root_conflict)
      .def_property_readonly("clause_offsets", &array_of<&Graph::clause_offsets>)
      .def_property_readonly("clause_lits", &array_of<&Graph::clause_lits>)
      .def_property_readonly("lit_offsets", &array_of<&Graph::lit_offsets>)
      .def_property_readonly("lit_clauses", &array_of<&Graph::lit_clauses>)
      .def_property_readonly("clause_component", &array_of<&Graph::clause_component>)
      .def_property_readonly("var_component", &array_of<&Graph::var_component>)
      .def_property_readonly("root_values", &array_of<&Graph::root_values>)
      .def_property_readonly("var_features",
                             [](const py::object &self) {
                               return rows<var_feature_table.size()>(
                                   self.cast<const Graph &>().var_features(), self);
                             })
      .def_property_readonly("clause_features", [](const py::object &self) {
        return rows<clause_feature_table.size()>(self.cast<const Graph &>().clause_features(),
                                                 self);
      });
}

}  // namespace nb::bind
