// SPDX-License-Identifier: MIT
// The forward pass, one block of nodes at a time.  A part of each isa_*.cpp.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>

#include "gnn/kernels.hpp"
#include "gnn/rows.hpp"

namespace nb::gnn::NB_ISA {

template <int R>
NB_INLINE void embed_rows(const float *features, const Input &input, float *state) {
  Row rows[R];
  fill<R>(rows, input.bias.data());
  multiply_add<R>(rows, features, input.weight.data(), input.features, input.features);
  normalise<R>(rows, input.norm);
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) store(state + static_cast<std::size_t>(r) * width, rows[r]);
}

// The score of each of R rows for every head of attention.
template <int R>
NB_INLINE void write_scores(const float *state, const float *weight, float *scores) {
  Vec rows[R];
  score_rows<R>(state, weight, rows);
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
    std::memcpy(scores + static_cast<std::size_t>(r) * heads, &rows[r], heads * sizeof(float));
}

// --- clauses ---------------------------------------------------------------------------------

template <int R>
NB_INLINE void update_clause_rows(const ClauseJob &job, std::size_t first, const float *pooled,
                                  float *scratch) {
  float *state = job.clauses + first * width;
  const Layer &layer = *job.layer;
  if (job.input != nullptr) {
    const Input &input = job.input->clause_input;
    embed_rows<R>(job.graph->clause_features().data() + first * input.features, input, state);
  }
  Row rows[R];
  fill<R>(rows, layer.clause.own.bias.data());
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    const std::size_t row = static_cast<std::size_t>(r);
    add(rows[r], pooled + row * width);
    if (job.meta_table != nullptr) {
      const auto component = static_cast<std::size_t>(job.graph->clause_component()[first + row]);
      add(rows[r], job.meta_table + component * width);
    }
  }
  finish_update<R>(rows, layer.clause, state, scratch);
  if (job.scores != nullptr)
    write_scores<R>(state, layer.score_clause.data(), job.scores + first * heads);
}

// The mean of the literals' table rows, for clauses begin ... end.
NB_INLINE void pool_literals(const ClauseJob &job, std::size_t begin, std::size_t end,
                             float *pooled) {
  constexpr std::int64_t ahead = 24;
  const std::int64_t *offsets = job.graph->clause_offsets().data();
  const std::int32_t *lits = job.graph->clause_lits().data();
  const std::int64_t last = offsets[end];
  for (std::size_t c = begin; c < end; ++c) {
    Row sum{};
    for (std::int64_t e = offsets[c]; e < offsets[c + 1]; ++e) {
      if (e + ahead < last)
        prefetch_row(job.literal_table + static_cast<std::size_t>(lits[e + ahead]) * width);
      add(sum, job.literal_table + static_cast<std::size_t>(lits[e]) * width);
    }
    const std::int64_t size = offsets[c + 1] - offsets[c];
    const float share = size > 0 ? 1.0f / static_cast<float>(size) : 0.0f;
    sum.low *= share;
    sum.high *= share;
    store(pooled + (c - begin) * width, sum);
  }
}

inline void flush_component_sum(std::int64_t *sums, std::size_t component, const float *sum) {
  for (std::size_t k = 0; k < width; ++k) {
    // Clamped so that absurd weights stay defined behaviour; real sums are far inside.
    const double value = std::clamp(static_cast<double>(sum[k]) * fixed_point, -9e18, 9e18);
    std::atomic_ref<std::int64_t>(sums[component * width + k])
        .fetch_add(value == value ? static_cast<std::int64_t>(value) : 0,
                   std::memory_order_relaxed);
  }
}

// Adds the states of clauses begin ... end to their components, one addition a run.
NB_INLINE void sum_components(const ClauseJob &job, std::size_t begin, std::size_t end) {
  alignas(64) float sum[width];
  const std::int32_t *component = job.graph->clause_component().data();
  std::size_t c = begin;
  while (c < end) {
    const std::int32_t current = component[c];
    Row total{};
    for (; c < end && component[c] == current; ++c) add(total, job.clauses + c * width);
    store(sum, total);
    flush_component_sum(job.component_sums, static_cast<std::size_t>(current), sum);
  }
}

template <int R>
NB_INLINE void update_clauses(const ClauseJob &job, std::size_t begin, std::size_t end) {
  alignas(64) float pooled[clause_block * width];
  alignas(64) float scratch[R * width];
  pool_literals(job, begin, end, pooled);
  std::size_t c = begin;
  for (; c + R <= end; c += R) update_clause_rows<R>(job, c, pooled + (c - begin) * width, scratch);
  for (; c < end; ++c) update_clause_rows<1>(job, c, pooled + (c - begin) * width, scratch);
  sum_components(job, begin, end);
}

// --- components ------------------------------------------------------------------------------

