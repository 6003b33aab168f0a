// SPDX-License-Identifier: MIT
// A trained network's weights, read from a safetensors file and checked before use.
//
// Format   8 bytes little-endian header length, a JSON header that maps names to
//          {dtype, shape, data_offsets}, then the bytes of the tensors.
// Trust    none: a checkpoint may come from anywhere.  Every length, offset, shape, dtype and
//          value is checked; anything unexpected is a FileError, nothing is skipped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "gnn/aligned.hpp"

namespace nb::gnn {

// Width of every hidden state.  The kernels are compiled for it: two 64-byte vectors a row.
inline constexpr std::size_t width = 32;
// Floats side by side in all that is laid out for vectors: half a row.
inline constexpr std::size_t lanes = 16;
// Attention heads; each owns width / heads channels of what is pooled.
inline constexpr std::size_t heads = 4;

// A tensor as it lies in the file: float32, row-major.
struct Tensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

// Parses a whole safetensors file.  Throws FileError.
std::map<std::string, Tensor> parse_safetensors(std::span<const std::byte> file);

// What the JSON beside the weights says about their shapes.
struct NetworkShape {
  std::size_t var_features = 0;
  std::size_t clause_features = 0;
  // One entry a layer: does its variable side pool by attention (else by the mean)?
  std::vector<bool> attention;
};

// Matrices are kept as [inputs][outputs], the transpose of what PyTorch stores, so that the
// kernels read them row by row.
struct Dense {
  Floats weight;
  Floats bias;
};
struct Norm {
  Floats scale;
  Floats shift;
};
struct Update {
  Dense own;
  Floats meta;
  Dense out;
  Norm norm;
};

struct Layer {
  bool attention = false;
  // Literal -> clause: the table rows x W+ and x W-.
  Floats clause_positive, clause_negative;
  Update clause;
  // Clauses -> component.
  Floats meta_clauses;
  Dense meta_own;
  Norm meta_norm;
  // Clause -> variable.
  Floats var_positive, var_negative;
  Update var;
  // [width][16] with the score vectors of the heads in the first columns.
  Floats score_clause, score_var;
};

struct Network {
  NetworkShape shape;
  std::size_t parameters = 0;
  // Feature normalisation (mean and 1 / deviation) is folded into the input layers.
  Dense var_input, clause_input;
  Norm var_input_norm, clause_input_norm;
  std::vector<Layer> layers;
  Dense head_hidden;
  Floats head_out;
  float head_bias = 0;

  // Throws FileError where a tensor is missing, left over, of the wrong shape or not finite.
  static Network from_safetensors(std::span<const std::byte> file, const NetworkShape &shape);
};

}  // namespace nb::gnn
