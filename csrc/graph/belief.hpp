// SPDX-License-Identifier: MIT
// Beliefs: how much the clauses press each variable to true or to false, without any learning.
//
// Idea     Belief propagation on the formula as a factor graph.  A clause tells each of its
//          literals how probable it is that all others are false; a literal tells each of its
//          clauses how probable it is false, by what all its other clauses say.  Rounds are
//          synchronous and damped by half, so that neither order of variables nor of clauses
//          matters but for the last digits, and turned polarities turn the beliefs.
// Cost     a few nanoseconds an edge and round; fewer rounds, down to ten, for formulas of more
//          than a million literals.
// Source   sum-product rules as in Braunstein, Mezard, Zecchina, "Survey propagation", Random
//          Structures and Algorithms 2005; as a solver's first phases: Duan, Nejati, Trimponias,
//          Poupart, Ganesh, "Online Bayesian moment matching based SAT solver heuristics", ICML
//          2020
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "formula/literal.hpp"

namespace nb {

// Rounds after which beliefs are noted; the last is also the longest there are.
inline constexpr std::array<int, 3> belief_rounds{5, 15, 50};
// Log-odds beyond this, and those of variables that unit propagation fixes, are this.
inline constexpr float belief_limit = 10.0f;

// How often edges are visited in all rounds together, for a formula of so many.
std::size_t belief_visits(std::size_t edges);

// Log-odds of true for each variable after each of `belief_rounds`, row-major.  If the rounds
// are fewer, the last ones stand for those that are missing.  `poll` is called now and then.
std::vector<float> believe(std::span<const std::int64_t> clause_offsets,
                           std::span<const std::int32_t> clause_lits,
                           std::span<const Value> root_values,
                           const std::function<void(std::size_t)> &poll);

}  // namespace nb
