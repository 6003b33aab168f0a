// SPDX-License-Identifier: MIT
// Chronological backtracking: take back one level instead of hundreds.
//
// Idea     If a backjump would undo many levels that would be decided again the same way, only
//          the conflict level is undone.  The learned literal is assigned with the level at which
//          its clause becomes unit, so levels may go down along the trail from `first_low` on.
//          What belongs to a level kept survives backtracking and is propagated again.
//          A conflict may then lie below the present level, and may have a single literal on its
//          level; that one is flipped without learning.
// Needs    a conflict        Reads   trail, arena
// Leaves   T2, W2            Writes  trail
// Source   Nadel and Ryvchin, SAT 2018; Möhle and Biere, "Backing Backtracking", SAT 2019
#include <algorithm>

#include "solver/search/search.hpp"

namespace nb {

std::uint32_t implied_level(const Core &core, Lit lit, Reason reason) {
  const auto &assigned = core.trail.assigned;
  if (reason.is_binary()) return assigned[reason.other().var()].level;
  std::uint32_t level = 0;
  for (const Lit other : core.arena[reason.ref()])
    if (other != lit) level = std::max(level, assigned[other.var()].level);
  return level;
}

std::uint32_t backtrack_level(Core &core, std::uint32_t jump) {
  const Options &options = core.options;
  const std::uint32_t level = core.trail.level;
  // Constraints count along the trail, so levels must not go down there.
  if (core.constraints.any) return jump;
  if (!options.chronological || level - jump <= 1 || jump < core.assumptions.size()) return jump;
  if (level - jump <= static_cast<std::uint32_t>(options.chronological_levels)) return jump;
  ++core.stats.chronological;
  return level - 1;
}

bool resolved_by_flip(Core &core, Conflict conflict) {
  Trail &trail = core.trail;
  if (trail.first_low == Trail::in_order) return false;
  std::uint32_t level = 0, count = 0;
  Lit highest;
  const auto see = [&](Lit lit) {
    const std::uint32_t other = trail.assigned[lit.var()].level;
    if (other < level) return;
    count = other == level ? count + 1 : 1;
    level = other;
    highest = lit;
  };
  Reason reason = conflict.reason;
  if (reason.is_binary()) {
    see(conflict.lit);
    see(reason.other());
    if (highest == reason.other()) reason = Reason::binary(conflict.lit);
  } else {
    for (const Lit lit : core.arena[reason.ref()]) see(lit);
  }
  NB_ASSERT(level);
  if (count > 1) {
    backtrack(core, level);
    return false;
  }
  backtrack(core, level - 1);
  assign_at(core, highest, reason, implied_level(core, highest, reason));
  return true;
}

}  // namespace nb
