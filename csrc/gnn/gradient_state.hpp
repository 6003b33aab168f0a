// SPDX-License-Identifier: MIT
// What the trainer keeps: parameters with their gradients, and the states that a forward pass
// leaves for the backward pass.
#pragma once

#include <cstring>

#include "gnn/aligned.hpp"
#include "gnn/gradient.hpp"

namespace nb::gnn {

inline namespace trainer_parts {

constexpr std::size_t block_rows = 64;

// What the trainer keeps: PyTorch's values and the place of their gradients; of matrices also the
// transpose of the values.
struct Matrix {
  const float *value = nullptr;
  float *gradient = nullptr;
  Floats transposed;
};
struct Places {
  struct Vector {
    const float *value = nullptr;
    float *gradient = nullptr;
  };
  using Matrix = trainer_parts::Matrix;
  using Constant = const float *;
  // Both copies are [features][width].
  struct Features {
    const float *value = nullptr;
    float *gradient = nullptr;
    Floats transposed, gradient_transposed;
  };
  // [heads][width] in PyTorch; the columns are [width][lanes].
  struct Scores {
    const float *value = nullptr;
    float *gradient = nullptr;
    Floats columns;
  };
};
using NormPlaces = NormOf<Places>;
using InputPlaces = InputOf<Places>;
using UpdatePlaces = UpdateOf<Places>;
using LayerPlaces = LayerOf<Places>;

// Memory that grows and is kept, so that batches do not fault it in anew each time.
struct Buffer {
  Floats memory;
  float *get(std::size_t size) {
    if (memory.size() < size) memory = Floats(size + size / 4);
    return memory.data();
  }
};

// What an update leaves for its backward pass.
struct UpdateMemory {
  Buffer hidden, normalised, inverse;
};
struct LayerMemory {
  Buffer clauses, vars, meta;
  UpdateMemory clause, var;
  Buffer mean, meta_hidden, meta_normalised, meta_inverse;
  Buffer pooled;
  Buffer clause_scores, var_scores, weights, totals;
};

}  // namespace trainer_parts

struct TrainerState : NetworkOf<Places> {
  explicit TrainerState(NetworkShape given)
      : NetworkOf<Places>(std::move(given)), memory(layers.size()) {}

  BatchView batch;
  std::size_t vars = 0, clauses = 0, components = 0, edges = 0;
  std::vector<std::int32_t> clause_offsets, lit_offsets;

  Buffer var_rows, clause_rows, var_normalised, var_inverse, clause_normalised, clause_inverse;
  Buffer first_vars, first_clauses, first_meta;
  std::vector<LayerMemory> memory;
  Buffer head_units;
  Buffer literal_table, literal_grads, clause_grads, var_grads, meta_grads, component_sums;
  Buffer score_grads, clause_messages;

  const float *vars_of(std::size_t layer) {
    return layer == 0 ? first_vars.get(0) : memory[layer - 1].vars.get(0);
  }
  const float *clauses_of(std::size_t layer) {
    return layer == 0 ? first_clauses.get(0) : memory[layer - 1].clauses.get(0);
  }
  const float *meta_of(std::size_t layer) {
    return layer == 0 ? first_meta.get(0) : memory[layer - 1].meta.get(0);
  }
};

}  // namespace nb::gnn
