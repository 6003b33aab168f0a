// SPDX-License-Identifier: MIT
// Rows of `width` floats as pairs of vectors: what all kernels of the network are made of.
//
// Everything here is inlined into functions that are compiled for one instruction set each.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "gnn/weights.hpp"

// Vector arguments are only ever passed between functions that are inlined into each other, so
// the ABI this warning speaks about is never used.
#pragma GCC diagnostic ignored "-Wpsabi"

#define NB_INLINE [[gnu::always_inline]] inline

namespace nb::gnn {

// GCC's and Clang's portable vectors: one AVX-512 register, two of AVX2, four of SSE or NEON.
using Vec = float __attribute__((vector_size(64), may_alias));
using Vec4 = float __attribute__((vector_size(16), may_alias));
using Int4 = std::int32_t __attribute__((vector_size(16), may_alias));

constexpr std::size_t lanes = 16;
constexpr std::size_t row_bytes = width * sizeof(float);
static_assert(width == 2 * lanes, "a row is two vectors");

struct Row {
  Vec low, high;
};

NB_INLINE Row load(const float *p) {
  return {*reinterpret_cast<const Vec *>(p), *reinterpret_cast<const Vec *>(p + lanes)};
}
NB_INLINE void store(float *p, const Row &row) {
  *reinterpret_cast<Vec *>(p) = row.low;
  *reinterpret_cast<Vec *>(p + lanes) = row.high;
}
NB_INLINE void add(Row &row, const float *p) {
  row.low += *reinterpret_cast<const Vec *>(p);
  row.high += *reinterpret_cast<const Vec *>(p + lanes);
}
NB_INLINE void prefetch_row(const float *p) {
  __builtin_prefetch(p);
  __builtin_prefetch(reinterpret_cast<const char *>(p) + 64);
}

NB_INLINE float sum_lanes(const Vec &v) {
  alignas(64) float parts[lanes];
  *reinterpret_cast<Vec *>(parts) = v;
  const Vec4 *quarter = reinterpret_cast<const Vec4 *>(parts);
  const Vec4 sum = (quarter[0] + quarter[1]) + (quarter[2] + quarter[3]);
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

// rows[r] += in[r] W for R rows of `inputs` numbers at distance `stride`.
template <int R>
NB_INLINE void multiply_add(Row (&rows)[R], const float *in, const float *weight,
                            std::size_t inputs = width, std::size_t stride = width) {
  for (std::size_t k = 0; k < inputs; ++k) {
    const Row w = load(weight + k * width);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const float value = in[static_cast<std::size_t>(r) * stride + k];
      rows[r].low += value * w.low;
      rows[r].high += value * w.high;
    }
  }
}

template <int R>
NB_INLINE void fill(Row (&rows)[R], const float *bias) {
  const Row b = load(bias);
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) rows[r] = b;
}

template <int R>
NB_INLINE void relu_store(const Row (&rows)[R], float *out) {
  const Vec zero = {};
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
    store(out + static_cast<std::size_t>(r) * width,
          {rows[r].low > zero ? rows[r].low : zero, rows[r].high > zero ? rows[r].high : zero});
}

// Layer normalisation over the channels of each row.
template <int R>
NB_INLINE void normalise(Row (&rows)[R], const Norm &norm) {
  const Row scale = load(norm.scale.data());
  const Row shift = load(norm.shift.data());
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    const float mean = sum_lanes(rows[r].low + rows[r].high) * (1.0f / width);
    const Vec low = rows[r].low - mean, high = rows[r].high - mean;
    const float variance = sum_lanes(low * low + high * high) * (1.0f / width);
    const float inverse = 1.0f / std::sqrt(variance + 1e-5f);
    rows[r].low = low * inverse * scale.low + shift.low;
    rows[r].high = high * inverse * scale.high + shift.high;
  }
}

// state = norm(state + out(relu(rows))), where rows already hold everything but own(state).
template <int R>
NB_INLINE void finish_update(Row (&rows)[R], const Update &update, float *state, float *scratch) {
  multiply_add<R>(rows, state, update.own.weight.data());
  relu_store<R>(rows, scratch);
  fill<R>(rows, update.out.bias.data());
  multiply_add<R>(rows, scratch, update.out.weight.data());
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) add(rows[r], state + static_cast<std::size_t>(r) * width);
  normalise<R>(rows, update.norm);
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) store(state + static_cast<std::size_t>(r) * width, rows[r]);
}

// out[r] = first 16 columns of in[r] W, for the scores of attention.
template <int R>
NB_INLINE void score_rows(const float *in, const float *weight, Vec (&out)[R]) {
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) out[r] = Vec{};
  for (std::size_t k = 0; k < width; ++k) {
    const Vec w = *reinterpret_cast<const Vec *>(weight + k * lanes);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) out[r] += in[static_cast<std::size_t>(r) * width + k] * w;
  }
}

// exp of four numbers that are at most 0 (relative error about 1e-7; below -87 it gives 0).
NB_INLINE Vec4 exp4(Vec4 x) {
  const Vec4 lowest = Vec4{} - 87.0f;
  x = x > lowest ? x : lowest;
  // Adding 1.5 * 2^23 rounds to the nearest integer.
  const Vec4 magic = Vec4{} + 12582912.0f;
  const Vec4 n = (x * 1.44269504f + magic) - magic;
  const Vec4 r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  Vec4 p = r * (1.0f / 5040.0f) + (1.0f / 720.0f);
  p = p * r + (1.0f / 120.0f);
  p = p * r + (1.0f / 24.0f);
  p = p * r + (1.0f / 6.0f);
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const Int4 bits = (__builtin_convertvector(n, Int4) + 127) << 23;
  Vec4 scale;
  std::memcpy(&scale, &bits, sizeof scale);
  return p * scale;
}

NB_INLINE Vec4 load4(const float *p) {
  Vec4 v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
NB_INLINE Vec4 leaky(const Vec4 &x) {
  const Vec4 small = x * 0.2f;
  return x > small ? x : small;
}
NB_INLINE Vec spread(float first, float second) {
  return Vec{first,  first,  first,  first,  first,  first,  first,  first,
             second, second, second, second, second, second, second, second};
}

}  // namespace nb::gnn
