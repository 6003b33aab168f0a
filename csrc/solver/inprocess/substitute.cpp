// SPDX-License-Identifier: MIT
// Substitute: replace literals that binary clauses prove equivalent by one of them.
//
// Idea     Binary clauses are edges of an implication graph; literals of a strongly connected
//          component are equivalent.  One represents the others everywhere.  A component with a
//          literal and its negation is a contradiction.
// Needs    root level        Reads   watches (binary)
// Leaves   root level        Writes  arena, watches, extension, vars
// Cost     linear in binary clauses, and in the formula if there are equivalences
// Source   Tarjan, SIAM J. Comput. 1972; Aspvall, Plass and Tarjan, IPL 1979
#include <algorithm>
#include <optional>

#include "solver/inprocess/dense.hpp"
#include "solver/inprocess/inprocess.hpp"
#include "solver/search/search.hpp"
#include "solver/state/database.hpp"

namespace nb {

namespace {

constexpr Lit none = Lit::from_code(~0u);

class Substitute {
 public:
  Substitute(Core &core, Effort &effort) : core_(core), effort_(effort) {}

  // True if a variable was substituted.
  bool run() {
    if (core_.inconsistent) return false;
    find_components();
    if (contradiction_ == none && !replaced_) return false;
    // Leaving the watches costs much more than the search for components.
    dense_.emplace(core_, effort_, false);
    if (contradiction_ != none) {
      derive_unit(core_, contradiction_);
      return false;
    }
    tell_equivalences();
    for_binaries();
    for_large();
    finish();
    return !core_.inconsistent;
  }

 private:
  // Tarjan's algorithm without recursion.  A literal and its negation get representatives that
  // are negations of each other, since components come in such pairs and the smallest variable
  // represents, if it may be replaced or not: variables that are assumed stay.
  void find_components() {
    const std::size_t lits = 2 * std::size_t{core_.num_vars()};
    representative_.resize(lits, none);
    std::vector<std::uint32_t> index(lits, 0), low(lits, 0);
    std::vector<Lit> component, work;
    std::uint32_t counter = 0;
    constexpr std::uint32_t closed = ~0u;
    for (std::uint32_t root = 0; root < lits; ++root) {
      const Lit start = Lit::from_code(root);
      if (index[root] || !core_.active(start.var())) continue;
      work.assign(1, start);
      while (!work.empty()) {
        const Lit lit = work.back();
        if (index[lit.code()] == closed) {
          work.pop_back();
          continue;
        }
        const WatchList &list = core_.watches[~lit];
        effort_.ticks += 1 + (list.size() >> 3);
        if (!index[lit.code()]) {
          index[lit.code()] = low[lit.code()] = ++counter;
          component.push_back(lit);
          for (const Watch watch : list)
            if (watch.is_binary() && core_.active(watch.blocking().var()) &&
                !index[watch.blocking().code()])
              work.push_back(watch.blocking());
          continue;
        }
        work.pop_back();
        std::uint32_t &lowest = low[lit.code()];
        for (const Watch watch : list) {
          const std::uint32_t other = watch.blocking().code();
          if (!watch.is_binary() || !index[other] || index[other] == closed) continue;
          lowest = std::min(lowest, low[other]);
        }
        if (lowest != index[lit.code()]) continue;
        close(component, lit, index, closed);
        if (contradiction_ != none) return;
      }
    }
  }

  void close(std::vector<Lit> &component, Lit root, std::vector<std::uint32_t> &index,
             std::uint32_t closed) {
    std::size_t begin = component.size();
    do --begin;
    while (component[begin] != root);
    Lit best = root;
    for (std::size_t i = begin; i < component.size(); ++i) {
      const Lit lit = component[i];
      index[lit.code()] = closed;
      if (lit.var() < best.var()) best = lit;
    }
    for (std::size_t i = begin; i < component.size(); ++i) {
      const Lit lit = component[i];
      // Its negation in the same component: the literal implies its negation.
      if (representative_[~lit] == best && contradiction_ == none) contradiction_ = ~lit;
      representative_[lit] = best;
      if (lit != best && !core_.vars[lit.var()].frozen) replaced_ = true;
    }
    component.resize(begin);
  }

  Lit map(Lit lit) const {
    if (core_.vars[lit.var()].frozen || representative_[lit] == none) return lit;
    return representative_[lit];
  }

