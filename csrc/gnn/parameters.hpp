// SPDX-License-Identifier: MIT
// The parameters of a network: what each is called in a checkpoint, its shape, and its place.
//
// Idea     One list for all who have parameters.  `NetworkOf<Kind>` is the network with whatever
//          its Kind keeps of a parameter (the reader vectors to compute with, the trainer values
//          and gradients), and `visit_parameters` walks over any of them.  PyTorch's network is
//          held against the same list (neuroback/model/network.py).
// Shapes   those of PyTorch: [outputs, inputs].
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace nb::gnn {

// Width of every hidden state.  The kernels are compiled for it: two 64-byte vectors a row.
inline constexpr std::size_t width = 32;
// Attention heads; each owns width / heads channels of what is pooled.
inline constexpr std::size_t heads = 4;

// What the JSON beside the weights says about their shapes.
struct NetworkShape {
  std::size_t var_features = 0;
  std::size_t clause_features = 0;
  // One entry a layer: does its variable side pool by attention (else by the mean)?
  std::vector<bool> attention;
};

template <class Kind>
struct DenseOf {
  typename Kind::Matrix weight;
  typename Kind::Vector bias;
};

template <class Kind>
struct NormOf {
  typename Kind::Vector scale, shift;
};

// Features, normalised by constants of the checkpoint, become a state.
template <class Kind>
struct InputOf {
  std::size_t features = 0;
  typename Kind::Constant mean, scale;
  typename Kind::Features weight;
  typename Kind::Vector bias;
  NormOf<Kind> norm;
};

// state <- N(state + O relu(A state + message + B meta))
template <class Kind>
struct UpdateOf {
  bool hears_meta = true;
  DenseOf<Kind> own;
  typename Kind::Matrix meta;
  DenseOf<Kind> out;
  NormOf<Kind> norm;
};

template <class Kind>
struct LayerOf {
  bool attention = false;
  // Literal -> clause.
  typename Kind::Matrix clause_positive, clause_negative;
  UpdateOf<Kind> clause;
  // Clauses -> component.
  typename Kind::Matrix meta_clauses;
  DenseOf<Kind> meta_own;
  NormOf<Kind> meta_norm;
  // Clause -> variable; scores only with attention.
  typename Kind::Matrix var_positive, var_negative;
  typename Kind::Scores score_clause, score_var;
  UpdateOf<Kind> var;
};

template <class Kind>
struct NetworkOf {
  NetworkOf() = default;
  explicit NetworkOf(NetworkShape given) : shape(std::move(given)), layers(shape.attention.size()) {
    var_input.features = shape.var_features;
    clause_input.features = shape.clause_features;
    for (std::size_t index = 0; index < layers.size(); ++index) {
      layers[index].attention = shape.attention[index];
      // The meta nodes' states begin as zeros: the first layer's clauses need no map of them.
      layers[index].clause.hears_meta = index > 0;
    }
  }

  NetworkShape shape;
  InputOf<Kind> var_input, clause_input;
  std::vector<LayerOf<Kind>> layers;
  DenseOf<Kind> head_hidden;
  typename Kind::Vector head_out, head_out_bias;
};

// Calls of `visit`, each with a name and a place in `network`:
//
//     matrix(name, place)               [width, width]
//     features(name, place, features)   [width, features]
//     scores(name, place)               [heads, width]
//     row(name, place)                  [1, width]
//     vector(name, place, size)         [size]
//     constant(name, place, size)       [size], not trained
template <class Kind, class Visit>
class ParameterWalk {
 public:
  ParameterWalk(NetworkOf<Kind> &network, Visit &visit) : network_(network), visit_(visit) {}

  void run() {
    input("var_input", network_.var_input);
    input("clause_input", network_.clause_input);
    for (std::size_t index = 0; index < network_.layers.size(); ++index)
      layer("layers." + std::to_string(index) + ".", network_.layers[index]);
    dense("head.hidden", network_.head_hidden);
    visit_.row("head.out.weight", network_.head_out);
    visit_.vector("head.out.bias", network_.head_out_bias, 1);
  }

 private:
  void layer(const std::string &prefix, LayerOf<Kind> &p) {
    visit_.matrix(prefix + "to_clause.positive.weight", p.clause_positive);
    visit_.matrix(prefix + "to_clause.negative.weight", p.clause_negative);
    update(prefix + "clause", p.clause);
    visit_.matrix(prefix + "meta.clauses.weight", p.meta_clauses);
    dense(prefix + "meta.own", p.meta_own);
    norm(prefix + "meta.norm", p.meta_norm);
    visit_.matrix(prefix + "to_var.positive.weight", p.var_positive);
    visit_.matrix(prefix + "to_var.negative.weight", p.var_negative);
    if (p.attention) {
      visit_.scores(prefix + "to_var.score_clause.weight", p.score_clause);
      visit_.scores(prefix + "to_var.score_var.weight", p.score_var);
    }
    update(prefix + "var", p.var);
  }
  void input(const std::string &name, InputOf<Kind> &p) {
    visit_.constant(name + ".mean", p.mean, p.features);
    visit_.constant(name + ".scale", p.scale, p.features);
    visit_.features(name + ".linear.weight", p.weight, p.features);
    visit_.vector(name + ".linear.bias", p.bias, width);
    norm(name + ".norm", p.norm);
  }
  void update(const std::string &name, UpdateOf<Kind> &p) {
    dense(name + ".own", p.own);
    if (p.hears_meta) visit_.matrix(name + ".meta.weight", p.meta);
    dense(name + ".out", p.out);
    norm(name + ".norm", p.norm);
  }
  void dense(const std::string &name, DenseOf<Kind> &p) {
    visit_.matrix(name + ".weight", p.weight);
    visit_.vector(name + ".bias", p.bias, width);
  }
  void norm(const std::string &name, NormOf<Kind> &p) {
    visit_.vector(name + ".weight", p.scale, width);
    visit_.vector(name + ".bias", p.shift, width);
  }

  NetworkOf<Kind> &network_;
  Visit &visit_;
};

template <class Kind, class Visit>
void visit_parameters(NetworkOf<Kind> &network, Visit &visit) {
  ParameterWalk<Kind, Visit>(network, visit).run();
}

struct ParameterRow {
  std::string name;
  std::vector<std::size_t> shape;
  bool trained = true;
};

// All tensors of a checkpoint, constants included.
std::vector<ParameterRow> parameter_list(const NetworkShape &shape);

}  // namespace nb::gnn
