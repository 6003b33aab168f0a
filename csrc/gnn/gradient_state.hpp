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

// One matrix: PyTorch's [outputs][inputs] for gradients, its transpose for values.
struct Matrix {
  const float *weight = nullptr;
  float *gradient = nullptr;
  Floats transposed;
};
struct Bias {
  const float *value = nullptr;
  float *gradient = nullptr;
};
struct NormParameters {
  Bias scale, shift;
};
struct UpdateParameters {
  Matrix own, out, meta;
  Bias own_bias, out_bias;
  NormParameters norm;
  bool hears_meta = true;
};
struct InputParameters {
  std::size_t features = 0;
  const float *mean = nullptr, *scale = nullptr;
  // [width][features] in PyTorch; both copies here are [features][width].
  Floats transposed, gradient_transposed;
  const float *weight = nullptr;
  float *gradient = nullptr;
  Bias bias;
  NormParameters norm;
};
struct LayerParameters {
  bool attention = false;
  Matrix clause_positive, clause_negative, var_positive, var_negative;
  UpdateParameters clause, var;
  Matrix meta_clauses, meta_own;
  Bias meta_bias;
  NormParameters meta_norm;
  // [heads][width] in PyTorch, [width][16] here.
  const float *score_clause = nullptr, *score_var = nullptr;
  float *score_clause_gradient = nullptr, *score_var_gradient = nullptr;
  Floats score_clause_columns, score_var_columns;
};

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

struct TrainerState {
  NetworkShape shape;
  BatchView batch;
  std::size_t vars = 0, clauses = 0, components = 0, edges = 0;
  std::vector<std::int32_t> clause_offsets, lit_offsets;
  InputParameters var_input, clause_input;
  std::vector<LayerParameters> layers;
  Matrix head_hidden;
  Bias head_bias, head_out, head_out_bias;

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
