// SPDX-License-Identifier: MIT
// The backward pass, layer by layer from the head.  A part of each isa_*.cpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>

#include "gnn/gradient_forward.hpp"

namespace nb::gnn::NB_ISA {

// Attention's weights, from the gradients of what was pooled: turns `grads` (of the two pooled
// rows) into those of the unnormalised sums, fills the scores' gradients of the variable's edges
// and returns that of its own score.
NB_INLINE Vec4 attend_backward(TrainerState &s, std::size_t index, std::size_t v, float *grads) {
  LayerMemory &m = s.memory[index];
  const float *clauses = m.clauses.get(0), *scores = m.clause_scores.get(0);
  const float *weights = m.weights.get(0);
  const float *pooled = m.pooled.get(0) + 2 * v * width;
  float *edge_grads = s.score_grads.get(0);
  const Vec4 own = load4(m.var_scores.get(0) + v * heads);
  const Vec4 share = load4(m.totals.get(0) + v * heads);
  Vec4 total_grad = {};
  alignas(64) float parts[width];
  for (std::size_t i = 0; i < 2; ++i) {
    Row g = load(grads + i * width);
    const Row p = load(pooled + i * width);
    store(parts, {g.low * p.low, g.high * p.high});
    for (std::size_t h = 0; h < heads; ++h)
      for (std::size_t k = 0; k < width / heads; ++k) total_grad[h] -= parts[h * 8 + k];
    g.low *= spread(share[0], share[1]);
    g.high *= spread(share[2], share[3]);
    store(grads + i * width, g);
  }
  total_grad *= share;
  Vec4 own_grad = {};
  const Vec4 zero = {};
  for (std::size_t lit = 2 * v; lit < 2 * v + 2; ++lit) {
    const Row g = load(grads + (lit - 2 * v) * width);
    const auto end = static_cast<std::size_t>(s.lit_offsets[lit + 1]);
    for (auto e = static_cast<std::size_t>(s.lit_offsets[lit]); e < end; ++e) {
      const auto clause = static_cast<std::size_t>(s.batch.lit_clauses[e]);
      const Row row = load(clauses + clause * width);
      store(parts, {g.low * row.low, g.high * row.high});
      Vec4 grad = total_grad;
      for (std::size_t h = 0; h < heads; ++h)
        grad[h] += sum_lanes(load4(parts + 8 * h) + load4(parts + 8 * h + 4));
      const Vec4 raw = load4(scores + clause * heads) + own;
      const Vec4 slope = raw > zero ? zero + 1.0f : zero + 0.2f;
      grad *= load4(weights + e * heads) * slope;
      std::memcpy(edge_grads + e * heads, &grad, sizeof grad);
      own_grad += grad;
    }
  }
  return own_grad;
}

template <int R>
NB_INLINE void vars_backward(TrainerState &s, std::size_t index) {
  LayerPlaces &p = s.layers[index];
  LayerMemory &m = s.memory[index];
  const float *in = s.vars_of(index);
  float *grads = s.var_grads.get(0), *literal_grads = s.literal_grads.get(0);
  float *sums = s.component_sums.get(0);
  std::memset(sums, 0, s.components * row_bytes);
  alignas(64) float rest[block_rows * width];
  alignas(64) float part[block_rows * width];
  alignas(64) float score_grads[block_rows * heads];
  for (std::size_t begin = 0; begin < s.vars; begin += block_rows) {
    const std::size_t n = std::min(block_rows, s.vars - begin);
    float *grad = grads + begin * width;
    const float *pooled = m.pooled.get(0) + 2 * begin * width;
    update_backward<R>(p.var, in + begin * width, grad, rest, m.var.hidden.get(0) + begin * width,
                       m.var.normalised.get(0) + begin * width, m.var.inverse.get(0) + begin, n);
    for (std::size_t r = 0; r < n; ++r) {
      if (s.batch.in_component[begin + r] == 0.0f) continue;
      float *at = sums + static_cast<std::size_t>(s.batch.var_component[begin + r]) * width;
      Row sum = load(at);
      add(sum, rest + r * width);
      store(at, sum);
    }
    for (std::size_t sign = 0; sign < 2; ++sign) {
      const Matrix &matrix = sign == 0 ? p.var_positive : p.var_negative;
      for (std::size_t r = 0; r < n; ++r)
        store(part + r * width, load(pooled + (2 * r + sign) * width));
      add_outer(matrix.gradient, rest, part, n);
      multiply<R>(part, nullptr, rest, matrix.value, n);
      for (std::size_t r = 0; r < n; ++r)
        store(literal_grads + (2 * (begin + r) + sign) * width, load(part + r * width));
    }
    for (std::size_t r = 0; r < n; ++r) {
      const std::size_t v = begin + r;
      float *rows = literal_grads + 2 * v * width;
      if (p.attention) {
        const Vec4 own = attend_backward(s, index, v, rows);
        std::memcpy(score_grads + r * heads, &own, sizeof own);
      } else {
        const std::int32_t degree = s.lit_offsets[2 * v + 2] - s.lit_offsets[2 * v];
        const float share = degree > 0 ? 1.0f / static_cast<float>(degree) : 0.0f;
        for (std::size_t i = 0; i < 2; ++i) {
          const Row row = load(rows + i * width);
          store(rows + i * width, {row.low * share, row.high * share});
        }
      }
    }
    if (p.attention) {
      add_outer(p.score_var.gradient, score_grads, in + begin * width, n, heads, heads);
      for (std::size_t r = 0; r < n; ++r) {
        Row row = load(grad + r * width);
        for (std::size_t h = 0; h < heads; ++h) {
          const Row w = load(p.score_var.value + h * width);
          row.low += score_grads[r * heads + h] * w.low;
          row.high += score_grads[r * heads + h] * w.high;
        }
        store(grad + r * width, row);
      }
    }
  }
}

// What components receive and send back: gradient of g_{index + 1}, then of g_index, and of the
// mean (per clause) in `component_sums`.
NB_INLINE void meta_backward(TrainerState &s, std::size_t index) {
  LayerPlaces &p = s.layers[index];
  LayerMemory &m = s.memory[index];
  float *grads = s.meta_grads.get(0), *sums = s.component_sums.get(0);
  const float *in = s.meta_of(index), *out = m.meta.get(0);
  alignas(64) float rest[width];
  for (std::size_t k = 0; k < s.components; ++k) {
    float *grad = grads + k * width;
    add_outer(p.var.meta.gradient, sums + k * width, out + k * width, 1);
    multiply<1>(grad, grad, sums + k * width, p.var.meta.value, 1);
    normalise_backward(grad, p.meta_norm, m.meta_normalised.get(0) + k * width,
                       m.meta_inverse.get(0) + k, 1);
    store(rest, load(grad));
    relu_backward(rest, m.meta_hidden.get(0) + k * width, 1);
    add_columns(p.meta_own.bias.gradient, rest, 1);
    add_outer(p.meta_own.weight.gradient, rest, in + k * width, 1);
    add_outer(p.meta_clauses.gradient, rest, m.mean.get(0) + k * width, 1);
    multiply<1>(grad, grad, rest, p.meta_own.weight.value, 1);
    multiply<1>(rest, nullptr, rest, p.meta_clauses.value, 1);
    const float share = 1.0f / static_cast<float>(std::max(1, s.batch.component_sizes[k]));
    const Row row = load(rest);
    store(sums + k * width, {row.low * share, row.high * share});
  }
}

template <int R>
NB_INLINE void clauses_backward(TrainerState &s, std::size_t index) {
  LayerPlaces &p = s.layers[index];
  LayerMemory &m = s.memory[index];
  const float *in = s.clauses_of(index), *states = m.clauses.get(0);
  float *grads = s.clause_grads.get(0), *messages = s.clause_messages.get(0);
  const float *literal_grads = s.literal_grads.get(0), *sums = s.component_sums.get(0);
  const float *weights = m.weights.get(0), *edge_grads = s.score_grads.get(0);
  alignas(64) float score_grads[block_rows * heads];
  for (std::size_t begin = 0; begin < s.clauses; begin += block_rows) {
    const std::size_t n = std::min(block_rows, s.clauses - begin);
    float *grad = grads + begin * width;
    for (std::size_t r = 0; r < n; ++r) {
      const std::size_t c = begin + r;
      Row sum = load(grad + r * width);
      add(sum, sums + static_cast<std::size_t>(s.batch.clause_component[c]) * width);
      const auto last = static_cast<std::size_t>(s.clause_offsets[c + 1]);
      Vec4 score_grad = {};
      for (auto e = static_cast<std::size_t>(s.clause_offsets[c]); e < last; ++e) {
        const float *from =
            literal_grads + static_cast<std::size_t>(s.batch.clause_lits[e]) * width;
        if (p.attention) {
          const auto at = static_cast<std::size_t>(s.batch.clause_position[e]);
          const Vec4 weight = load4(weights + at * heads);
          const Row row = load(from);
          sum.low += row.low * spread(weight[0], weight[1]);
          sum.high += row.high * spread(weight[2], weight[3]);
          score_grad += load4(edge_grads + at * heads);
        } else {
          add(sum, from);
        }
      }
      if (p.attention) {
        std::memcpy(score_grads + r * heads, &score_grad, sizeof score_grad);
        for (std::size_t h = 0; h < heads; ++h) {
          const Row w = load(p.score_clause.value + h * width);
          sum.low += score_grad[h] * w.low;
          sum.high += score_grad[h] * w.high;
        }
      }
      store(grad + r * width, sum);
    }
    if (p.attention)
      add_outer(p.score_clause.gradient, score_grads, states + begin * width, n, heads, heads);
    update_backward<R>(p.clause, in + begin * width, grad, messages + begin * width,
                       m.clause.hidden.get(0) + begin * width,
                       m.clause.normalised.get(0) + begin * width, m.clause.inverse.get(0) + begin,
                       n);
  }
  // B g: summed per component first.
  if (p.clause.hears_meta) {
    float *totals = s.component_sums.get(0);
    std::memset(totals, 0, s.components * row_bytes);
    for (std::size_t c = 0; c < s.clauses; ++c) {
      float *at = totals + static_cast<std::size_t>(s.batch.clause_component[c]) * width;
      Row sum = load(at);
      add(sum, messages + c * width);
      store(at, sum);
    }
    const float *meta = s.meta_of(index);
    float *meta_grads = s.meta_grads.get(0);
    for (std::size_t k = 0; k < s.components; ++k) {
      add_outer(p.clause.meta.gradient, totals + k * width, meta + k * width, 1);
      multiply<1>(meta_grads + k * width, meta_grads + k * width, totals + k * width,
                  p.clause.meta.value, 1);
    }
  }
  for (std::size_t c = 0; c < s.clauses; ++c) {
    const std::int32_t size = s.clause_offsets[c + 1] - s.clause_offsets[c];
    const float share = size > 0 ? 1.0f / static_cast<float>(size) : 0.0f;
    const Row row = load(messages + c * width);
    store(messages + c * width, {row.low * share, row.high * share});
  }
}

template <int R>
NB_INLINE void table_backward(TrainerState &s, std::size_t index) {
  LayerPlaces &p = s.layers[index];
  const float *in = s.vars_of(index);
  const float *messages = s.clause_messages.get(0);
  float *grads = s.var_grads.get(0);
  alignas(64) float rows[block_rows * width];
  for (std::size_t begin = 0; begin < s.vars; begin += block_rows) {
    const std::size_t n = std::min(block_rows, s.vars - begin);
    for (std::size_t sign = 0; sign < 2; ++sign) {
      for (std::size_t r = 0; r < n; ++r) {
        const std::size_t lit = 2 * (begin + r) + sign;
        Row sum{};
        const auto end = static_cast<std::size_t>(s.lit_offsets[lit + 1]);
        for (auto e = static_cast<std::size_t>(s.lit_offsets[lit]); e < end; ++e)
          add(sum, messages + static_cast<std::size_t>(s.batch.lit_clauses[e]) * width);
        store(rows + r * width, sum);
      }
      const Matrix &matrix = sign == 0 ? p.clause_positive : p.clause_negative;
      add_outer(matrix.gradient, rows, in + begin * width, n);
      multiply<R>(grads + begin * width, grads + begin * width, rows, matrix.value, n);
    }
  }
}

template <int R>
NB_INLINE void backward_all(TrainerState &s, const float *grad_logits) {
  std::memset(s.clause_grads.get(0), 0, s.clauses * row_bytes);
  std::memset(s.meta_grads.get(0), 0, s.components * row_bytes);
  const float *states = s.vars_of(s.layers.size()), *units = s.head_units.get(0);
  float *grads = s.var_grads.get(0);
  const Row out = load(s.head_out.value);
  alignas(64) float rows[block_rows * width];
  for (std::size_t begin = 0; begin < s.vars; begin += block_rows) {
    const std::size_t n = std::min(block_rows, s.vars - begin);
    Row out_grad{};
    for (std::size_t r = 0; r < n; ++r) {
      const float g = grad_logits[begin + r];
      const Row unit = load(units + (begin + r) * width);
      out_grad.low += g * unit.low;
      out_grad.high += g * unit.high;
      s.head_out_bias.gradient[0] += g;
      store(rows + r * width, {g * out.low, g * out.high});
    }
    add_to(s.head_out.gradient, out_grad);
    relu_backward(rows, units + begin * width, n);
    add_columns(s.head_hidden.bias.gradient, rows, n);
    add_outer(s.head_hidden.weight.gradient, rows, states + begin * width, n);
    multiply<R>(grads + begin * width, nullptr, rows, s.head_hidden.weight.value, n);
  }
  for (std::size_t index = s.layers.size(); index-- > 0;) {
    vars_backward<R>(s, index);
    meta_backward(s, index);
    clauses_backward<R>(s, index);
    table_backward<R>(s, index);
  }
  input_backward(s.var_input, s.var_rows.get(0), grads, s.var_normalised.get(0),
                 s.var_inverse.get(0), s.vars);
  input_backward(s.clause_input, s.clause_rows.get(0), s.clause_grads.get(0),
                 s.clause_normalised.get(0), s.clause_inverse.get(0), s.clauses);
}

}  // namespace nb::gnn::NB_ISA
