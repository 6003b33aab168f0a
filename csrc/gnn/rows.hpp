// SPDX-License-Identifier: MIT
// Rows of `width` floats as pairs of vectors: what all kernels of the network are made of.
//
// One file per instruction set (isa_*.cpp) includes this, with NB_ISA, the namespace that all of it
// goes to, and NB_VECTOR_BYTES, the size of its registers.  Everything here is inlined into
// functions that are compiled for that set.
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

namespace nb::gnn::NB_ISA {

// GCC's and Clang's portable vectors, of the size of one register: a wider one would live in
// memory.  Vec has 16 lanes, in as many registers as that takes.
using Vec4 = float __attribute__((vector_size(16)));
using Native = float __attribute__((vector_size(NB_VECTOR_BYTES)));

template <class T>
struct Pair {
  T a, b;
  NB_INLINE Pair &operator+=(const Pair &x) { return a += x.a, b += x.b, *this; }
  NB_INLINE Pair &operator*=(const Pair &x) { return a *= x.a, b *= x.b, *this; }
  NB_INLINE Pair &operator-=(float x) { return a -= x, b -= x, *this; }
  NB_INLINE Pair &operator*=(float x) { return a *= x, b *= x, *this; }
  NB_INLINE friend Pair operator+(const Pair &x, const Pair &y) { return {x.a + y.a, x.b + y.b}; }
  NB_INLINE friend Pair operator-(const Pair &x, const Pair &y) { return {x.a - y.a, x.b - y.b}; }
  NB_INLINE friend Pair operator*(const Pair &x, const Pair &y) { return {x.a * y.a, x.b * y.b}; }
  NB_INLINE friend Pair operator-(const Pair &x, float y) { return {x.a - y, x.b - y}; }
  NB_INLINE friend Pair operator*(const Pair &x, float y) { return {x.a * y, x.b * y}; }
  NB_INLINE friend Pair operator*(float x, const Pair &y) { return {x * y.a, x * y.b}; }
};

#if NB_VECTOR_BYTES == 64
using Vec = Native;
#elif NB_VECTOR_BYTES == 32
using Vec = Pair<Native>;
#else
using Vec = Pair<Pair<Native>>;
#endif

constexpr std::size_t row_bytes = width * sizeof(float);
static_assert(width == 2 * lanes, "a row is two vectors");

struct Row {
  Vec low, high;
};

// From and to anywhere; on AVX2 and later it costs nothing to promise no alignment.
template <class V>
NB_INLINE V load_as(const float *p) {
  V v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
template <class V>
NB_INLINE void store_as(float *p, const V &v) {
  std::memcpy(p, &v, sizeof v);
}
template <class T>
NB_INLINE void store_as(float *p, const Pair<T> &v) {
  store_as(p, v.a);
  store_as(p + sizeof(T) / sizeof(float), v.b);
}
NB_INLINE Vec load_vec(const float *p) {
#if NB_VECTOR_BYTES == 64
  return load_as<Native>(p);
#elif NB_VECTOR_BYTES == 32
  return {load_as<Native>(p), load_as<Native>(p + 8)};
#else
  return {{load_as<Native>(p), load_as<Native>(p + 4)},
          {load_as<Native>(p + 8), load_as<Native>(p + 12)}};
#endif
}
NB_INLINE Vec4 load4(const float *p) {
  return load_as<Vec4>(p);
}

NB_INLINE Row load(const float *p) {
  return {load_vec(p), load_vec(p + lanes)};
}
NB_INLINE void store(float *p, const Row &row) {
  store_as(p, row.low);
  store_as(p + lanes, row.high);
}
NB_INLINE void add(Row &row, const float *p) {
  row.low += load_vec(p);
  row.high += load_vec(p + lanes);
}
// p[k] += row[k]
NB_INLINE void add_to(float *p, const Row &row) {
  store_as(p, load_vec(p) + row.low);
  store_as(p + lanes, load_vec(p + lanes) + row.high);
}

// The first if it is not a number: sums that overflowed must not look like a prediction.
template <class V>
NB_INLINE V larger(const V &x, const V &y) {
  return y > x ? y : x;
}
template <class T>
NB_INLINE Pair<T> larger(const Pair<T> &x, const Pair<T> &y) {
  return {larger(x.a, y.a), larger(x.b, y.b)};
}
// `value` if `sign` is positive, else 0.
template <class V>
NB_INLINE V where_positive(const V &sign, const V &value) {
  return sign > V{} ? value : V{};
}
template <class T>
NB_INLINE Pair<T> where_positive(const Pair<T> &sign, const Pair<T> &value) {
  return {where_positive(sign.a, value.a), where_positive(sign.b, value.b)};
}

// Halves are added to each other until one number is left, whatever the registers hold: the same
// numbers in the same order with every instruction set, so that predictions agree to the last bit.
NB_INLINE float sum_lanes(const Vec4 &v) {
  return (v[0] + v[2]) + (v[1] + v[3]);
}
#if NB_VECTOR_BYTES > 16
NB_INLINE float sum_lanes(const Native &v) {
  alignas(64) float parts[NB_VECTOR_BYTES / sizeof(float)];
  store_as(parts, v);
  if constexpr (sizeof v == 64)
    return sum_lanes((load4(parts) + load4(parts + 8)) + (load4(parts + 4) + load4(parts + 12)));
  else
    return sum_lanes(load4(parts) + load4(parts + 4));
}
#endif
template <class T>
NB_INLINE float sum_lanes(const Pair<T> &v) {
  return sum_lanes(v.a + v.b);
}

NB_INLINE void prefetch_row(const float *p) {
  __builtin_prefetch(p);
  __builtin_prefetch(reinterpret_cast<const char *>(p) + 64);
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
          {larger(rows[r].low, zero), larger(rows[r].high, zero)});
}

// sum[r] = the sum of the lanes of v[r]; there is room for 16.
template <int R>
NB_INLINE void sums_of_rows(const Vec (&v)[R], float *sum) {
  static_assert(R <= static_cast<int>(lanes));
#if NB_VECTOR_BYTES == 64
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
    const Vec sums = NB_SHUFFLE(twos, twos, 0, 2, 4, 6, 8, 10, 12, 14, 0, 2, 4, 6, 8, 10, 12, 14) +
                     NB_SHUFFLE(twos, twos, 1, 3, 5, 7, 9, 11, 13, 15, 1, 3, 5, 7, 9, 11, 13, 15);
    store_as(sum, sums);
    return;
  }
#endif
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) sum[r] = sum_lanes(v[r]);
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
  sums_of_rows<R>(parts, lane);
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    const float mean = lane[r] * (1.0f / width);
    rows[r].low -= mean;
    rows[r].high -= mean;
    parts[r] = rows[r].low * rows[r].low + rows[r].high * rows[r].high;
  }
  sums_of_rows<R>(parts, lane);
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) lane[r] = 1.0f / std::sqrt(lane[r] * (1.0f / width) + 1e-5f);
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
    const Vec w = load_vec(weight + k * lanes);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) out[r] += in[static_cast<std::size_t>(r) * width + k] * w;
  }
}

