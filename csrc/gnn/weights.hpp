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
#include "gnn/parameters.hpp"

namespace nb::gnn {

// Floats side by side in all that is laid out for vectors: half a row.
inline constexpr std::size_t lanes = 16;

// A tensor as it lies in the file: float32, row-major.
struct Tensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

// Parses a whole safetensors file.  Throws FileError.
std::map<std::string, Tensor> parse_safetensors(std::span<const std::byte> file);

// What the reader keeps.  Matrices are [inputs][outputs], the transpose of what PyTorch stores, so
// that the kernels read them row by row.  Scores are [width][lanes], the heads' vectors in the
// first columns.
struct Weights {
  using Matrix = Floats;
  using Vector = Floats;
  using Constant = Floats;
  using Features = Floats;
  using Scores = Floats;
};
using Norm = NormOf<Weights>;
using Input = InputOf<Weights>;
using Update = UpdateOf<Weights>;
using Layer = LayerOf<Weights>;

struct Network : NetworkOf<Weights> {
  using NetworkOf<Weights>::NetworkOf;

  // How many numbers were trained.
  std::size_t parameters = 0;

  // Feature normalisation is folded into the input layers.
  // Throws FileError if a tensor is missing, left over, of the wrong shape or not finite.
  static Network from_safetensors(std::span<const std::byte> file, const NetworkShape &shape);
};

}  // namespace nb::gnn
