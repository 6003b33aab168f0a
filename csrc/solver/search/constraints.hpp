// SPDX-License-Identifier: MIT
// What the kinds of constraints give to search/constraints.cpp.
#pragma once

#include <span>

#include "solver/core.hpp"

namespace nb {

inline constexpr std::uint32_t no_row = ~0u;

// Before a row is added: its tables have room for all variables.
void begin_constraint(Core &core);
// Keep a variable in the formula from now on; root level.
void freeze(Core &core, Var var, std::uint8_t why);
// Assign a literal whose reason is made when it is asked for.
void imply_lazily(Core &core, Lit lit, LazySource source);
// A conflict for a clause of false literals, two at least.
Conflict false_clause(Core &core, std::span<const Lit> clause);

// Forget all inequalities but these, at the root; what they say of the others is in clauses.
void keep_linears(Core &core, std::span<const Linear> kept);

// Count a literal that became true, in all its rows, and assign what follows.  Returns a row that
// is violated, or `no_row`; then nothing more is assigned.
std::uint32_t count_linears(Core &core, Lit lit);
std::uint32_t count_parities(Core &core, Lit lit);
void uncount_linears(Core &core, Lit lit);
void uncount_parities(Core &core, Lit lit);
Conflict violated_linear(Core &core, std::uint32_t row);
Conflict violated_parity(Core &core, std::uint32_t row);
// Append the false literals that imply clause[0].
void explain_linear(Core &core, std::uint32_t row, std::vector<Lit> &clause);
void explain_parity(Core &core, std::uint32_t row, std::vector<Lit> &clause);
// Element v - 1 is the value of variable v.
bool satisfies_linears(const Core &core, std::span<const signed char> model);
bool satisfies_parities(const Core &core, std::span<const signed char> model);

}  // namespace nb
