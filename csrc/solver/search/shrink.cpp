// SPDX-License-Identifier: MIT
// Shrink: replace all literals of a level by one that implies them.
//
// Idea     The literals of the learned clause on one level form a block.  Resolve within the
//          block, last assigned first, as in conflict analysis; if one literal is left and
//          everything resolved in from lower levels is in the clause or can be removed, the
//          block shrinks to it.  Otherwise the block is minimized literal by literal.
// Needs    a derived clause  Reads   trail, arena
// Leaves   an implied clause Writes  analysis
// Source   Fleury and Biere, "Efficient All-UIP Learned Clause Minimization", SAT 2021
#include <algorithm>

#include "solver/search/search.hpp"

namespace nb {

namespace {

class Shrink {
 public:
  explicit Shrink(Core &core) : core_(core), trail_(core.trail), analysis_(core.analysis) {}

  // The literals [begin, end) of the clause are on `level`.  Returns the new end.
  Lit *block(Lit *begin, Lit *end, std::uint32_t level) {
    if (end - begin < 2) return end;
    if (const Lit uip = find_uip(begin, end, level); uip != Lit::from_code(invalid)) {
      core_.stats.shrunken_literals += end - begin - 1;
      const Lit literal = ~uip;
      Assigned &assigned = trail_.assigned[literal.var()];
      if (!assigned.seen) {
        assigned.seen = 1;
        analysis_.analyzed.push_back(literal.var());
      }
      *begin = literal;
      return begin + 1;
    }
    if (!core_.options.minimize) return end;
    return std::remove_if(begin, end, [&](Lit lit) { return literal_removable(core_, lit, 0); });
  }

 private:
  static constexpr std::uint32_t invalid = ~0u;

  void mark(Var var) {
    trail_.assigned[var].shrinkable = 1;
    analysis_.shrinkable.push_back(var);
  }

  // False if the literal keeps the block from shrinking.
  bool resolve(Lit lit, std::uint32_t level, std::uint32_t &open) {
    const Assigned &assigned = trail_.assigned[lit.var()];
    if (!assigned.level) return true;
    if (assigned.level == level) {
      if (!assigned.shrinkable) {
        mark(lit.var());
        ++open;
      }
      return true;
    }
    return assigned.seen || literal_removable(core_, lit, 1);
  }

  Lit find_uip(const Lit *begin, const Lit *end, std::uint32_t level) {
    std::uint32_t open = 0, position = 0;
    for (const Lit *lit = begin; lit != end; ++lit) {
      mark(lit->var());
      ++open;
      position = std::max(position, trail_.assigned[lit->var()].trail);
    }
    Lit uip = Lit::from_code(invalid);
    for (bool failed = false; !failed;) {
      while (!trail_.assigned[trail_.lits[position].var()].shrinkable) --position;
      const Lit lit = trail_.lits[position--];
      if (open == 1) {
        uip = lit;
        break;
      }
      --open;
      const Reason reason = reason_of(core_, lit);
      if (reason.is_binary()) {
        failed = !resolve(reason.other(), level, open);
      } else {
        NB_ASSERT(reason.is_large());
        const std::uint32_t size = core_.arena[reason.ref()].size;
        for (std::uint32_t i = 0; i < size && !failed; ++i) {
          // A reason made further down may move the arena.
          const Lit other = core_.arena[reason.ref()].lits()[i];
          failed = other != lit && !resolve(other, level, open);
        }
      }
    }
    for (const Var var : analysis_.shrinkable) trail_.assigned[var].shrinkable = 0;
    analysis_.shrinkable.clear();
    return uip;
  }

  Core &core_;
  Trail &trail_;
  Analysis &analysis_;
};

}  // namespace

void shrink(Core &core) {
  std::vector<Lit> &clause = core.analysis.clause;
  if (clause.size() < 3) {
    if (core.options.minimize) minimize(core);
    return;
  }
  const auto &assigned = core.trail.assigned;
  // Highest level first: a lower level never depends on a higher one.
  std::sort(clause.begin() + 1, clause.end(), [&](Lit a, Lit b) {
    const Assigned &s = assigned[a.var()], &t = assigned[b.var()];
    return s.level > t.level || (s.level == t.level && s.trail > t.trail);
  });
  Shrink pass(core);
  Lit *const end = clause.data() + clause.size();
  Lit *out = clause.data() + 1;
  for (Lit *begin = out; begin != end;) {
    const std::uint32_t level = assigned[begin->var()].level;
    Lit *next = begin;
    while (next != end && assigned[next->var()].level == level) ++next;
    Lit *const kept = pass.block(begin, next, level);
    out = std::copy(begin, kept, out);
    begin = next;
  }
  clause.resize(static_cast<std::size_t>(out - clause.data()));
}

}  // namespace nb
