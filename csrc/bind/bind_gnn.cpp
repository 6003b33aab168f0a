// SPDX-License-Identifier: MIT
#include <pybind11/stl.h>

#include <chrono>
#include <memory>

#include "bind/bind.hpp"
#include "gnn/forward.hpp"
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

// Asks Python, at most every 20 ms, whether a signal came in or the caller wants to stop.
class StopPoll {
 public:
  explicit StopPoll(py::object should_stop) : should_stop_(std::move(should_stop)) {}

  bool operator()() {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < std::chrono::milliseconds(20)) return false;
    last_ = now;
    const py::gil_scoped_acquire acquire;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    return !should_stop_.is_none() && py::bool_(should_stop_());
  }

 private:
  py::object should_stop_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

py::array_t<float> predict(const gnn::Network &network, const Graph &graph, unsigned threads,
                           const py::object &should_stop) {
  py::array_t<float> probabilities(static_cast<py::ssize_t>(graph.num_vars()));
  const std::span out(probabilities.mutable_data(), graph.num_vars());
  StopPoll poll(should_stop);
  const py::gil_scoped_release release;
  gnn::predict(network, graph, threads, std::ref(poll), out);
  return probabilities;
}

}  // namespace

void register_gnn(py::module_ &module) {
  module.attr("GNN_WIDTH") = gnn::width;
  module.attr("GNN_HEADS") = gnn::heads;

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
           py::arg("should_stop") = py::none());
}

}  // namespace nb::bind
