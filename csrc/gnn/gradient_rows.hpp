// SPDX-License-Identifier: MIT
// Blocks of rows, forward and backward, for the gradient.  A part of each isa_*.cpp.
#pragma once

#include <cmath>
#include <cstring>

#include "gnn/gradient_state.hpp"

namespace nb::gnn::NB_ISA {

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
  // The sums of a group stay in registers.
  constexpr std::size_t group = NB_VECTOR_BYTES == 64 ? 8 : NB_VECTOR_BYTES == 32 ? 2 : 1;
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
#pragma GCC unroll 16
    for (std::size_t i = 0; i < group; ++i) add_to(gradient + (o + i) * width, rows[i]);
  }
  for (; o < outputs; ++o) {
    Row sum{};
    for (std::size_t r = 0; r < n; ++r) {
      const Row value = load(right + r * width);
      sum.low += left[r * left_stride + o] * value.low;
      sum.high += left[r * left_stride + o] * value.high;
    }
    add_to(gradient + o * width, sum);
  }
}

NB_INLINE void add_columns(float *gradient, const float *rows, std::size_t n) {
  Row sum{};
  for (std::size_t r = 0; r < n; ++r) add(sum, rows + r * width);
  add_to(gradient, sum);
}

// state = norm(rows); keeps the normalised rows and the inverse deviations.
NB_INLINE void normalise_rows(const float *rows, const NormPlaces &norm, float *state,
                              float *normalised, float *inverse, std::size_t n) {
  const Row scale = load(norm.scale.value);
  const Row shift = load(norm.shift.value);
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
NB_INLINE void normalise_backward(float *grad, const NormPlaces &norm, const float *normalised,
                                  const float *inverse, std::size_t n) {
  const Row scale = load(norm.scale.value);
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
  add_to(norm.shift.gradient, shift_grad);
  add_to(norm.scale.gradient, scale_grad);
}

NB_INLINE void relu_rows(float *rows, std::size_t n) {
  const Vec zero = {};
  for (std::size_t r = 0; r < n; ++r) {
    const Row row = load(rows + r * width);
    store(rows + r * width, {larger(row.low, zero), larger(row.high, zero)});
  }
}

// grad stays if hidden > 0, else it becomes 0.
NB_INLINE void relu_backward(float *grad, const float *hidden, std::size_t n) {
  for (std::size_t r = 0; r < n; ++r) {
    const Row g = load(grad + r * width), u = load(hidden + r * width);
    store(grad + r * width, {where_positive(u.low, g.low), where_positive(u.high, g.high)});
  }
}

NB_INLINE void fill_rows(float *rows, const float *bias, std::size_t n) {
  const Row value = load(bias);
  for (std::size_t r = 0; r < n; ++r) store(rows + r * width, value);
}

}  // namespace nb::gnn::NB_ISA
