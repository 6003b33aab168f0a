// SPDX-License-Identifier: MIT
// Parity proof: sums of XORs as clauses that a DRAT or LRAT checker accepts.
//
// Idea     An XOR of n variables needs 2^(n-1) clauses, so a long one is stated by its prefixes:
//          prefix i is a variable of the proof alone that stands for the sum of the first i
//          variables, and two binary clauses say that the last prefix and the last variable sum to
//          the parity.  To add two XORs, walk over all their variables in order; after each one
//          the three prefixes (of both XORs and of their sum) sum to zero.  Every clause of that
//          follows by unit propagation after a case split on the variable at hand, so a sum of
//          XORs costs a number of short clauses linear in their lengths.
// Needs    a proof that no variable joins later than ours
// Leaves   the facts asked for; `close` erases everything else
// Source   Philipp and Rebola-Pardo, "DRAT Proofs for XOR Reasoning", JELIA 2016
#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "solver/core.hpp"

namespace nb {

// An XOR that the clauses state, or the sum of two earlier rows.
struct ParityRow {
  std::vector<Var> vars;
  bool parity = false;
  std::int32_t left = -1, right = -1;
};

class ParityProof {
 public:
  ParityProof(Core &core, const std::vector<ParityRow> &rows) : core_(core), rows_(rows) {}

  // State a row, and before it all that it is a sum of.  A row of at most two variables is then a
  // clause or two over them, or the empty clause.
  void derive(std::int32_t row);
  // Erase all but units.
  void close();

 private:
  // Numbers of the proof, as in DIMACS.
  using Name = std::int32_t;
  // A sum of distinct variables and a constant.
  struct Sum {
    std::vector<Name> names;
    bool constant = false;
    void flip(Name name);
    void add(const Sum &other);
  };
  // The prefixes of a row while it is walked over.
  struct Walk {
    const ParityRow *row;
    const std::vector<Name> *prefixes;
    // The row is what is being derived, so that its end is not a fact yet.
    bool open;
    std::size_t position = 0;
    Sum prefix;
  };

  Name name(Var var) const;
  std::vector<Name> define_prefixes(const ParityRow &row);
  void state_original(std::int32_t index);
  void state_sum(std::int32_t index);
  void step(Walk &walk, Var var);
  // All clauses of "the sum is zero", each after a split on `split` (0: none).
  void state_zero(const Sum &sum, Name split, std::vector<std::vector<Name>> &made);
  void add(std::vector<Name> clause, std::vector<std::vector<Name>> &made);
  void erase(std::vector<std::vector<Name>> &clauses);

  Core &core_;
  const std::vector<ParityRow> &rows_;
  // By row that has been stated: prefix i (from 2) of it at place i - 2, the last one left out.
  std::unordered_map<std::int32_t, std::vector<Name>> prefixes_;
  // Definitions and facts, alive until `close`.
  std::vector<std::vector<Name>> kept_;
};

}  // namespace nb
