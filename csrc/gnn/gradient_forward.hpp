// SPDX-License-Identifier: MIT
// The forward pass that remembers: updates and layers.  A part of each
// isa_*.cpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>

#include "gnn/gradient_rows.hpp"
#include "gnn/gradient_state.hpp"

namespace nb::gnn::NB_ISA {

// --- an update: state <- N(state + O relu(A state + rest)) -------------------------------------

// `hidden` comes in as the rest (messages, meta, bias).
template <int R>
NB_INLINE void update_forward(const UpdatePlaces &p, const float *in, float *out, float *hidden,
                              float *normalised, float *inverse, std::size_t n) {
  alignas(64) float rows[block_rows * width];
  multiply<R>(hidden, hidden, in, p.own.weight.transposed.data(), n);
  relu_rows(hidden, n);
  const Row bias = load(p.out.bias.value);
  for (std::size_t r = 0; r < n; ++r) {
    const Row state = load(in + r * width);
    store(rows + r * width, {state.low + bias.low, state.high + bias.high});
  }
  multiply<R>(rows, rows, hidden, p.out.weight.transposed.data(), n);
  normalise_rows(rows, p.norm, out, normalised, inverse, n);
}

// grad: in, of the new state; out, of the old one.  rest: gradient of the rest.
template <int R>
NB_INLINE void update_backward(const UpdatePlaces &p, const float *in, float *grad, float *rest,
                               const float *hidden, const float *normalised, const float *inverse,
                               std::size_t n) {
  normalise_backward(grad, p.norm, normalised, inverse, n);
  add_columns(p.out.bias.gradient, grad, n);
  add_outer(p.out.weight.gradient, grad, hidden, n);
  multiply<R>(rest, nullptr, grad, p.out.weight.value, n);
  relu_backward(rest, hidden, n);
  add_columns(p.own.bias.gradient, rest, n);
  add_outer(p.own.weight.gradient, rest, in, n);
  multiply<R>(grad, grad, rest, p.own.weight.value, n);
}

// --- forward -----------------------------------------------------------------------------------

template <int R>
NB_INLINE void input_forward(const InputPlaces &p, const float *features, float *scaled,
                             float *state, float *normalised, float *inverse, std::size_t count) {
  alignas(64) float rows[block_rows * width];
  for (std::size_t begin = 0; begin < count; begin += block_rows) {
    const std::size_t n = std::min(block_rows, count - begin);
    for (std::size_t r = 0; r < n; ++r)
      for (std::size_t f = 0; f < p.features; ++f) {
        const std::size_t at = (begin + r) * p.features + f;
        scaled[at] = (features[at] - p.mean[f]) * p.scale[f];
      }
    fill_rows(rows, p.bias.value, n);
    for (std::size_t r = 0; r < n; ++r) {
      Row row[1] = {load(rows + r * width)};
      multiply_add<1>(row, scaled + (begin + r) * p.features, p.weight.transposed.data(),
                      p.features, p.features);
      store(rows + r * width, row[0]);
    }
    normalise_rows(rows, p.norm, state + begin * width, normalised + begin * width, inverse + begin,
                   n);
  }
}

NB_INLINE void input_backward(InputPlaces &p, const float *scaled, float *grad,
                              const float *normalised, const float *inverse, std::size_t count) {
  p.weight.gradient_transposed.fill_zero();
  for (std::size_t begin = 0; begin < count; begin += block_rows) {
    const std::size_t n = std::min(block_rows, count - begin);
    float *rows = grad + begin * width;
    normalise_backward(rows, p.norm, normalised + begin * width, inverse + begin, n);
    add_columns(p.bias.gradient, rows, n);
    for (std::size_t r = 0; r < n; ++r) {
      const Row g = load(rows + r * width);
      for (std::size_t f = 0; f < p.features; ++f) {
        const float value = scaled[(begin + r) * p.features + f];
        float *at = p.weight.gradient_transposed.data() + f * width;
        Row sum = load(at);
        sum.low += value * g.low;
        sum.high += value * g.high;
        store(at, sum);
      }
    }
  }
  for (std::size_t o = 0; o < width; ++o)
    for (std::size_t f = 0; f < p.features; ++f)
      p.weight.gradient[o * p.features + f] += p.weight.gradient_transposed[f * width + o];
}

template <int R>
NB_INLINE void clauses_forward(TrainerState &s, std::size_t index) {
  const LayerPlaces &p = s.layers[index];
  LayerMemory &m = s.memory[index];
  const float *in = s.clauses_of(index), *meta = s.meta_of(index);
  const float *table = s.literal_table.get(0);
  alignas(64) float row[width] = {};
  for (std::size_t begin = 0; begin < s.clauses; begin += block_rows) {
    const std::size_t n = std::min(block_rows, s.clauses - begin);
    float *hidden = m.clause.hidden.get(0) + begin * width;
    const Row bias = load(p.clause.own.bias.value);
    for (std::size_t r = 0; r < n; ++r) {
      const std::size_t c = begin + r;
      const auto first = static_cast<std::size_t>(s.clause_offsets[c]);
      const auto last = static_cast<std::size_t>(s.clause_offsets[c + 1]);
      Row sum{};
      for (std::size_t e = first; e < last; ++e)
        add(sum, table + static_cast<std::size_t>(s.batch.clause_lits[e]) * width);
      const float share = last > first ? 1.0f / static_cast<float>(last - first) : 0.0f;
      store(hidden + r * width, {sum.low * share + bias.low, sum.high * share + bias.high});
    }
    if (p.clause.hears_meta)
      for (std::size_t r = 0; r < n; ++r) {
        // B g is the same for a whole component; clauses of one mostly lie together.
        const auto k = static_cast<std::size_t>(s.batch.clause_component[begin + r]);
        if (r == 0 ||
            s.batch.clause_component[begin + r] != s.batch.clause_component[begin + r - 1])
          multiply<1>(row, nullptr, meta + k * width, p.clause.meta.transposed.data(), 1);
        Row sum = load(hidden + r * width);
        add(sum, row);
        store(hidden + r * width, sum);
      }
    update_forward<R>(p.clause, in + begin * width, m.clauses.get(0) + begin * width, hidden,
                      m.clause.normalised.get(0) + begin * width, m.clause.inverse.get(0) + begin,
                      n);
  }
}

NB_INLINE void meta_forward(TrainerState &s, std::size_t index) {
  const LayerPlaces &p = s.layers[index];
  LayerMemory &m = s.memory[index];
  float *mean = m.mean.get(0), *hidden = m.meta_hidden.get(0);
  const float *clauses = m.clauses.get(0);
  const float *in = s.meta_of(index);
  std::memset(mean, 0, s.components * row_bytes);
  for (std::size_t c = 0; c < s.clauses; ++c) {
    float *at = mean + static_cast<std::size_t>(s.batch.clause_component[c]) * width;
    Row sum = load(at);
    add(sum, clauses + c * width);
    store(at, sum);
  }
  alignas(64) float rows[width];
  for (std::size_t k = 0; k < s.components; ++k) {
    float *at = mean + k * width;
    Row row = load(at);
    const float share = 1.0f / static_cast<float>(std::max(1, s.batch.component_sizes[k]));
    store(at, {row.low * share, row.high * share});
    fill_rows(hidden + k * width, p.meta_own.bias.value, 1);
    multiply<1>(hidden + k * width, hidden + k * width, at, p.meta_clauses.transposed.data(), 1);
    multiply<1>(hidden + k * width, hidden + k * width, in + k * width,
                p.meta_own.weight.transposed.data(), 1);
    relu_rows(hidden + k * width, 1);
    row = load(in + k * width);
    add(row, hidden + k * width);
    store(rows, row);
    normalise_rows(rows, p.meta_norm, m.meta.get(0) + k * width,
                   m.meta_normalised.get(0) + k * width, m.meta_inverse.get(0) + k, 1);
  }
}

template <int R>
NB_INLINE void scores_forward(const float *rows, std::size_t count, const Floats &columns,
                              float *scores) {
  for (std::size_t r = 0; r < count; ++r) {
    Vec out[1];
    score_rows<1>(rows + r * width, columns.data(), out);
    std::memcpy(scores + r * heads, &out[0], heads * sizeof(float));
  }
}

NB_INLINE void attend(TrainerState &s, std::size_t index, std::size_t v, float *pooled) {
  LayerMemory &m = s.memory[index];
  const float *clauses = m.clauses.get(0), *scores = m.clause_scores.get(0);
  const Vec4 own = load4(m.var_scores.get(0) + v * heads);
  float *weights = m.weights.get(0);
  const std::int32_t *clause_of = s.batch.lit_clauses.data();
  Vec4 top = Vec4{} - 3e38f;
  const auto first = static_cast<std::size_t>(s.lit_offsets[2 * v]);
  const auto last = static_cast<std::size_t>(s.lit_offsets[2 * v + 2]);
  for (std::size_t e = first; e < last; ++e) {
    const Vec4 score = load4(scores + static_cast<std::size_t>(clause_of[e]) * heads);
    top = larger(score, top);
  }
  top = leaky(top + own);
  Vec4 total = {};
  for (std::size_t lit = 2 * v; lit < 2 * v + 2; ++lit) {
    Row sum{};
    const auto end = static_cast<std::size_t>(s.lit_offsets[lit + 1]);
    for (auto e = static_cast<std::size_t>(s.lit_offsets[lit]); e < end; ++e) {
      const auto clause = static_cast<std::size_t>(clause_of[e]);
      const Vec4 weight = exp_of_negative(leaky(load4(scores + clause * heads) + own) - top);
      std::memcpy(weights + e * heads, &weight, sizeof weight);
      total += weight;
      const Row row = load(clauses + clause * width);
      sum.low += row.low * spread(weight[0], weight[1]);
      sum.high += row.high * spread(weight[2], weight[3]);
    }
    store(pooled + (lit - 2 * v) * width, sum);
  }
  const Vec4 share = last > first ? 1.0f / total : Vec4{};
  std::memcpy(m.totals.get(0) + v * heads, &share, sizeof share);
  for (std::size_t i = 0; i < 2; ++i) {
    Row row = load(pooled + i * width);
    row.low *= spread(share[0], share[1]);
    row.high *= spread(share[2], share[3]);
    store(pooled + i * width, row);
  }
}

NB_INLINE void average(TrainerState &s, std::size_t index, std::size_t v, float *pooled) {
  const float *clauses = s.memory[index].clauses.get(0);
  const std::int32_t degree = s.lit_offsets[2 * v + 2] - s.lit_offsets[2 * v];
  const float share = degree > 0 ? 1.0f / static_cast<float>(degree) : 0.0f;
  for (std::size_t lit = 2 * v; lit < 2 * v + 2; ++lit) {
    Row sum{};
    const auto end = static_cast<std::size_t>(s.lit_offsets[lit + 1]);
    for (auto e = static_cast<std::size_t>(s.lit_offsets[lit]); e < end; ++e)
      add(sum, clauses + static_cast<std::size_t>(s.batch.lit_clauses[e]) * width);
    store(pooled + (lit - 2 * v) * width, {sum.low * share, sum.high * share});
  }
}

template <int R>
NB_INLINE void vars_forward(TrainerState &s, std::size_t index) {
  const LayerPlaces &p = s.layers[index];
  LayerMemory &m = s.memory[index];
  const float *in = s.vars_of(index), *meta = m.meta.get(0);
  alignas(64) float row[width] = {};
  if (p.attention) {
    scores_forward<R>(m.clauses.get(0), s.clauses, p.score_clause.columns, m.clause_scores.get(0));
    scores_forward<R>(in, s.vars, p.score_var.columns, m.var_scores.get(0));
  }
  for (std::size_t begin = 0; begin < s.vars; begin += block_rows) {
    const std::size_t n = std::min(block_rows, s.vars - begin);
    float *pooled = m.pooled.get(0) + 2 * begin * width;
    float *hidden = m.var.hidden.get(0) + begin * width;
    fill_rows(hidden, p.var.own.bias.value, n);
    std::int32_t last = -1;
    for (std::size_t r = 0; r < n; ++r) {
      const std::size_t v = begin + r;
      if (p.attention)
        attend(s, index, v, pooled + 2 * r * width);
      else
        average(s, index, v, pooled + 2 * r * width);
      if (s.batch.in_component[v] == 0.0f) continue;
      const std::int32_t k = s.batch.var_component[v];
      if (k != last)
        multiply<1>(row, nullptr, meta + static_cast<std::size_t>(k) * width,
                    p.var.meta.transposed.data(), 1);
      last = k;
      Row sum = load(hidden + r * width);
      add(sum, row);
      store(hidden + r * width, sum);
    }
    multiply<R>(hidden, hidden, pooled, p.var_positive.transposed.data(), n, 2 * width);
    multiply<R>(hidden, hidden, pooled + width, p.var_negative.transposed.data(), n, 2 * width);
    update_forward<R>(p.var, in + begin * width, m.vars.get(0) + begin * width, hidden,
                      m.var.normalised.get(0) + begin * width, m.var.inverse.get(0) + begin, n);
  }
}

// table[2v] = W+ x, table[2v + 1] = W- x.
template <int R>
NB_INLINE void table_forward(TrainerState &s, std::size_t index) {
  const LayerPlaces &p = s.layers[index];
  const float *in = s.vars_of(index);
  float *table = s.literal_table.get(0);
  alignas(64) float rows[block_rows * width];
  for (std::size_t begin = 0; begin < s.vars; begin += block_rows) {
    const std::size_t n = std::min(block_rows, s.vars - begin);
    for (std::size_t sign = 0; sign < 2; ++sign) {
      const Matrix &matrix = sign == 0 ? p.clause_positive : p.clause_negative;
      multiply<R>(rows, nullptr, in + begin * width, matrix.transposed.data(), n);
      for (std::size_t r = 0; r < n; ++r)
        store(table + (2 * (begin + r) + sign) * width, load(rows + r * width));
    }
  }
}

template <int R>
NB_INLINE void forward_all(TrainerState &s, float *logits) {
  input_forward<R>(s.var_input, s.batch.var_features.data(), s.var_rows.get(0), s.first_vars.get(0),
                   s.var_normalised.get(0), s.var_inverse.get(0), s.vars);
  input_forward<R>(s.clause_input, s.batch.clause_features.data(), s.clause_rows.get(0),
                   s.first_clauses.get(0), s.clause_normalised.get(0), s.clause_inverse.get(0),
                   s.clauses);
  std::memset(s.first_meta.get(0), 0, s.components * row_bytes);
  for (std::size_t index = 0; index < s.layers.size(); ++index) {
    table_forward<R>(s, index);
    clauses_forward<R>(s, index);
    meta_forward(s, index);
    vars_forward<R>(s, index);
  }
  const float *states = s.vars_of(s.layers.size());
  float *units = s.head_units.get(0);
  const Row out = load(s.head_out.value);
  for (std::size_t begin = 0; begin < s.vars; begin += block_rows) {
    const std::size_t n = std::min(block_rows, s.vars - begin);
    float *rows = units + begin * width;
    fill_rows(rows, s.head_hidden.bias.value, n);
    multiply<R>(rows, rows, states + begin * width, s.head_hidden.weight.transposed.data(), n);
    relu_rows(rows, n);
    for (std::size_t r = 0; r < n; ++r) {
      const Row row = load(rows + r * width);
      logits[begin + r] =
          sum_lanes(row.low * out.low + row.high * out.high) + s.head_out_bias.value[0];
    }
  }
}

}  // namespace nb::gnn::NB_ISA
