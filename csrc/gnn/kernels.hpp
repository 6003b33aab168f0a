// SPDX-License-Identifier: MIT
// What one block of nodes goes through, compiled once per instruction set (isa_*.cpp).
//
// Every array of rows has `width` floats a row and starts on a 64-byte boundary.
#pragma once

#include <cstddef>
#include <cstdint>

#include "gnn/forward.hpp"
#include "gnn/gradient.hpp"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define NB_X86_LEVELS 1
#endif
#define NB_NAME(name) NB_NAME_OF(name)
#define NB_NAME_OF(name) #name

namespace nb::gnn {

// How many rows one task works on.  Part of the results' definition: the sums over components
// are taken block by block.
inline constexpr std::size_t clause_block = 256;
inline constexpr std::size_t var_block = 128;

// Sums of clause states per component, in fixed point: integer addition is associative, so the
// order in which threads come by does not matter.
inline constexpr double fixed_point = 4294967296.0;

struct ClauseJob {
  const Graph *graph;
  const Layer *layer;
  // Set in the first layer, which computes the clause states from the features.
  const Network *input;
  float *clauses;
  const float *literal_table;
  // Rows per component, null if they are zero.
  const float *meta_table;
  // Scores of this layer's attention, [clauses][heads]; null without attention.
  float *scores;
  std::int64_t *component_sums;
};

struct VarJob {
  const Graph *graph;
  const Layer *layer;
  // The layer that reads the literal table written here; null behind the last.
  const Layer *next;
  // For the embedding and for the head.
  const Network *network;
  float *vars;
  const float *clauses;
  const float *scores;
  const float *meta_table;
  float *literal_table;
  float *probabilities;
};

struct MetaJob {
  const Layer *layer;
  // The layer whose clauses read `clause_table`; null behind the last.
  const Layer *next;
  std::size_t num_components;
  const std::int64_t *component_sums;
  const std::int64_t *component_sizes;
  float *meta;
  float *var_table;
  float *clause_table;
};

struct Kernels {
  const char *name;
  void (*update_clauses)(const ClauseJob &, std::size_t begin, std::size_t end);
  void (*update_meta)(const MetaJob &, std::size_t begin, std::size_t end);
  // The embedding of variables (first table) and one layer's update of them.
  void (*embed_vars)(const VarJob &, std::size_t begin, std::size_t end);
  void (*update_vars)(const VarJob &, std::size_t begin, std::size_t end);
  // The passes of training.
  void (*forward)(TrainerState &, float *logits);
  void (*backward)(TrainerState &, const float *grad_logits);
};

namespace base {
extern const Kernels kernels;
}
#ifdef NB_X86_LEVELS
// x86-64-v3 (AVX2 with FMA) and x86-64-v4 (AVX-512).
namespace v3 {
extern const Kernels kernels;
}
namespace v4 {
extern const Kernels kernels;
}
#endif

// The widest instruction set that this machine has, or NEUROBACK_SIMD=v4|v3|base below it.
const Kernels &kernels();

}  // namespace nb::gnn
