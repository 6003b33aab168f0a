// SPDX-License-Identifier: MIT
// The shape of a formula: what is left of it when order, names and signs are forgotten.
//
// Idea     Colour refinement (Weisfeiler-Leman) on literals and clauses.  All literals start
//          alike; a clause's colour is made from the multiset of its literals' colours, a
//          literal's from its own, its negation's and the multiset of its clauses' colours.
//          Multisets are sums of mixed 64-bit words, so nothing is sorted.
// Note     Equal shapes need not be equal formulas (the refinement stops after a few rounds, and
//          cannot tell regular graphs apart): good for keeping copies together, nothing else.
// Cost     `rounds` passes over the literals.
// Source   Weisfeiler and Leman, 1968; as in graph kernels, Shervashidze et al., JMLR 2011.
#pragma once

#include <array>
#include <cstdint>

#include "formula/formula.hpp"

namespace nb {

std::array<std::uint64_t, 2> shape_hash(const Formula &formula);

}  // namespace nb
