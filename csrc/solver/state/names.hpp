// SPDX-License-Identifier: MIT
// The names of variables: what users, proofs and the solver call them.
//
// Users count their variables 1, 2, ...; inside they are indices.  The solver may add variables of
// its own between two of theirs, so from then on tables translate.  Users never see such a
// variable.  In a proof it carries the number that follows all others when it is made, and so do
// variables that only the proof has; there must be no proof if the user may still add variables.
//
// N1  As long as the solver has no variable of its own, variable v of the user is index v - 1.
#pragma once

#include <cstdint>
#include <vector>

#include "base/check.hpp"
#include "formula/literal.hpp"

namespace nb {

class Names {
 public:
  std::uint32_t user_vars() const { return users_; }
  std::uint32_t own_vars() const { return own_; }
  std::uint32_t size() const { return users_ + own_; }
  bool is_own(Var var) const { return own_ && outer_[var.index()] < 0; }

  // The literal behind a user's literal.
  Lit inner(std::int32_t dimacs) const {
    const Lit lit = Lit::from_dimacs(dimacs);
    return own_ ? Lit(Var(inner_[lit.var().index()]), lit.negative()) : lit;
  }
  // What the user calls a literal of his.
  std::int32_t outer(Lit lit) const {
    NB_ASSERT(!is_own(lit.var()));
    return own_ ? signed_as(lit, outer_[lit.var().index()]) : lit.dimacs();
  }
  // What a proof calls a literal.
  std::int32_t proof(Lit lit) const {
    if (!own_) return lit.dimacs();
    const std::int32_t name = outer_[lit.var().index()];
    return signed_as(lit, name < 0 ? -name : name);
  }
  // What a list of clauses calls a literal in which the solver's own variables follow the user's.
  std::int32_t listed(Lit lit) const {
    if (!is_own(lit.var())) return outer(lit);
    return signed_as(lit, static_cast<std::int32_t>(users_ + rank_[lit.var().index()]));
  }

  void add_users(std::uint32_t count) {
    if (own_)
      for (std::uint32_t i = 0; i < count; ++i) {
        inner_.push_back(size() + i);
        outer_.push_back(static_cast<std::int32_t>(users_ + i + 1));
        rank_.push_back(0);
      }
    users_ += count;
  }
  Var add_own() {
    if (!own_)
      for (std::uint32_t i = 0; i < users_; ++i) {
        inner_.push_back(i);
        outer_.push_back(static_cast<std::int32_t>(i + 1));
        rank_.push_back(0);
      }
    const Var var(size());
    outer_.push_back(-(var.dimacs() + only_proof_));
    rank_.push_back(++own_);
    return var;
  }
  // The number of a new variable that stands in the proof and nowhere else.
  std::int32_t add_proof_var() { return static_cast<std::int32_t>(size()) + ++only_proof_; }

 private:
  static std::int32_t signed_as(Lit lit, std::int32_t name) {
    return lit.negative() ? -name : name;
  }

  std::uint32_t users_ = 0, own_ = 0;
  std::int32_t only_proof_ = 0;
  // All empty as long as the solver has no variable of its own.
  std::vector<std::uint32_t> inner_;
  // The user's number, or minus the number in proofs of a variable of the solver.
  std::vector<std::int32_t> outer_;
  // The solver's variables, counted from 1.
  std::vector<std::uint32_t> rank_;
};

}  // namespace nb
