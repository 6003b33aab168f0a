// SPDX-License-Identifier: MIT
// Analyze: learn a clause from a conflict and jump back to where it becomes unit.
//
// Idea     Resolve the conflict with reasons, last assigned first, until one literal of the
//          conflict level is left (first unique implication point).  Shorten what is left, bump
//          the variables on the way, and assign the remaining literal one or more levels below.
// Needs    a conflict        Reads   trail, arena, watches
// Leaves   a lower level     Writes  everything of the search
// Source   Marques-Silva and Sakallah, "GRASP", 1999; Zhang et al., ICCAD 2001
#include <algorithm>

#include "solver/search/search.hpp"
#include "solver/state/database.hpp"

namespace nb {

namespace {

// One literal of a clause being resolved.  True if it belongs to the conflict level.
inline bool see(Core &core, Lit lit) {
  Assigned &assigned = core.trail.assigned[lit.var()];
  if (assigned.seen || !assigned.level) return false;
  NB_ASSERT(core.value(lit) < 0);
  assigned.seen = 1;
  Analysis &analysis = core.analysis;
  analysis.analyzed.push_back(lit.var());
  if (assigned.level == core.trail.level) return true;
  analysis.clause.push_back(lit);
  Level &level = core.trail.levels[assigned.level];
  if (!level.seen_count++) analysis.levels.push_back(assigned.level);
  level.seen_trail = std::min(level.seen_trail, assigned.trail);
  return false;
}

// Resolve until the first unique implication point; its negation becomes clause[0].
void derive(Core &core, Conflict conflict) {
  Trail &trail = core.trail;
  Analysis &analysis = core.analysis;
  analysis.clause.push_back(Lit());
  std::uint32_t open = 0;
  Reason reason = conflict.reason;
  // The literal resolved upon; of a binary conflict, its first literal.
  Lit pivot = conflict.lit;
  if (reason.is_binary()) open += see(core, pivot);
  std::uint32_t position = trail.size();
  for (;;) {
    if (reason.is_binary()) {
      open += see(core, reason.other());
    } else {
      Clause &clause = core.arena[reason.ref()];
      if (clause.learned) bump_clause(core, clause);
      for (const Lit lit : clause) open += lit != pivot && see(core, lit);
      // In the conflict itself the pivot is a literal like the others.
      if (conflict.found() && core.value(pivot) < 0) open += see(core, pivot);
    }
    conflict.reason = Reason::none();
    do pivot = trail.lits[--position];
    while (!trail.assigned[pivot.var()].seen || trail.assigned[pivot.var()].level != trail.level);
    if (!--open) break;
    reason = reason_of(core, pivot);
    NB_ASSERT(!reason.is_none());
  }
  analysis.clause[0] = ~pivot;
}

// Put the literal with the highest level below the conflict level second; returns that level.
std::uint32_t jump_level(Core &core) {
  std::vector<Lit> &clause = core.analysis.clause;
  if (clause.size() < 2) return 0;
  std::size_t best = 1;
  std::uint32_t level = core.trail.assigned[clause[1].var()].level;
  for (std::size_t i = 2; i < clause.size(); ++i) {
    const std::uint32_t other = core.trail.assigned[clause[i].var()].level;
    if (other > level) {
      best = i;
      level = other;
    }
  }
  std::swap(clause[1], clause[best]);
  return level;
}

// Drop one of the last few learned clauses if the new one subsumes it.
void subsume_recent(Core &core, ClauseRef ref) {
  constexpr std::size_t memory = 4;
  std::vector<Clause *> candidates;
  Analysis &analysis = core.analysis;
  for (const ClauseRef old : core.recent) {
    Clause &clause = core.arena[old];
    if (clause.garbage || clause.size < analysis.clause.size()) continue;
    candidates.push_back(&clause);
  }
  if (!candidates.empty()) {
    // The mark says the sign.
    const auto mark = [](Lit lit) { return static_cast<std::uint8_t>(lit.negative() ? 2 : 1); };
    for (const Lit lit : analysis.clause) core.trail.assigned[lit.var()].shrinkable = mark(lit);
    for (Clause *clause : candidates) {
      std::size_t common = 0;
      for (const Lit lit : *clause)
        common += core.trail.assigned[lit.var()].shrinkable == mark(lit);
      if (common == analysis.clause.size()) {
        clause->garbage = true;
        --core.stats.clauses_learned;
        ++core.stats.subsumed;
      }
    }
    for (const Lit lit : analysis.clause) core.trail.assigned[lit.var()].shrinkable = 0;
  }
  if (ref == no_clause) return;
  if (core.recent.size() >= memory) core.recent.erase(core.recent.begin());
  core.recent.push_back(ref);
}

void tell_learned(Core &core) {
  if (!core.listeners.learn || core.analysis.clause.size() > core.listeners.learn_size) return;
  std::vector<std::int32_t> clause;
  for (const Lit lit : core.analysis.clause) {
    if (core.names.is_own(lit.var())) return;
    clause.push_back(core.names.outer(lit));
  }
  core.listeners.learn(clause);
}

}  // namespace

void clear_analysis(Core &core) {
  Analysis &analysis = core.analysis;
  for (const Var var : analysis.analyzed) core.trail.assigned[var].seen = 0;
  for (const Var var : analysis.minimized) {
    core.trail.assigned[var].poisoned = 0;
    core.trail.assigned[var].removable = 0;
  }
  for (const std::uint32_t level : analysis.levels) {
    core.trail.levels[level].seen_count = 0;
    core.trail.levels[level].seen_trail = ~0u;
  }
  analysis.analyzed.clear();
  analysis.minimized.clear();
  analysis.levels.clear();
  analysis.clause.clear();
}

void analyze(Core &core, Conflict conflict) {
  ++core.stats.conflicts;
  Trail &trail = core.trail;
  if (!trail.level) {
    derive_empty(core);
    if (core.constraints.any) forget_explanations(core);
    return;
  }
  if (resolved_by_flip(core, conflict)) return;
  Analysis &analysis = core.analysis;
  derive(core, conflict);
  const auto glue = static_cast<std::uint32_t>(analysis.levels.size());
  const std::size_t size_derived = analysis.clause.size();
  if (core.options.shrink)
    shrink(core);
  else if (core.options.minimize)
    minimize(core);
  core.stats.minimized_literals += static_cast<std::int64_t>(size_derived - analysis.clause.size());
  if (core.options.strengthen_binary) strengthen_with_binaries(core, glue);
  bump(core);
  if (core.constraints.any) forget_explanations(core);

  Averages &averages = core.averages[core.stable];
  averages.glue_fast.update(glue);
  averages.glue_slow.update(glue);
  averages.size.update(static_cast<double>(analysis.clause.size()));
  averages.level.update(trail.level);
  core.reluctant.tick();
  core.stats.learned_literals += static_cast<std::int64_t>(analysis.clause.size());
  tell_learned(core);

  const std::uint32_t level = jump_level(core);
  const Lit uip = analysis.clause[0];
  if (analysis.clause.size() == 1) {
    backtrack(core, 0);
    derive_unit(core, uip);
  } else {
    backtrack(core, backtrack_level(core, level));
    core.proof.add(analysis.clause);
    const ClauseRef ref = add_clause(core, analysis.clause, true, glue);
    assign_at(core, uip, ref == no_clause ? Reason::binary(analysis.clause[1]) : Reason::large(ref),
              level);
    if (ref != no_clause) core.arena[ref].used = glue <= core.glue_usage[core.stable].tier2 ? 2 : 1;
    subsume_recent(core, ref);
  }
  clear_analysis(core);
}

void analyze_failed(Core &core, Lit lit) {
  // The assumption `lit` is false: which assumptions made it so?
  std::vector<Lit> &failed = core.answer.failed;
  failed.assign(1, lit);
  Trail &trail = core.trail;
  if (!trail.assigned[lit.var()].level) return;
  trail.assigned[lit.var()].seen = 1;
  const std::uint32_t start = trail.levels[1].trail;
  for (std::uint32_t i = trail.size(); i-- > start;) {
    const Lit implied = trail.lits[i];
    Assigned &assigned = trail.assigned[implied.var()];
    if (!assigned.seen) continue;
    assigned.seen = 0;
    const auto mark = [&](Lit other) {
      if (trail.assigned[other.var()].level) trail.assigned[other.var()].seen = 1;
    };
    const Reason reason = reason_of(core, implied);
    if (reason.is_none()) {
      failed.push_back(implied);
    } else if (reason.is_binary()) {
      mark(reason.other());
    } else {
      for (const Lit other : core.arena[reason.ref()])
        if (other != implied) mark(other);
    }
  }
  if (core.constraints.any) forget_explanations(core);
}

}  // namespace nb
