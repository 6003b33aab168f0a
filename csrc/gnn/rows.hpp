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

// The lanes with these numbers, of the two vectors one after another.
#if defined(__clang__) || __GNUC__ >= 12
#define NB_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define NB_SHUFFLE(a, b, ...) __builtin_shuffle(a, b, decltype((a) > (b)){__VA_ARGS__})
#endif

namespace nb::gnn {

// GCC's and Clang's portable vectors: one AVX-512 register, two of AVX2, four of SSE or NEON.
using Vec = float __attribute__((vector_size(64), may_alias));
using Vec4 = float __attribute__((vector_size(16), may_alias));

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

// Lane r of the result: the sum of the lanes of v[r].
template <int R>
NB_INLINE Vec sums_of_rows(const Vec (&v)[R]) {
  static_assert(R <= static_cast<int>(lanes));
  if constexpr (R == 8) {
    // A tree of halves: each step folds two vectors into one that holds partial sums of both.
    Vec pairs[4], quads[2];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i)
      pairs[i] =
          NB_SHUFFLE(v[i], v[i + 4], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
          NB_SHUFFLE(v[i], v[i + 4], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
#pragma GCC unroll 2
    for (int i = 0; i < 2; ++i)
      quads[i] = NB_SHUFFLE(pairs[i], pairs[i + 2], 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24,
                            25, 26, 27) +
                 NB_SHUFFLE(pairs[i], pairs[i + 2], 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28,
                            29, 30, 31);
    const Vec twos =
        NB_SHUFFLE(quads[0], quads[1], 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29) +
        NB_SHUFFLE(quads[0], quads[1], 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    // Lanes 2k and 2k + 1 now belong to rows 0, 1, 2, 3, 4, 5, 6, 7 in this order of k.
    return NB_SHUFFLE(twos, twos, 0, 2, 4, 6, 8, 10, 12, 14, 0, 2, 4, 6, 8, 10, 12, 14) +
           NB_SHUFFLE(twos, twos, 1, 3, 5, 7, 9, 11, 13, 15, 1, 3, 5, 7, 9, 11, 13, 15);
  } else {
    Vec sums = {};
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) sums[r] = sum_lanes(v[r]);
    return sums;
  }
}

// Layer normalisation over the channels of each row.
template <int R>
NB_INLINE void normalise(Row (&rows)[R], const Norm &norm) {
  const Row scale = load(norm.scale.data());
  const Row shift = load(norm.shift.data());
  alignas(64) float lane[lanes];
  Vec parts[R];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) parts[r] = rows[r].low + rows[r].high;
  *reinterpret_cast<Vec *>(lane) = sums_of_rows<R>(parts) * (1.0f / width);
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    rows[r].low -= lane[r];
    rows[r].high -= lane[r];
    parts[r] = rows[r].low * rows[r].low + rows[r].high * rows[r].high;
  }
  const Vec variance = sums_of_rows<R>(parts) * (1.0f / width) + 1e-5f;
  *reinterpret_cast<Vec *>(lane) = variance;
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) lane[r] = 1.0f / std::sqrt(lane[r]);
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    rows[r].low = rows[r].low * lane[r] * scale.low + shift.low;
    rows[r].high = rows[r].high * lane[r] * scale.high + shift.high;
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

// exp of numbers that are at most 0 (relative error about 1e-7; below -87 it gives 1e-38).
template <class V>
NB_INLINE V exp_of_negative(const V &exponent) {
  using Ints = decltype(exponent > exponent);
  const V lowest = V{} - 87.0f;
  const V x = exponent > lowest ? exponent : lowest;
  // Adding 1.5 * 2^23 rounds to the nearest integer.
  const V magic = V{} + 12582912.0f;
  const V n = (x * 1.44269504f + magic) - magic;
  const V r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  V p = r * (1.0f / 5040.0f) + (1.0f / 720.0f);
  p = p * r + (1.0f / 120.0f);
  p = p * r + (1.0f / 24.0f);
  p = p * r + (1.0f / 6.0f);
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const Ints bits = (__builtin_convertvector(n, Ints) + 127) << 23;
  V scale;
  std::memcpy(&scale, &bits, sizeof scale);
  return p * scale;
}

// Without alignment.
NB_INLINE Vec load_anywhere(const float *p) {
  Vec v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
NB_INLINE void store_anywhere(float *p, const Vec &v) {
  std::memcpy(p, &v, sizeof v);
}

NB_INLINE Vec4 load4(const float *p) {
  Vec4 v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
template <class V>
NB_INLINE V leaky(const V &x) {
  const V small = x * 0.2f;
  return x > small ? x : small;
}
NB_INLINE Vec spread(float first, float second) {
  return Vec{first,  first,  first,  first,  first,  first,  first,  first,
             second, second, second, second, second, second, second, second};
}
// Four numbers, four times.
NB_INLINE Vec four_times(const Vec4 &x) {
  return Vec{x[0], x[1], x[2], x[3], x[0], x[1], x[2], x[3],
             x[0], x[1], x[2], x[3], x[0], x[1], x[2], x[3]};
}
// Each of the first four numbers of `x`, eight times: a row of weights from one per head.
NB_INLINE Row spread_heads(const Vec &x) {
  return {NB_SHUFFLE(x, x, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1),
          NB_SHUFFLE(x, x, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3)};
}

}  // namespace nb::gnn