NB_INLINE void update_meta(const MetaJob &job, std::size_t begin, std::size_t end) {
  alignas(64) float mean[width];
  const Layer &layer = *job.layer;
  for (std::size_t k = begin; k < end; ++k) {
    float *state = job.meta + k * width;
    const double share =
        1.0 /
        (fixed_point * static_cast<double>(std::max<std::int64_t>(1, job.component_sizes[k])));
    for (std::size_t i = 0; i < width; ++i)
      mean[i] = static_cast<float>(static_cast<double>(job.component_sums[k * width + i]) * share);
    Row rows[1];
    fill<1>(rows, layer.meta_own.bias.data());
    multiply_add<1>(rows, mean, layer.meta_clauses.data());
    multiply_add<1>(rows, state, layer.meta_own.weight.data());
    const Vec zero = {};
    const Row old = load(state);
    rows[0].low = old.low + larger(rows[0].low, zero);
    rows[0].high = old.high + larger(rows[0].high, zero);
    normalise<1>(rows, layer.meta_norm);
    store(state, rows[0]);
    rows[0] = Row{};
    multiply_add<1>(rows, state, layer.var.meta.data());
    store(job.var_table + k * width, rows[0]);
    if (job.next != nullptr) {
      rows[0] = Row{};
      multiply_add<1>(rows, state, job.next->clause.meta.data());
      store(job.clause_table + k * width, rows[0]);
    }
  }
}

// --- variables -------------------------------------------------------------------------------

// The two table rows of each of R variables: x W+ for the literal, x W- for its negation.
template <int R>
NB_INLINE void write_table(const Layer &layer, const float *state, float *table) {
  Row rows[R];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) rows[r] = Row{};
  multiply_add<R>(rows, state, layer.clause_positive.data());
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) store(table + 2 * static_cast<std::size_t>(r) * width, rows[r]);
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) rows[r] = Row{};
  multiply_add<R>(rows, state, layer.clause_negative.data());
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) store(table + (2 * static_cast<std::size_t>(r) + 1) * width, rows[r]);
}

template <int R>
NB_INLINE void head_rows(const Network &network, const float *state, float *out, float *scratch) {
  Row rows[R];
  fill<R>(rows, network.head_hidden.bias.data());
  multiply_add<R>(rows, state, network.head_hidden.weight.data());
  relu_store<R>(rows, scratch);
  const Row weight = load(network.head_out.data());
  for (std::size_t r = 0; r < static_cast<std::size_t>(R); ++r) {
    const Row hidden = load(scratch + r * width);
    const float logit =
        sum_lanes(hidden.low * weight.low + hidden.high * weight.high) + network.head_out_bias[0];
    out[r] = 1.0f / (1.0f + std::exp(-logit));
  }
}

template <int R>
NB_INLINE void embed_var_rows(const VarJob &job, std::size_t first) {
  const Input &input = job.network->var_input;
  float *state = job.vars + first * width;
  embed_rows<R>(job.graph->var_features().data() + first * input.features, input, state);
  if (job.next != nullptr) write_table<R>(*job.next, state, job.literal_table + 2 * first * width);
}

template <int R>
NB_INLINE void embed_vars(const VarJob &job, std::size_t begin, std::size_t end) {
  std::size_t v = begin;
  for (; v + R <= end; v += R) embed_var_rows<R>(job, v);
  for (; v < end; ++v) embed_var_rows<1>(job, v);
}

// Mean over all clauses of the variable, split by the sign it has in them: what the two parts
// weigh says how often each sign occurs.
NB_INLINE void pool_by_mean(const VarJob &job, std::size_t begin, std::size_t end, float *pooled) {
  constexpr std::int64_t ahead = 24;
  const std::int64_t *offsets = job.graph->lit_offsets().data();
  const std::int32_t *clauses = job.graph->lit_clauses().data();
  const std::int64_t last = offsets[2 * end];
  for (std::size_t v = begin; v < end; ++v) {
    const std::int64_t degree = offsets[2 * v + 2] - offsets[2 * v];
    const float share = degree > 0 ? 1.0f / static_cast<float>(degree) : 0.0f;
    for (std::size_t lit = 2 * v; lit < 2 * v + 2; ++lit) {
      Row sum{};
      for (std::int64_t e = offsets[lit]; e < offsets[lit + 1]; ++e) {
        if (e + ahead < last)
          prefetch_row(job.clauses + static_cast<std::size_t>(clauses[e + ahead]) * width);
        add(sum, job.clauses + static_cast<std::size_t>(clauses[e]) * width);
      }
      sum.low *= share;
      sum.high *= share;
      store(pooled + (lit - 2 * begin) * width, sum);
    }
  }
}

