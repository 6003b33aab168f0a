// SPDX-License-Identifier: MIT
// The partial assignment: values, why and when each was assigned, and in which order.
#pragma once

#include <vector>

#include "base/index_vector.hpp"
#include "solver/state/clause.hpp"

namespace nb {

// Why a literal is true: nothing (decision, root-level unit), a binary clause given by its other
// literal, a long clause, or something that gives a clause when it is asked (`reason_of`).
class Reason {
 public:
  constexpr Reason() = default;
  static constexpr Reason none() { return Reason(); }
  static constexpr Reason binary(Lit other) { return Reason(binary_bit | other.code()); }
  static constexpr Reason large(ClauseRef ref) { return Reason(ref); }
  static constexpr Reason lazy() { return Reason(lazy_mark); }
  constexpr bool is_none() const { return data_ == nothing; }
  constexpr bool is_binary() const { return (data_ & binary_bit) && data_ != nothing; }
  constexpr bool is_large() const { return !(data_ & binary_bit) && data_ != lazy_mark; }
  constexpr bool is_lazy() const { return data_ == lazy_mark; }
  constexpr Lit other() const { return Lit::from_code(data_ & ~binary_bit); }
  constexpr ClauseRef ref() const { return data_; }
  friend constexpr bool operator==(Reason, Reason) = default;

 private:
  static constexpr std::uint32_t binary_bit = 1u << 31;
  static constexpr std::uint32_t nothing = ~0u;
  static constexpr std::uint32_t lazy_mark = no_clause - 1;
  constexpr explicit Reason(std::uint32_t data) : data_(data) {}
  std::uint32_t data_ = nothing;
};

// A clause with all literals false: `reason` as above and, for a binary clause, its literal `lit`.
struct Conflict {
  Reason reason;
  Lit lit;
  bool found() const { return !reason.is_none(); }
};

// Sixteen bytes, so that assigning touches one cache line.
struct Assigned {
  std::uint32_t level = 0;
  std::uint32_t trail = 0;
  Reason reason;
  // Marks of conflict analysis, all clear outside of it.
  std::uint8_t seen = 0;
  std::uint8_t poisoned = 0;
  std::uint8_t removable = 0;
  std::uint8_t shrinkable = 0;
};

struct Level {
  Lit decision;
  // Trail size before the decision.
  std::uint32_t trail = 0;
  // Of conflict analysis: literals seen on this level, and the earliest position among them.
  std::uint32_t seen_count = 0;
  std::uint32_t seen_trail = ~0u;
};

struct Trail {
  IndexVector<Lit, Value> values;
  IndexVector<Var, Assigned> assigned;
  std::vector<Lit> lits;
  // levels[0] is the root.
  std::vector<Level> levels;
  std::uint32_t level = 0;
  // Literals before this position have been propagated.
  std::uint32_t propagated = 0;
  // Active variables without a value.
  std::uint32_t unassigned = 0;
  // The first position whose level may be below that of an earlier one; see
  // search/chronological.cpp.
  static constexpr std::uint32_t in_order = ~0u;
  std::uint32_t first_low = in_order;

  std::uint32_t size() const { return static_cast<std::uint32_t>(lits.size()); }
};

}  // namespace nb
