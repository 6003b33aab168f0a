// SPDX-License-Identifier: MIT
// The parts of bounded variable elimination that its files share.
#pragma once

#include "base/heap.hpp"
#include "solver/inprocess/dense.hpp"
#include "solver/inprocess/gates.hpp"

namespace nb {

class Eliminate {
 public:
  Eliminate(Core &core, Effort &effort);

  // True if all candidates were tried within the effort limit.
  bool run();

 private:
  // eliminate.cpp
  void schedule();
  bool round();
  bool try_variable(Var var);
  bool gather(Lit lit, Occurrences &occurrences);
  bool resolve_all(Var var);
  bool resolve(std::span<const Lit> marked, std::span<const Lit> other);
  void add_resolvents();
  void remove_clauses(Var var);
  void remove_side(Lit pivot, const Occurrences &occurrences, bool gate_only);
  double score(Var var) const;

  // backward.cpp: new resolvents subsume and strengthen older clauses.
  void backward();
  void backward_binary(Lit a, Lit b);
  void backward_large(ClauseRef ref);
  void strengthen_in_dense(ClauseRef ref, Lit remove);

  Core &core_;
  Effort &effort_;
  Dense dense_;
  ScoreHeap<Var> heap_;
  IndexVector<Lit, std::uint8_t> marks_;
  Occurrences positive_, negative_;
  GateFinder gates_;
  bool gate_ = false;
  // Resolvents of the variable at hand, flat.
  std::vector<Lit> resolvents_;
  std::vector<std::uint32_t> resolvent_ends_;
  std::vector<Lit> lits_;
  // New clauses whose backward subsumption is open: references, or binary clauses in pairs.
  std::vector<ClauseRef> backward_large_;
  std::vector<std::pair<Lit, Lit>> backward_binary_;
  int bound_ = 0;
};

}  // namespace nb
