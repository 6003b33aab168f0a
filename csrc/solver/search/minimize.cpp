// SPDX-License-Identifier: MIT
// Minimize: drop literals of the learned clause that the others imply; and with binary clauses.
//
// Idea     A literal can go if its reason, resolved recursively, leads only to literals of the
//          clause or of the root.  Failures are remembered (`poisoned`) like successes
//          (`removable`).  A level with a single literal of the clause, or a literal assigned
//          before all of the clause on its level, fails at once.
// Needs    a derived clause  Reads   trail, arena, watches
// Leaves   a subset of it    Writes  analysis
// Source   Sörensson and Biere, "Minimizing Learned Clauses", SAT 2009; van Gelder, SAT 2009;
//          Audemard and Simon, IJCAI 2009 (binary clauses)
#include <algorithm>

#include "solver/search/search.hpp"

namespace nb {

bool literal_removable(Core &core, Lit lit, int depth) {
  Trail &trail = core.trail;
  Assigned &assigned = trail.assigned[lit.var()];
  if (!assigned.level || assigned.removable) return true;
  if (depth && assigned.seen) return true;
  if (assigned.reason.is_none() || assigned.poisoned || assigned.level == trail.level) return false;
  const Level &level = trail.levels[assigned.level];
  if (!level.seen_count || (!depth && level.seen_count < 2)) return false;
  if (assigned.trail <= level.seen_trail) return false;
  if (depth > core.options.minimize_depth) return false;
  bool result = true;
  const Reason reason = reason_of(core, lit);
  if (reason.is_binary()) {
    result = literal_removable(core, reason.other(), depth + 1);
  } else {
    const std::uint32_t size = core.arena[reason.ref()].size;
    for (std::uint32_t i = 0; i < size; ++i) {
      // A reason made further down may move the arena.
      const Lit other = core.arena[reason.ref()].lits()[i];
      if (other.var() == lit.var()) continue;
      if (literal_removable(core, other, depth + 1)) continue;
      result = false;
      break;
    }
  }
  (result ? assigned.removable : assigned.poisoned) = 1;
  core.analysis.minimized.push_back(lit.var());
  return result;
}

void minimize(Core &core) {
  std::vector<Lit> &clause = core.analysis.clause;
  const auto removable = [&](Lit lit) { return literal_removable(core, lit, 0); };
  clause.erase(std::remove_if(clause.begin() + 1, clause.end(), removable), clause.end());
}

void strengthen_with_binaries(Core &core, std::uint32_t glue) {
  constexpr std::uint32_t largest_glue = 6;
  constexpr std::size_t largest_size = 30;
  std::vector<Lit> &clause = core.analysis.clause;
  if (glue > largest_glue || clause.size() > largest_size || clause.size() < 3) return;
  // (u v -l) resolved with (u v l v rest) gives (u v rest).
  const Lit first = clause[0];
  bool removed = false;
  for (const Watch watch : core.watches[first]) {
    if (!watch.is_binary()) continue;
    const Lit other = ~watch.blocking();
    if (core.value(other) >= 0 || !core.trail.assigned[other.var()].seen) continue;
    const auto place = std::find(clause.begin() + 1, clause.end(), other);
    if (place == clause.end()) continue;
    clause.erase(place);
    removed = true;
    ++core.stats.strengthened_binary;
    if (clause.size() < 3) break;
  }
  if (removed) core.stats.ticks += 1;
}

}  // namespace nb
