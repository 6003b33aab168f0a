// SPDX-License-Identifier: MIT
// What a solver tells about its derivation: one listener, three events.
#pragma once

#include <cstdint>
#include <span>

namespace nb {

// Clauses are DIMACS literals; ids are positive and never used twice.  Original clauses carry
// the ids 1, 2, ... in the order of the formula as read.
class ProofListener {
 public:
  virtual ~ProofListener() = default;

  virtual void original(std::uint64_t id, std::span<const std::int32_t> clause) = 0;

  // `clause` follows from the clauses alive.  Its first literal is the pivot if only a RAT
  // argument shows it.  `hints`: ids of antecedents in the order in which they become unit, with
  // a negative id before each group of RAT candidates as in LRAT; empty if none are kept.
  virtual void add(std::uint64_t id, std::span<const std::int32_t> clause,
                   std::span<const std::int64_t> hints) = 0;

  virtual void erase(std::uint64_t id, std::span<const std::int32_t> clause) = 0;

  // Every step so far is on its way to its destination.
  virtual void flush() {}
};

}  // namespace nb