  void tell_equivalences() {
    for (std::uint32_t i = 0; i < core_.num_vars(); ++i) {
      const Lit lit(Var(i), false);
      if (!core_.active(Var(i)) || map(lit) == lit) continue;
      const Lit to = map(lit);
      const Lit forth[] = {~lit, to}, back[] = {lit, ~to};
      core_.proof.add(forth);
      core_.proof.add(back);
    }
  }

  void for_binaries() {
    struct Binary {
      Lit a, b;
      bool learned;
    };
    std::vector<Binary> found;
    for (std::uint32_t code = 0; code < 2 * core_.num_vars(); ++code) {
      const Lit lit = Lit::from_code(code);
      WatchList &list = core_.watches[lit];
      effort_.ticks += 1 + (list.size() >> 3);
      Watch *out = list.begin();
      for (const Watch watch : list) {
        const Lit other = watch.blocking();
        if (map(lit) == lit && map(other) == other) {
          *out++ = watch;
          continue;
        }
        if (lit < other) found.push_back({lit, other, watch.learned_binary()});
      }
      list.shrink_size(static_cast<std::uint32_t>(out - list.begin()));
    }
    for (const Binary &binary : found) {
      if (binary.learned) {
        --core_.stats.clauses_learned;
        --core_.binaries_learned;
      } else {
        --core_.stats.clauses_irredundant;
        --core_.binaries_irredundant;
      }
      const Lit a = map(binary.a), b = map(binary.b);
      if (a == b) {
        derive_unit(core_, a);
      } else if (a != ~b) {
        const Lit lits[] = {a, b};
        add_derived(core_, lits, binary.learned, 1);
        if (!binary.learned) touch(a), touch(b);
      }
      const Lit old[] = {binary.a, binary.b};
      core_.proof.erase(old);
      if (core_.inconsistent) return;
    }
  }

  void touch(Lit lit) { core_.vars[lit.var()].eliminate = core_.vars[lit.var()].subsume = 1; }

  void for_large() {
    IndexVector<Lit, std::uint8_t> marks;
    marks.resize(2 * std::size_t{core_.num_vars()}, 0);
    std::vector<Lit> lits;
    const ClauseRef end = core_.arena.end();
    for (ClauseRef ref = core_.arena.first(); ref != end && !core_.inconsistent;
         ref = core_.arena.next(ref)) {
      const Clause &clause = core_.arena[ref];
      if (clause.garbage) continue;
      ++effort_.ticks;
      if (std::ranges::all_of(clause, [&](Lit lit) { return map(lit) == lit; })) continue;
      lits.clear();
      bool satisfied = false;
      for (const Lit old : clause) {
        const Lit lit = map(old);
        if (marks[~lit]) satisfied = true;
        if (marks[lit]) continue;
        marks[lit] = 1;
        lits.push_back(lit);
      }
      for (const Lit lit : lits) marks[lit] = 0;
      if (!clause.learned)
        for (const Lit lit : lits) touch(lit);
      if (satisfied) {
        mark_garbage(core_, ref);
      } else if (lits.size() > 2) {
        replace_literals(core_, ref, lits);
      } else {
        const bool learned = clause.learned;
        add_derived(core_, lits, learned, 1);
        mark_garbage(core_, ref);
      }
    }
  }

  void finish() {
    if (core_.inconsistent) return;
    for (std::uint32_t i = 0; i < core_.num_vars(); ++i) {
      const Var var(i);
      const Lit lit(var, false);
      if (!core_.active(var) || map(lit) == lit) continue;
      const Lit to = map(lit);
      const Lit forth[] = {~lit, to}, back[] = {lit, ~to};
      core_.extension.push(~lit, forth);
      core_.extension.push(lit, back);
      core_.extension.is_witness[lit] = core_.extension.is_witness[~lit] = 1;
      if (!core_.options.incremental) {
        core_.proof.erase(forth);
        core_.proof.erase(back);
      }
      deactivate(core_, var, VarState::substituted);
      ++core_.stats.substituted;
    }
  }

  Core &core_;
  Effort &effort_;
  std::optional<Dense> dense_;
  IndexVector<Lit, Lit> representative_;
  Lit contradiction_ = none;
  bool replaced_ = false;
};

}  // namespace

void substitute(Core &core, Effort &effort) {
  if (core.keeps_clauses) return;
  const std::int64_t before = core.stats.substituted;
  constexpr int most_rounds = 3;
  for (int round = 0; round < most_rounds && propagate_root(core); ++round)
    if (!Substitute(core, effort).run()) break;
  effort.found = core.stats.substituted - before;
}

}  // namespace nb
