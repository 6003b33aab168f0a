// SPDX-License-Identifier: MIT
// A formula in conjunctive normal form: immutable clauses in two flat arrays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace nb {

class Formula {
 public:
  Formula() : offsets_{0} {}

  // `literals` are DIMACS integers without zeros; clause i is literals[offsets[i], offsets[i+1]).
  // Throws ContractError if a literal is 0, out of range, or beyond `num_vars`.
  Formula(std::uint32_t num_vars, std::vector<std::int32_t> literals,
          std::vector<std::int64_t> offsets);

  std::uint32_t num_vars() const { return num_vars_; }
  std::size_t num_clauses() const { return offsets_.size() - 1; }
  std::size_t num_literals() const { return literals_.size(); }

  std::span<const std::int32_t> literals() const { return literals_; }
  std::span<const std::int64_t> offsets() const { return offsets_; }
  std::span<const std::int32_t> clause(std::size_t index) const {
    return std::span(literals_).subspan(
        static_cast<std::size_t>(offsets_[index]),
        static_cast<std::size_t>(offsets_[index + 1] - offsets_[index]));
  }

 private:
  friend class DimacsReader;

  std::uint32_t num_vars_ = 0;
  std::vector<std::int32_t> literals_;
  std::vector<std::int64_t> offsets_;
};

}  // namespace nb
