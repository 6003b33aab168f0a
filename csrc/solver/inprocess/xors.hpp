// SPDX-License-Identifier: MIT
// XORs: sums of variables modulo two that the clauses state.
//
// Idea     Clauses over the same variables forbid assignments.  If they forbid all of one parity,
//          they say that the variables sum to the other one.  Clauses over some of these variables
//          forbid too, so an XOR is found even if shorter clauses subsume some of its own.
// Needs    root level        Reads   arena, watches (binary)
// Leaves   the same          Writes  nothing
// Cost     two passes over the short clauses, the second one over those that share their variables
// Source   Soos, Nohl and Castelluccia, "Extending SAT Solvers to Cryptographic Problems", SAT 2009
#pragma once

#include <vector>

#include "solver/effort.hpp"

namespace nb {

// vars[0] + vars[1] + ... = parity, the variables in ascending order.
struct Xor {
  std::vector<Var> vars;
  bool parity = false;
};

struct FoundXors {
  std::vector<Xor> xors;
  // Every irredundant clause belongs to one of them, so that their solutions are the models.
  bool complete = false;
};

// The XORs of three to `most_vars` (at most six) variables, as many as the effort allows.
FoundXors find_xors(const Core &core, std::size_t most_vars, Effort &effort);

}  // namespace nb
