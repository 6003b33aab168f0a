// SPDX-License-Identifier: MIT
// A checkpoint: the weights and the JSON file beside them, and how a model's probabilities become
// advice.  neuroback/model/checkpoint.py and advice.py are the same for Python.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "formula/formula.hpp"
#include "formula/literal.hpp"
#include "gnn/weights.hpp"

namespace nb::gnn {

// When a model may speak at all: the least share of clear predictions (|2p - 1| >= margin) among
// the variables that unit propagation leaves open.
struct Gate {
  double margin = 0;
  double min_share = 0;
};

struct Checkpoint {
  std::string name;
  Network network;
  double threshold = 0;
  Gate gate;
  // Is advice made consistent before use?
  bool repair = false;

  // `path` is that of the .safetensors or of the .json file.  Throws FileError, with the name of
  // the file that is missing, damaged or made for other features.
  static Checkpoint read(const std::string &path);
};

// Share of the open variables (root value 0) with a clear prediction; 0 if none is open.
double clear_share(const Gate &gate, std::span<const float> p_true,
                   std::span<const Value> root_values);

// Advice of probabilities: all are rounded to 6 digits before use, so that a prediction and the
// file of it give the same search.
struct Advice {
  // One per variable: 1, -1 or 0 (less confident than the threshold), and max(p, 1 - p).
  std::vector<Value> values;
  std::vector<float> confidence;
};
Advice advice_of(std::span<const float> p_true, double threshold);

// About what a prediction takes with one thread, graph included.
double seconds_of_size(std::size_t num_vars, std::size_t num_clauses, std::size_t num_literals);

}  // namespace nb::gnn
