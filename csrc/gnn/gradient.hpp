// SPDX-License-Identifier: MIT
// The forward pass that remembers, and its backward pass: training on a CPU without a tensor per
// operation.
//
// Idea     The same layers as forward.hpp, on the weights as PyTorch holds them.  What the
//          backward pass needs (states, hidden units, normalised rows, attention weights) is kept
//          from the forward pass; matrices are multiplied block by block while they are in L1.
// Use      neuroback/model/native.py makes one autograd function of the two, so optimizer,
//          schedule and loss stay PyTorch's.  tests/model compares every gradient with PyG's.
// Cost     about a quarter of the PyG model's CPU time; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gnn/weights.hpp"

namespace nb::gnn {

// A batch of graphs as one graph, borrowed from the tensors of model/network.py's GraphData.
struct BatchView {
  std::span<const std::int32_t> clause_lits, clause_sizes;
  std::span<const std::int32_t> lit_clauses, lit_sizes;
  // Where edge i of clause_lits is in lit_clauses.
  std::span<const std::int32_t> clause_position;
  std::span<const std::int32_t> clause_component, component_sizes, var_component;
  // 0 for an isolated variable, else 1.
  std::span<const float> in_component;
  std::span<const float> var_features, clause_features;
};

// Parameters, and the states that a forward pass leaves for the backward pass.
struct TrainerState;

class Trainer {
 public:
  // Gives the values of a parameter, or the place where its gradient is added; PyTorch's layout.
  // Throws if there is none of this name and size.
  using Lookup = std::function<float *(const std::string &name, std::size_t size)>;

  explicit Trainer(NetworkShape shape);
  ~Trainer();

  // Writes one logit per variable.  `batch` and the weights must stay until `backward`.
  void forward(const BatchView &batch, const Lookup &weights, std::span<float> logits);
  // Adds the gradients of sum(grad_logits * logits) over the last forward pass's weights.
  void backward(std::span<const float> grad_logits, const Lookup &gradients);

 private:
  std::unique_ptr<TrainerState> state_;
};

}  // namespace nb::gnn