// Softmax over all clauses of the variable, both signs together, one per head; head h weighs
// channels 8h ... 8h + 7.
NB_INLINE void pool_by_attention(const VarJob &job, std::size_t begin, std::size_t end,
                                 const float *own_scores, float *pooled) {
  constexpr std::int64_t ahead = 24, chunk = 64;
  static_assert(heads == 4 && width == 32 && chunk % 4 == 0);
  // The weights of a chunk's clauses, one per head, and room for a whole vector behind them.
  alignas(64) float alphas[chunk * 4 + lanes];
  const Vec nothing = Vec{} - 3e38f;
  const std::int64_t *offsets = job.graph->lit_offsets().data();
  const std::int32_t *clauses = job.graph->lit_clauses().data();
  const std::int64_t last = offsets[2 * end];
  for (std::size_t v = begin; v < end; ++v) {
    const Vec4 own = load4(own_scores + (v - begin) * heads);
    Vec4 top = Vec4{} - 3e38f;
    for (std::int64_t e = offsets[2 * v]; e < offsets[2 * v + 2]; ++e) {
      if (e + ahead < last) {
        const auto coming = static_cast<std::size_t>(clauses[e + ahead]);
        __builtin_prefetch(job.scores + coming * heads);
        prefetch_row(job.clauses + coming * width);
      }
      const Vec4 score = load4(job.scores + static_cast<std::size_t>(clauses[e]) * heads);
      top = larger(score, top);
    }
    // Leaky ReLU is monotone, so the top score stays the top.
    top = leaky(top + own);
    const Vec own_lanes = four_times(own), top_lanes = four_times(top);
    Vec total = {};
    for (std::size_t lit = 2 * v; lit < 2 * v + 2; ++lit) {
      Row sum{};
      for (std::int64_t e = offsets[lit]; e < offsets[lit + 1]; e += chunk) {
        const std::int64_t count = std::min(chunk, offsets[lit + 1] - e);
        for (std::int64_t i = 0; i < count; ++i)
          std::memcpy(alphas + i * 4, job.scores + static_cast<std::size_t>(clauses[e + i]) * heads,
                      heads * sizeof(float));
        // What stands behind the last one is brought to nothing.
        store_as(alphas + count * 4, nothing);
        for (std::int64_t i = 0; i < count; i += 4) {
          const Vec four = exp_of_negative(leaky(load_vec(alphas + i * 4) + own_lanes) - top_lanes);
          store_as(alphas + i * 4, four);
          total += four;
        }
        for (std::int64_t i = 0; i < count; ++i) {
          const Row alpha = spread_heads(alphas + i * 4);
          const Row row = load(job.clauses + static_cast<std::size_t>(clauses[e + i]) * width);
          sum.low += row.low * alpha.low;
          sum.high += row.high * alpha.high;
        }
      }
      store(pooled + (lit - 2 * begin) * width, sum);
    }
    if (offsets[2 * v] == offsets[2 * v + 2]) continue;
    // Four clauses' weights lie side by side in `total`.
    alignas(64) float sums[lanes] = {};
    store_as(sums, total);
    store_as(sums, 1.0f / ((load4(sums) + load4(sums + 8)) + (load4(sums + 4) + load4(sums + 12))));
    const Row scale = spread_heads(sums);
    for (std::size_t i = 0; i < 2; ++i) {
      float *row = pooled + (2 * (v - begin) + i) * width;
      Row value = load(row);
      value.low *= scale.low;
      value.high *= scale.high;
      store(row, value);
    }
  }
}

template <int R>
NB_INLINE void update_var_rows(const VarJob &job, std::size_t first, const float *pooled,
                               float *scratch) {
  float *state = job.vars + first * width;
  const Layer &layer = *job.layer;
  Row rows[R];
  fill<R>(rows, layer.var.own.bias.data());
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    const std::int32_t component = job.graph->var_component()[first + static_cast<std::size_t>(r)];
    if (component >= 0) add(rows[r], job.meta_table + static_cast<std::size_t>(component) * width);
  }
  multiply_add<R>(rows, pooled, layer.var_positive.data(), width, 2 * width);
  multiply_add<R>(rows, pooled + width, layer.var_negative.data(), width, 2 * width);
  finish_update<R>(rows, layer.var, state, scratch);
  if (job.next != nullptr)
    write_table<R>(*job.next, state, job.literal_table + 2 * first * width);
  else
    head_rows<R>(*job.network, state, job.probabilities + first, scratch);
}

template <int R>
NB_INLINE void update_vars(const VarJob &job, std::size_t begin, std::size_t end) {
  alignas(64) float pooled[2 * var_block * width];
  alignas(64) float scratch[R * width];
  if (job.layer->attention) {
    float own_scores[var_block * heads];
    const float *weight = job.layer->score_var.data();
    std::size_t v = begin;
    for (; v + R <= end; v += R)
      write_scores<R>(job.vars + v * width, weight, own_scores + (v - begin) * heads);
    for (; v < end; ++v)
      write_scores<1>(job.vars + v * width, weight, own_scores + (v - begin) * heads);
    pool_by_attention(job, begin, end, own_scores, pooled);
  } else {
    pool_by_mean(job, begin, end, pooled);
  }
  std::size_t v = begin;
  for (; v + R <= end; v += R)
    update_var_rows<R>(job, v, pooled + 2 * (v - begin) * width, scratch);
  for (; v < end; ++v) update_var_rows<1>(job, v, pooled + 2 * (v - begin) * width, scratch);
}

}  // namespace nb::gnn::NB_ISA
