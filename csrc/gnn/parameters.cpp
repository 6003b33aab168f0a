// SPDX-License-Identifier: MIT
#include "gnn/parameters.hpp"

namespace nb::gnn {

namespace {

struct Nothing {
  struct Place {};
  using Matrix = Place;
  using Vector = Place;
  using Constant = Place;
  using Features = Place;
  using Scores = Place;
};

struct Lister {
  std::vector<ParameterRow> rows;

  void matrix(const std::string &name, Nothing::Place) { add(name, {width, width}); }
  void features(const std::string &name, Nothing::Place, std::size_t features) {
    add(name, {width, features});
  }
  void scores(const std::string &name, Nothing::Place) { add(name, {heads, width}); }
  void row(const std::string &name, Nothing::Place) { add(name, {1, width}); }
  void vector(const std::string &name, Nothing::Place, std::size_t size) { add(name, {size}); }
  void constant(const std::string &name, Nothing::Place, std::size_t size) {
    add(name, {size});
    rows.back().trained = false;
  }
  void add(const std::string &name, std::vector<std::size_t> shape) {
    rows.push_back({name, std::move(shape)});
  }
};

}  // namespace

std::vector<ParameterRow> parameter_list(const NetworkShape &shape) {
  NetworkOf<Nothing> network(shape);
  Lister lister;
  visit_parameters(network, lister);
  return std::move(lister.rows);
}

}  // namespace nb::gnn