// exp of numbers that are at most 0 (relative error about 1e-7; below -87 it gives 1e-38).
template <class V>
NB_INLINE V exp_of_negative(const V &exponent) {
  using Ints = decltype(exponent > exponent);
  const V x = larger(exponent, V{} - 87.0f);
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

template <class T>
NB_INLINE Pair<T> exp_of_negative(const Pair<T> &x) {
  return {exp_of_negative(x.a), exp_of_negative(x.b)};
}

template <class V>
NB_INLINE V leaky(const V &x) {
  return larger(x, x * 0.2f);
}
// Lanes of one number, then of another, eight each.
NB_INLINE Vec spread(float first, float second) {
#if NB_VECTOR_BYTES == 64
  return Vec{first,  first,  first,  first,  first,  first,  first,  first,
             second, second, second, second, second, second, second, second};
#elif NB_VECTOR_BYTES == 32
  return {first - Native{}, second - Native{}};
#else
  return {{first - Native{}, first - Native{}}, {second - Native{}, second - Native{}}};
#endif
}
// Four numbers, four times.
NB_INLINE Vec four_times(const Vec4 &x) {
  alignas(64) float parts[lanes];
  for (std::size_t i = 0; i < lanes; i += 4) store_as(parts + i, x);
  return load_vec(parts);
}
// Each of four numbers, eight times: a row of weights from one per head.  There are 16 to read.
NB_INLINE Row spread_heads(const float *p) {
#if NB_VECTOR_BYTES == 64
  const Vec x = load_vec(p);
  return {NB_SHUFFLE(x, x, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1),
          NB_SHUFFLE(x, x, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3)};
#else
  return {spread(p[0], p[1]), spread(p[2], p[3])};
#endif
}

}  // namespace nb::gnn::NB_ISA
