// SPDX-License-Identifier: MIT
#include "gnn/gradient.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/check.hpp"
#include "gnn/kernels.hpp"
#include "gnn/rows.hpp"

namespace nb::gnn {

namespace {

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

}  // namespace

struct Trainer::State {
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

namespace {

// --- blocks of rows ----------------------------------------------------------------------------

// out[r] = first[r] + in[r] W, for n rows; `first` may be null (zero) or `out` itself.
template <int R>
NB_INLINE void multiply(float *out, const float *first, const float *in, const float *weight,
                        std::size_t n, std::size_t in_stride = width) {
  std::size_t r = 0;
  for (; r + R <= n; r += R) {
    Row rows[R];
#pragma GCC unroll 16
    for (std::size_t i = 0; i < R; ++i)
      rows[i] = first != nullptr ? load(first + (r + i) * width) : Row{};
    multiply_add<R>(rows, in + r * in_stride, weight, width, in_stride);
#pragma GCC unroll 16
    for (std::size_t i = 0; i < R; ++i) store(out + (r + i) * width, rows[i]);
  }
  for (; r < n; ++r) {
    Row rows[1] = {first != nullptr ? load(first + r * width) : Row{}};
    multiply_add<1>(rows, in + r * in_stride, weight, width, in_stride);
    store(out + r * width, rows[0]);
  }
}

// gradient[o] += sum over rows of left[r][o] * right[r]: the gradient of a matrix.
NB_INLINE void add_outer(float *gradient, const float *left, const float *right, std::size_t n,
                         std::size_t left_stride = width, std::size_t outputs = width) {
  constexpr std::size_t group = 8;
  std::size_t o = 0;
  for (; o + group <= outputs; o += group) {
    Row rows[group];
#pragma GCC unroll 16
    for (std::size_t i = 0; i < group; ++i) rows[i] = Row{};
    for (std::size_t r = 0; r < n; ++r) {
      const Row value = load(right + r * width);
#pragma GCC unroll 16
      for (std::size_t i = 0; i < group; ++i) {
        const float factor = left[r * left_stride + o + i];
        rows[i].low += factor * value.low;
        rows[i].high += factor * value.high;
      }
    }
    for (std::size_t i = 0; i < group; ++i)
      for (std::size_t k = 0; k < lanes; ++k) {
        gradient[(o + i) * width + k] += rows[i].low[k];
        gradient[(o + i) * width + lanes + k] += rows[i].high[k];
      }
  }
  for (; o < outputs; ++o) {
    Row sum{};
    for (std::size_t r = 0; r < n; ++r) {
      const Row value = load(right + r * width);
      sum.low += left[r * left_stride + o] * value.low;
      sum.high += left[r * left_stride + o] * value.high;
    }
    for (std::size_t k = 0; k < lanes; ++k) {
      gradient[o * width + k] += sum.low[k];
      gradient[o * width + lanes + k] += sum.high[k];
    }
  }
}

NB_INLINE void add_columns(float *gradient, const float *rows, std::size_t n) {
  Row sum{};
  for (std::size_t r = 0; r < n; ++r) add(sum, rows + r * width);
  for (std::size_t k = 0; k < lanes; ++k) {
    gradient[k] += sum.low[k];
    gradient[lanes + k] += sum.high[k];
  }
}

// PyTorch's parameters have no particular alignment.
NB_INLINE Row load_unaligned(const float *p) {
  Row row;
  std::memcpy(&row.low, p, sizeof row.low);
  std::memcpy(&row.high, p + lanes, sizeof row.high);
  return row;
}

// state = norm(rows); keeps the normalised rows and the inverse deviations.
NB_INLINE void normalise_rows(const float *rows, const NormParameters &norm, float *state,
                              float *normalised, float *inverse, std::size_t n) {
  const Row scale = load_unaligned(norm.scale.value);
  const Row shift = load_unaligned(norm.shift.value);
  for (std::size_t r = 0; r < n; ++r) {
    Row row = load(rows + r * width);
    const float mean = sum_lanes(row.low + row.high) * (1.0f / width);
    row.low -= mean;
    row.high -= mean;
    const float variance = sum_lanes(row.low * row.low + row.high * row.high) * (1.0f / width);
    inverse[r] = 1.0f / std::sqrt(variance + 1e-5f);
    row.low *= inverse[r];
    row.high *= inverse[r];
    store(normalised + r * width, row);
    store(state + r * width, {row.low * scale.low + shift.low, row.high * scale.high + shift.high});
  }
}

// grad: in, of the normalised state; out, of the rows before.
NB_INLINE void normalise_backward(float *grad, const NormParameters &norm, const float *normalised,
                                  const float *inverse, std::size_t n) {
  const Row scale = load_unaligned(norm.scale.value);
  Row scale_grad{}, shift_grad{};
  for (std::size_t r = 0; r < n; ++r) {
    Row g = load(grad + r * width);
    const Row x = load(normalised + r * width);
    shift_grad.low += g.low;
    shift_grad.high += g.high;
    scale_grad.low += g.low * x.low;
    scale_grad.high += g.high * x.high;
    g.low *= scale.low;
    g.high *= scale.high;
    const float mean = sum_lanes(g.low + g.high) * (1.0f / width);
    const float along = sum_lanes(g.low * x.low + g.high * x.high) * (1.0f / width);
    store(grad + r * width, {(g.low - mean - x.low * along) * inverse[r],
                             (g.high - mean - x.high * along) * inverse[r]});
  }
  for (std::size_t k = 0; k < lanes; ++k) {
    norm.shift.gradient[k] += shift_grad.low[k];
    norm.shift.gradient[lanes + k] += shift_grad.high[k];
    norm.scale.gradient[k] += scale_grad.low[k];
    norm.scale.gradient[lanes + k] += scale_grad.high[k];
  }
}

NB_INLINE void relu_rows(float *rows, std::size_t n) {
  const Vec zero = {};
  for (std::size_t r = 0; r < n; ++r) {
    const Row row = load(rows + r * width);
    store(rows + r * width, {row.low > zero ? row.low : zero, row.high > zero ? row.high : zero});
  }
}

// grad = grad where hidden > 0.
NB_INLINE void relu_backward(float *grad, const float *hidden, std::size_t n) {
  const Vec zero = {};
  for (std::size_t r = 0; r < n; ++r) {
    const Row g = load(grad + r * width), u = load(hidden + r * width);
    store(grad + r * width, {u.low > zero ? g.low : zero, u.high > zero ? g.high : zero});
  }
}

NB_INLINE void fill_rows(float *rows, const float *bias, std::size_t n) {
  const Row value = load_unaligned(bias);
  for (std::size_t r = 0; r < n; ++r) store(rows + r * width, value);
}

// --- an update: state <- N(state + O relu(A state + rest)) -------------------------------------

// `hidden` comes in as the rest (messages, meta, bias).
template <int R>
NB_INLINE void update_forward(const UpdateParameters &p, const float *in, float *out, float *hidden,
                              float *normalised, float *inverse, std::size_t n) {
  alignas(64) float rows[block_rows * width];
  multiply<R>(hidden, hidden, in, p.own.transposed.data(), n);
  relu_rows(hidden, n);
  const Row bias = load_unaligned(p.out_bias.value);
  for (std::size_t r = 0; r < n; ++r) {
    const Row state = load(in + r * width);
    store(rows + r * width, {state.low + bias.low, state.high + bias.high});
  }
  multiply<R>(rows, rows, hidden, p.out.transposed.data(), n);
  normalise_rows(rows, p.norm, out, normalised, inverse, n);
}

// grad: in, of the new state; out, of the old one.  rest: gradient of the rest.
template <int R>
NB_INLINE void update_backward(const UpdateParameters &p, const float *in, float *grad, float *rest,
                               const float *hidden, const float *normalised, const float *inverse,
                               std::size_t n) {
  normalise_backward(grad, p.norm, normalised, inverse, n);
  add_columns(p.out_bias.gradient, grad, n);
  add_outer(p.out.gradient, grad, hidden, n);
  multiply<R>(rest, nullptr, grad, p.out.weight, n);
  relu_backward(rest, hidden, n);
  add_columns(p.own_bias.gradient, rest, n);
  add_outer(p.own.gradient, rest, in, n);
  multiply<R>(grad, grad, rest, p.own.weight, n);
}

// --- forward -----------------------------------------------------------------------------------

template <int R>
NB_INLINE void input_forward(const InputParameters &p, const float *features, float *scaled,
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
      multiply_add<1>(row, scaled + (begin + r) * p.features, p.transposed.data(), p.features,
                      p.features);
      store(rows + r * width, row[0]);
    }
    normalise_rows(rows, p.norm, state + begin * width, normalised + begin * width, inverse + begin,
                   n);
  }
}

NB_INLINE void input_backward(InputParameters &p, const float *scaled, float *grad,
                              const float *normalised, const float *inverse, std::size_t count) {
  p.gradient_transposed.fill_zero();
  for (std::size_t begin = 0; begin < count; begin += block_rows) {
    const std::size_t n = std::min(block_rows, count - begin);
    float *rows = grad + begin * width;
    normalise_backward(rows, p.norm, normalised + begin * width, inverse + begin, n);
    add_columns(p.bias.gradient, rows, n);
    for (std::size_t r = 0; r < n; ++r) {
      const Row g = load(rows + r * width);
      for (std::size_t f = 0; f < p.features; ++f) {
        const float value = scaled[(begin + r) * p.features + f];
        float *at = p.gradient_transposed.data() + f * width;
        Row sum = load(at);
        sum.low += value * g.low;
        sum.high += value * g.high;
        store(at, sum);
      }
    }
  }
  for (std::size_t o = 0; o < width; ++o)
    for (std::size_t f = 0; f < p.features; ++f)
      p.gradient[o * p.features + f] += p.gradient_transposed[f * width + o];
}

template <int R, class S>
NB_INLINE void clauses_forward(S &s, std::size_t index) {
  const LayerParameters &p = s.layers[index];
  LayerMemory &m = s.memory[index];
  const float *in = s.clauses_of(index), *meta = s.meta_of(index);
  const float *table = s.literal_table.get(0);
  alignas(64) float row[width] = {};
  for (std::size_t begin = 0; begin < s.clauses; begin += block_rows) {
    const std::size_t n = std::min(block_rows, s.clauses - begin);
    float *hidden = m.clause.hidden.get(0) + begin * width;
    const Row bias = load_unaligned(p.clause.own_bias.value);
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

template <class S>
NB_INLINE void meta_forward(S &s, std::size_t index) {
  const LayerParameters &p = s.layers[index];
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
    fill_rows(hidden + k * width, p.meta_bias.value, 1);
    multiply<1>(hidden + k * width, hidden + k * width, at, p.meta_clauses.transposed.data(), 1);
    multiply<1>(hidden + k * width, hidden + k * width, in + k * width,
                p.meta_own.transposed.data(), 1);
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

template <class S>
NB_INLINE void attend(S &s, std::size_t index, std::size_t v, float *pooled) {
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
    top = score > top ? score : top;
  }
  top = leaky(top + own);
  Vec4 total = {};
  for (std::size_t lit = 2 * v; lit < 2 * v + 2; ++lit) {
    Row sum{};
    const auto end = static_cast<std::size_t>(s.lit_offsets[lit + 1]);
    for (auto e = static_cast<std::size_t>(s.lit_offsets[lit]); e < end; ++e) {
      const auto clause = static_cast<std::size_t>(clause_of[e]);
      const Vec4 weight = exp4(leaky(load4(scores + clause * heads) + own) - top);
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

template <class S>
NB_INLINE void average(S &s, std::size_t index, std::size_t v, float *pooled) {
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

template <int R, class S>
NB_INLINE void vars_forward(S &s, std::size_t index) {
  const LayerParameters &p = s.layers[index];
  LayerMemory &m = s.memory[index];
  const float *in = s.vars_of(index), *meta = m.meta.get(0);
  alignas(64) float row[width] = {};
  if (p.attention) {
    scores_forward<R>(m.clauses.get(0), s.clauses, p.score_clause_columns, m.clause_scores.get(0));
    scores_forward<R>(in, s.vars, p.score_var_columns, m.var_scores.get(0));
  }
  for (std::size_t begin = 0; begin < s.vars; begin += block_rows) {
    const std::size_t n = std::min(block_rows, s.vars - begin);
    float *pooled = m.pooled.get(0) + 2 * begin * width;
    float *hidden = m.var.hidden.get(0) + begin * width;
    fill_rows(hidden, p.var.own_bias.value, n);
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
template <int R, class S>
NB_INLINE void table_forward(S &s, std::size_t index) {
  const LayerParameters &p = s.layers[index];
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

template <int R, class S>
NB_INLINE void forward_all(S &s, float *logits) {
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
  const Row out = load_unaligned(s.head_out.value);
  for (std::size_t begin = 0; begin < s.vars; begin += block_rows) {
    const std::size_t n = std::min(block_rows, s.vars - begin);
    float *rows = units + begin * width;
    fill_rows(rows, s.head_bias.value, n);
    multiply<R>(rows, rows, states + begin * width, s.head_hidden.transposed.data(), n);
    relu_rows(rows, n);
    for (std::size_t r = 0; r < n; ++r) {
      const Row row = load(rows + r * width);
      logits[begin + r] =
          sum_lanes(row.low * out.low + row.high * out.high) + s.head_out_bias.value[0];
    }
  }
}

// --- backward ----------------------------------------------------------------------------------

// Attention's weights, from the gradients of what was pooled: turns `grads` (of the two pooled
// rows) into those of the unnormalised sums, fills the scores' gradients of the variable's edges
// and returns that of its own score.
template <class S>
NB_INLINE Vec4 attend_backward(S &s, std::size_t index, std::size_t v, float *grads) {
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
      const Vec4 *quarter = reinterpret_cast<const Vec4 *>(parts);
      for (std::size_t h = 0; h < heads; ++h) {
        const Vec4 both = quarter[2 * h] + quarter[2 * h + 1];
        grad[h] += (both[0] + both[1]) + (both[2] + both[3]);
      }
      const Vec4 raw = load4(scores + clause * heads) + own;
      const Vec4 slope = raw > zero ? zero + 1.0f : zero + 0.2f;
      grad *= load4(weights + e * heads) * slope;
      std::memcpy(edge_grads + e * heads, &grad, sizeof grad);
      own_grad += grad;
    }
  }
  return own_grad;
}

template <int R, class S>
NB_INLINE void vars_backward(S &s, std::size_t index) {
  LayerParameters &p = s.layers[index];
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
      multiply<R>(part, nullptr, rest, matrix.weight, n);
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
      add_outer(p.score_var_gradient, score_grads, in + begin * width, n, heads, heads);
      for (std::size_t r = 0; r < n; ++r) {
        Row row = load(grad + r * width);
        for (std::size_t h = 0; h < heads; ++h) {
          const Row w = load_unaligned(p.score_var + h * width);
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
template <class S>
NB_INLINE void meta_backward(S &s, std::size_t index) {
  LayerParameters &p = s.layers[index];
  LayerMemory &m = s.memory[index];
  float *grads = s.meta_grads.get(0), *sums = s.component_sums.get(0);
  const float *in = s.meta_of(index), *out = m.meta.get(0);
  alignas(64) float rest[width];
  for (std::size_t k = 0; k < s.components; ++k) {
    float *grad = grads + k * width;
    add_outer(p.var.meta.gradient, sums + k * width, out + k * width, 1);
    multiply<1>(grad, grad, sums + k * width, p.var.meta.weight, 1);
    normalise_backward(grad, p.meta_norm, m.meta_normalised.get(0) + k * width,
                       m.meta_inverse.get(0) + k, 1);
    store(rest, load(grad));
    relu_backward(rest, m.meta_hidden.get(0) + k * width, 1);
    add_columns(p.meta_bias.gradient, rest, 1);
    add_outer(p.meta_own.gradient, rest, in + k * width, 1);
    add_outer(p.meta_clauses.gradient, rest, m.mean.get(0) + k * width, 1);
    multiply<1>(grad, grad, rest, p.meta_own.weight, 1);
    multiply<1>(rest, nullptr, rest, p.meta_clauses.weight, 1);
    const float share = 1.0f / static_cast<float>(std::max(1, s.batch.component_sizes[k]));
    const Row row = load(rest);
    store(sums + k * width, {row.low * share, row.high * share});
  }
}

template <int R, class S>
NB_INLINE void clauses_backward(S &s, std::size_t index) {
  LayerParameters &p = s.layers[index];
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
          const Row w = load_unaligned(p.score_clause + h * width);
          sum.low += score_grad[h] * w.low;
          sum.high += score_grad[h] * w.high;
        }
      }
      store(grad + r * width, sum);
    }
    if (p.attention)
      add_outer(p.score_clause_gradient, score_grads, states + begin * width, n, heads, heads);
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
                  p.clause.meta.weight, 1);
    }
  }
  for (std::size_t c = 0; c < s.clauses; ++c) {
    const std::int32_t size = s.clause_offsets[c + 1] - s.clause_offsets[c];
    const float share = size > 0 ? 1.0f / static_cast<float>(size) : 0.0f;
    const Row row = load(messages + c * width);
    store(messages + c * width, {row.low * share, row.high * share});
  }
}

template <int R, class S>
NB_INLINE void table_backward(S &s, std::size_t index) {
  LayerParameters &p = s.layers[index];
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
      multiply<R>(grads + begin * width, grads + begin * width, rows, matrix.weight, n);
    }
  }
}

template <int R, class S>
NB_INLINE void backward_all(S &s, const float *grad_logits) {
  std::memset(s.clause_grads.get(0), 0, s.clauses * row_bytes);
  std::memset(s.meta_grads.get(0), 0, s.components * row_bytes);
  const float *states = s.vars_of(s.layers.size()), *units = s.head_units.get(0);
  float *grads = s.var_grads.get(0);
  const Row out = load_unaligned(s.head_out.value);
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
    for (std::size_t k = 0; k < lanes; ++k) {
      s.head_out.gradient[k] += out_grad.low[k];
      s.head_out.gradient[lanes + k] += out_grad.high[k];
    }
    relu_backward(rows, units + begin * width, n);
    add_columns(s.head_bias.gradient, rows, n);
    add_outer(s.head_hidden.gradient, rows, states + begin * width, n);
    multiply<R>(grads + begin * width, nullptr, rows, s.head_hidden.weight, n);
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

// One set of functions per instruction set, as in kernels.cpp.
template <class S>
void forward_base(S &s, float *logits) {
  forward_all<2>(s, logits);
}
template <class S>
void backward_base(S &s, const float *grads) {
  backward_all<2>(s, grads);
}
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
template <class S>
__attribute__((target("avx2,fma"))) void forward_v3(S &s, float *logits) {
  forward_all<3>(s, logits);
}
template <class S>
__attribute__((target("avx2,fma"))) void backward_v3(S &s, const float *grads) {
  backward_all<3>(s, grads);
}
template <class S>
__attribute__((target("avx2,fma,avx512f,avx512dq,avx512vl,avx512bw"))) void forward_v4(
    S &s, float *logits) {
  forward_all<8>(s, logits);
}
template <class S>
__attribute__((target("avx2,fma,avx512f,avx512dq,avx512vl,avx512bw"))) void backward_v4(
    S &s, const float *grads) {
  backward_all<8>(s, grads);
}
#endif

Floats transpose(const float *matrix, std::size_t outputs, std::size_t inputs,
                 std::size_t columns = width) {
  Floats result(inputs * columns);
  result.fill_zero();
  for (std::size_t o = 0; o < outputs; ++o)
    for (std::size_t i = 0; i < inputs; ++i) result[i * columns + o] = matrix[o * inputs + i];
  return result;
}

// Walks over all parameters in one place, for values (forward) and for gradients (backward).
template <class S, class Visit>
void visit_parameters(S &s, Visit &visit) {
  visit.input("var_input", s.var_input);
  visit.input("clause_input", s.clause_input);
  for (std::size_t index = 0; index < s.layers.size(); ++index) {
    LayerParameters &p = s.layers[index];
    const std::string prefix = "layers." + std::to_string(index) + ".";
    visit.matrix(prefix + "to_clause.positive", p.clause_positive);
    visit.matrix(prefix + "to_clause.negative", p.clause_negative);
    visit.update(prefix + "clause", p.clause);
    visit.matrix(prefix + "meta.clauses", p.meta_clauses);
    visit.matrix(prefix + "meta.own", p.meta_own);
    visit.bias(prefix + "meta.own.bias", p.meta_bias, width);
    visit.norm(prefix + "meta.norm", p.meta_norm);
    visit.matrix(prefix + "to_var.positive", p.var_positive);
    visit.matrix(prefix + "to_var.negative", p.var_negative);
    visit.update(prefix + "var", p.var);
    if (p.attention) visit.scores(prefix + "to_var.", p);
  }
  visit.matrix("head.hidden", s.head_hidden);
  visit.bias("head.hidden.bias", s.head_bias, width);
  visit.bias("head.out.weight", s.head_out, width);
  visit.bias("head.out.bias", s.head_out_bias, 1);
}

template <class Derived>
struct VisitBase {
  const Trainer::Lookup &lookup;
  Derived &self() { return static_cast<Derived &>(*this); }
  void norm(const std::string &name, NormParameters &p) {
    self().bias(name + ".weight", p.scale, width);
    self().bias(name + ".bias", p.shift, width);
  }
  void update(const std::string &name, UpdateParameters &p) {
    self().matrix(name + ".own", p.own);
    self().bias(name + ".own.bias", p.own_bias, width);
    if (p.hears_meta) self().matrix(name + ".meta", p.meta);
    self().matrix(name + ".out", p.out);
    self().bias(name + ".out.bias", p.out_bias, width);
    norm(name + ".norm", p.norm);
  }
};

struct TakeValues : VisitBase<TakeValues> {
  void matrix(const std::string &name, Matrix &p) {
    p.weight = lookup(name + ".weight", width * width);
    p.transposed = transpose(p.weight, width, width);
  }
  void bias(const std::string &name, Bias &p, std::size_t size) { p.value = lookup(name, size); }
  void input(const std::string &name, InputParameters &p) {
    p.mean = lookup(name + ".mean", p.features);
    p.scale = lookup(name + ".scale", p.features);
    p.weight = lookup(name + ".linear.weight", width * p.features);
    p.transposed = transpose(p.weight, width, p.features);
    p.gradient_transposed = Floats(p.features * width);
    bias(name + ".linear.bias", p.bias, width);
    norm(name + ".norm", p.norm);
  }
  void scores(const std::string &prefix, LayerParameters &p) {
    p.score_clause = lookup(prefix + "score_clause.weight", heads * width);
    p.score_var = lookup(prefix + "score_var.weight", heads * width);
    p.score_clause_columns = transpose(p.score_clause, heads, width, lanes);
    p.score_var_columns = transpose(p.score_var, heads, width, lanes);
  }
};

struct TakeGradients : VisitBase<TakeGradients> {
  void matrix(const std::string &name, Matrix &p) {
    p.gradient = lookup(name + ".weight", width * width);
  }
  void bias(const std::string &name, Bias &p, std::size_t size) { p.gradient = lookup(name, size); }
  void input(const std::string &name, InputParameters &p) {
    p.gradient = lookup(name + ".linear.weight", width * p.features);
    bias(name + ".linear.bias", p.bias, width);
    norm(name + ".norm", p.norm);
  }
  void scores(const std::string &prefix, LayerParameters &p) {
    p.score_clause_gradient = lookup(prefix + "score_clause.weight", heads * width);
    p.score_var_gradient = lookup(prefix + "score_var.weight", heads * width);
  }
};

std::vector<std::int32_t> offsets_of(std::span<const std::int32_t> sizes) {
  std::vector<std::int32_t> offsets(sizes.size() + 1, 0);
  for (std::size_t i = 0; i < sizes.size(); ++i) offsets[i + 1] = offsets[i] + sizes[i];
  return offsets;
}

void check_indices(const char *name, std::span<const std::int32_t> indices, std::size_t end) {
  for (const std::int32_t index : indices)
    NB_REQUIRE(index >= 0 && static_cast<std::size_t>(index) < end,
               "%s holds an index outside the batch", name);
}

}  // namespace

Trainer::Trainer(NetworkShape shape) : state_(std::make_unique<State>()) {
  State &s = *state_;
  s.shape = std::move(shape);
  s.var_input.features = s.shape.var_features;
  s.clause_input.features = s.shape.clause_features;
  for (std::size_t index = 0; index < s.shape.attention.size(); ++index) {
    LayerParameters layer;
    layer.attention = s.shape.attention[index];
    layer.clause.hears_meta = index > 0;
    s.layers.push_back(std::move(layer));
  }
  s.memory.resize(s.layers.size());
}

Trainer::~Trainer() = default;

void Trainer::forward(const BatchView &batch, const Lookup &weights, std::span<float> logits) {
  State &s = *state_;
  s.batch = batch;
  s.vars = batch.lit_sizes.size() / 2;
  s.clauses = batch.clause_sizes.size();
  s.components = batch.component_sizes.size();
  s.edges = batch.clause_lits.size();
  s.clause_offsets = offsets_of(batch.clause_sizes);
  s.lit_offsets = offsets_of(batch.lit_sizes);
  NB_REQUIRE(static_cast<std::size_t>(s.clause_offsets.back()) == s.edges &&
                 static_cast<std::size_t>(s.lit_offsets.back()) == s.edges &&
                 batch.lit_clauses.size() == s.edges && batch.clause_position.size() == s.edges,
             "edges of a batch do not add up");
  NB_REQUIRE(batch.clause_component.size() == s.clauses && batch.var_component.size() == s.vars &&
                 batch.in_component.size() == s.vars && logits.size() == s.vars &&
                 batch.var_features.size() == s.vars * s.shape.var_features &&
                 batch.clause_features.size() == s.clauses * s.shape.clause_features,
             "arrays of a batch do not fit together");
  check_indices("clause_lits", batch.clause_lits, 2 * s.vars);
  check_indices("lit_clauses", batch.lit_clauses, s.clauses);
  check_indices("clause_position", batch.clause_position, s.edges);
  check_indices("clause_component", batch.clause_component, s.components);
  for (std::size_t v = 0; v < s.vars; ++v)
    NB_REQUIRE(batch.in_component[v] == 0.0f ||
                   (batch.var_component[v] >= 0 &&
                    static_cast<std::size_t>(batch.var_component[v]) < s.components),
               "var_component holds an index outside the batch");

  TakeValues take{{weights}};
  visit_parameters(s, take);

  const std::size_t var_rows = s.vars * width, clause_rows = s.clauses * width;
  const std::size_t meta_rows = s.components * width;
  s.var_rows.get(s.vars * s.shape.var_features);
  s.clause_rows.get(s.clauses * s.shape.clause_features);
  for (Buffer *buffer : {&s.var_normalised, &s.first_vars, &s.head_units, &s.var_grads})
    buffer->get(var_rows);
  for (Buffer *buffer :
       {&s.clause_normalised, &s.first_clauses, &s.clause_grads, &s.clause_messages})
    buffer->get(clause_rows);
  for (Buffer *buffer : {&s.literal_table, &s.literal_grads}) buffer->get(2 * var_rows);
  for (Buffer *buffer : {&s.first_meta, &s.meta_grads, &s.component_sums}) buffer->get(meta_rows);
  s.var_inverse.get(s.vars);
  s.clause_inverse.get(s.clauses);
  s.score_grads.get(s.edges * heads);
  for (LayerMemory &m : s.memory) {
    for (Buffer *buffer : {&m.clauses, &m.clause.hidden, &m.clause.normalised})
      buffer->get(clause_rows);
    for (Buffer *buffer : {&m.vars, &m.var.hidden, &m.var.normalised}) buffer->get(var_rows);
    for (Buffer *buffer : {&m.meta, &m.mean, &m.meta_hidden, &m.meta_normalised})
      buffer->get(meta_rows);
    m.clause.inverse.get(s.clauses);
    m.var.inverse.get(s.vars);
    m.meta_inverse.get(s.components);
    m.pooled.get(2 * var_rows);
  }
  for (std::size_t index = 0; index < s.layers.size(); ++index)
    if (s.layers[index].attention) {
      s.memory[index].clause_scores.get(s.clauses * heads);
      s.memory[index].var_scores.get(s.vars * heads);
      s.memory[index].weights.get(s.edges * heads);
      s.memory[index].totals.get(s.vars * heads);
    }
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
  if (kernels().level == 4) return forward_v4(s, logits.data());
  if (kernels().level == 3) return forward_v3(s, logits.data());
#endif
  forward_base(s, logits.data());
}

void Trainer::backward(std::span<const float> grad_logits, const Lookup &gradients) {
  State &s = *state_;
  NB_REQUIRE(grad_logits.size() == s.vars, "one gradient per variable expected");
  TakeGradients take{{gradients}};
  visit_parameters(s, take);
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
  if (kernels().level == 4) return backward_v4(s, grad_logits.data());
  if (kernels().level == 3) return backward_v3(s, grad_logits.data());
#endif
  backward_base(s, grad_logits.data());
}

}  // namespace nb::gnn
