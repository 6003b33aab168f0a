// SPDX-License-Identifier: MIT
#include "bind/bind.hpp"

PYBIND11_MODULE(_core, module) {
  module.doc() = "The compiled parts of NeuroBack.";
  module.attr("__version__") = NB_VERSION;
  nb::bind::register_errors(module);
  nb::bind::register_formula(module);
  nb::bind::register_graph(module);
  nb::bind::register_engine(module);
  nb::bind::register_repair(module);
  nb::bind::register_proof(module);
  nb::bind::register_gnn(module);
  nb::bind::register_solver(module);
  nb::bind::register_backbone(module);
}
