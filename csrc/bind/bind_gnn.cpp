// SPDX-License-Identifier: MIT
#include <pybind11/stl.h>

#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/check.hpp"
#include "bind/bind.hpp"
#include "gnn/checkpoint.hpp"
#include "gnn/forward.hpp"
#include "gnn/gradient.hpp"
#include "gnn/kernels.hpp"
#include "graph/graph.hpp"

namespace nb::bind {

namespace py = pybind11;

namespace {

std::unique_ptr<gnn::Network> read_network(const py::bytes &file,
                                           const std::vector<bool> &attention,
                                           std::size_t var_features, std::size_t clause_features) {
  const std::string_view content(file);
  gnn::NetworkShape shape;
  shape.var_features = var_features;
  shape.clause_features = clause_features;
  shape.attention = attention;
  return std::make_unique<gnn::Network>(gnn::Network::from_safetensors(
      std::as_bytes(std::span(content.data(), content.size())), shape));
}

py::array_t<float> predict(const gnn::Network &network, const Graph &graph, unsigned threads,
                           const py::object &should_stop) {
  py::array_t<float> probabilities(static_cast<py::ssize_t>(graph.num_vars()));
  const std::span out(probabilities.mutable_data(), graph.num_vars());
  StopPoll poll(should_stop);
  const py::gil_scoped_release release;
  gnn::predict(network, graph, threads, std::ref(poll), out);
  return probabilities;
}

// P(true) of every variable, and the states of all variables pooled.
py::tuple predict_pooled(const gnn::Network &network, const Graph &graph, unsigned threads,
                         const py::object &should_stop) {
  py::array_t<float> probabilities(static_cast<py::ssize_t>(graph.num_vars()));
  std::vector<float> pooled(2 * gnn::width);
  const std::span out(probabilities.mutable_data(), graph.num_vars());
  {
    StopPoll poll(should_stop);
    const py::gil_scoped_release release;
    gnn::predict(network, graph, threads, std::ref(poll), out, pooled);
  }
  return py::make_tuple(probabilities, py::cast(pooled));
}

// Views of a batch's arrays, by name; they must be contiguous and of the right type, as copies
// would not outlive the call.
template <typename T>
std::span<const T> view_of(const py::dict &arrays, const char *name) {
  const py::object item = arrays[name];
  if (!py::isinstance<py::array_t<T, py::array::c_style>>(item))
    throw ContractError(std::string(name) + " is not a contiguous array of the expected type");
  const auto array = py::cast<py::array_t<T, py::array::c_style>>(item);
  return {array.data(), static_cast<std::size_t>(array.size())};
}

gnn::BatchView batch_of(const py::dict &arrays) {
  gnn::BatchView batch;
  batch.clause_lits = view_of<std::int32_t>(arrays, "clause_lits");
  batch.clause_sizes = view_of<std::int32_t>(arrays, "clause_sizes");
  batch.lit_clauses = view_of<std::int32_t>(arrays, "lit_clauses");
  batch.lit_sizes = view_of<std::int32_t>(arrays, "lit_sizes");
  batch.clause_position = view_of<std::int32_t>(arrays, "clause_position");
  batch.clause_component = view_of<std::int32_t>(arrays, "clause_component");
  batch.component_sizes = view_of<std::int32_t>(arrays, "component_sizes");
  batch.var_component = view_of<std::int32_t>(arrays, "var_component");
  batch.in_component = view_of<float>(arrays, "in_component");
  batch.var_features = view_of<float>(arrays, "var_features");
  batch.clause_features = view_of<float>(arrays, "clause_features");
  return batch;
}

// All arrays of `parameters` are looked up before the GIL is released.
std::map<std::string, std::pair<float *, std::size_t>> places_of(const py::dict &parameters) {
  std::map<std::string, std::pair<float *, std::size_t>> places;
  for (const auto &[name, value] : parameters) {
    if (!py::isinstance<py::array_t<float, py::array::c_style>>(value))
      throw ContractError("a parameter is not a contiguous float32 array");
    auto array = py::cast<py::array_t<float, py::array::c_style>>(value);
    places.emplace(py::cast<std::string>(name), std::pair(const_cast<float *>(array.data()),
                                                          static_cast<std::size_t>(array.size())));
  }
  return places;
}

gnn::Trainer::Lookup lookup_in(
    const std::map<std::string, std::pair<float *, std::size_t>> &places) {
  return [&places](const std::string &name, std::size_t size) {
    const auto found = places.find(name);
    NB_REQUIRE(found != places.end() && found->second.second == size,
               "no parameter %s of %zu numbers", name.c_str(), size);
    return found->second.first;
  };
}

// (name, shape, is it trained?) of every tensor of a checkpoint.
py::list network_parameters(const std::vector<bool> &attention, std::size_t var_features,
                            std::size_t clause_features) {
  py::list rows;
  for (const auto &row : gnn::parameter_list({var_features, clause_features, attention}))
    rows.append(py::make_tuple(row.name, py::tuple(py::cast(row.shape)), row.trained));
  return rows;
}

void trainer_forward(gnn::Trainer &trainer, const py::dict &arrays, const py::dict &parameters,
                     py::array_t<float, py::array::c_style> logits) {
  const gnn::BatchView batch = batch_of(arrays);
  const auto places = places_of(parameters);
  const std::span out(logits.mutable_data(), static_cast<std::size_t>(logits.size()));
  const py::gil_scoped_release release;
  trainer.forward(batch, lookup_in(places), out);
}

void trainer_backward(gnn::Trainer &trainer,
                      const py::array_t<float, py::array::c_style> &grad_logits,
                      const py::dict &gradients) {
  const auto places = places_of(gradients);
  const std::span grads(grad_logits.data(), static_cast<std::size_t>(grad_logits.size()));
  const py::gil_scoped_release release;
  trainer.backward(grads, lookup_in(places));
}

}  // namespace

void register_gnn(py::module_ &module) {
  module.def("prediction_seconds", &gnn::seconds_of_size, py::arg("num_vars"),
             py::arg("num_clauses"), py::arg("num_literals"));
  module.attr("GNN_WIDTH") = gnn::width;
  module.attr("GNN_HEADS") = gnn::heads;

  module.def("network_parameters", &network_parameters, py::arg("attention"),
             py::arg("var_features"), py::arg("clause_features"));

  py::class_<gnn::Network>(module, "Network")
      .def(py::init(&read_network), py::arg("file"), py::arg("attention"), py::arg("var_features"),
           py::arg("clause_features"))
      .def_property_readonly("parameters",
                             [](const gnn::Network &network) { return network.parameters; })
      .def_property_readonly_static("kernels",
                                    [](const py::object &) { return gnn::kernels().name; })
      .def("memory_bytes",
           [](const gnn::Network &network, const Graph &graph) {
             return gnn::memory_bytes(network.shape, graph.num_vars(), graph.num_clauses(),
                                      graph.num_components());
           })
      .def("predict", &predict, py::arg("graph"), py::arg("threads") = 1,
           py::arg("should_stop") = py::none())
      .def("predict_pooled", &predict_pooled, py::arg("graph"), py::arg("threads") = 1,
           py::arg("should_stop") = py::none());

  py::class_<gnn::Trainer>(module, "Trainer")
      .def(py::init([](const std::vector<bool> &attention, std::size_t var_features,
                       std::size_t clause_features) {
             return std::make_unique<gnn::Trainer>(
                 gnn::NetworkShape{var_features, clause_features, attention});
           }),
           py::arg("attention"), py::arg("var_features"), py::arg("clause_features"))
      .def("forward", &trainer_forward, py::arg("batch"), py::arg("parameters"),
           py::arg("logits").noconvert())
      .def("backward", &trainer_backward, py::arg("grad_logits").noconvert(), py::arg("gradients"));
}

}  // namespace nb::bind
