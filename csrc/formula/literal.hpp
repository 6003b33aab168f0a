// SPDX-License-Identifier: MIT
// Variables and literals as types of their own.
//
// Files, numpy arrays and `Formula` hold DIMACS integers (1, -1, 2, ...); inside the
// graph and the solver a literal is the code 2 * variable + sign, variables from 0.
// This header is the only place where one becomes the other.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace nb {

// The largest variable a formula may name: that of Kissat, so that every engine takes it.
inline constexpr std::int32_t max_dimacs_var = (1 << 30) - 1;

class Var {
 public:
  constexpr Var() = default;
  constexpr explicit Var(std::uint32_t index) : index_(index) {}
  constexpr std::uint32_t index() const { return index_; }
  constexpr std::int32_t dimacs() const { return static_cast<std::int32_t>(index_) + 1; }
  friend constexpr auto operator<=>(Var, Var) = default;

 private:
  std::uint32_t index_ = 0;
};

class Lit {
 public:
  constexpr Lit() = default;
  constexpr Lit(Var var, bool negative) : code_(2 * var.index() + (negative ? 1u : 0u)) {}
  static constexpr Lit from_code(std::uint32_t code) {
    Lit lit;
    lit.code_ = code;
    return lit;
  }
  static constexpr Lit from_dimacs(std::int32_t literal) {
    const bool negative = literal < 0;
    return Lit(Var(static_cast<std::uint32_t>(negative ? -literal : literal) - 1), negative);
  }
  constexpr std::uint32_t code() const { return code_; }
  constexpr Var var() const { return Var(code_ >> 1); }
  constexpr bool negative() const { return code_ & 1; }
  constexpr std::int32_t dimacs() const { return negative() ? -var().dimacs() : var().dimacs(); }
  constexpr Lit operator~() const { return from_code(code_ ^ 1); }
  friend constexpr auto operator<=>(Lit, Lit) = default;

 private:
  std::uint32_t code_ = 0;
};

// A truth value: 1 true, -1 false, 0 unassigned.
using Value = signed char;

}  // namespace nb
