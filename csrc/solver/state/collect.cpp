// SPDX-License-Identifier: MIT
// Collect: free clauses and close the gaps in the arena.
//
// Idea     Compute where each surviving clause goes, update all references (watches, reasons),
//          then move.  Watches keep their order, which is worth time in propagation.
// Needs    any level         Reads   trail
// Leaves   the same level    Writes  arena, watches, reasons
// Cost     linear in arena and watches; one word a clause of extra memory
#include <algorithm>

#include "solver/search/search.hpp"
#include "solver/state/database.hpp"

namespace nb {

namespace {

bool satisfied_at_root(const Core &core, const Clause &clause) {
  return std::ranges::any_of(clause, [&](Lit lit) { return core.root_value(lit) > 0; });
}

void mark_satisfied(Core &core) {
  for (ClauseRef ref = core.arena.first(); ref != core.arena.end(); ref = core.arena.next(ref)) {
    const Clause &clause = core.arena[ref];
    if (!clause.garbage && satisfied_at_root(core, clause)) mark_garbage(core, ref);
  }
}

void protect_reasons(Core &core, bool protect) {
  for (const Lit lit : core.trail.lits) {
    const Reason reason = core.trail.assigned[lit.var()].reason;
    if (reason.is_large()) core.arena[reason.ref()].reason = protect;
  }
}

// Binary clauses satisfied at the root are dropped on both sides.
void flush_binary(Core &core, Lit lit, Watch watch) {
  const Lit other = watch.blocking();
  if (!(lit < other)) return;
  if (watch.learned_binary()) {
    --core.stats.clauses_learned;
    --core.binaries_learned;
  } else {
    --core.stats.clauses_irredundant;
    --core.binaries_irredundant;
    for (const Lit l : {lit, other}) core.vars[l.var()].eliminate = 1;
  }
  const Lit lits[] = {lit, other};
  core.proof.erase(lits);
}

}  // namespace

void collect(Core &core) {
  ++core.stats.arena_collections;
  const bool new_units = core.stats.units > core.pacing.cleaned_units;
  if (new_units) mark_satisfied(core);
  core.pacing.cleaned_units = core.stats.units;
  protect_reasons(core, true);

  RawVector<std::uint32_t> searched;
  ClauseRef to = 0;
  for (ClauseRef ref = core.arena.first(); ref != core.arena.end(); ref = core.arena.next(ref)) {
    Clause &clause = core.arena[ref];
    if (clause.garbage && !clause.reason) {
      if (!clause.weakened || !core.options.incremental)
        core.proof.erase(std::span<const Lit>(clause.lits(), clause.size));
      continue;
    }
    searched.push_back(clause.searched);
    clause.searched = to;
    to += clause_header_words + clause.size;
  }

  for (std::uint32_t code = 0; code < 2 * core.num_vars(); ++code) {
    const Lit lit = Lit::from_code(code);
    WatchList &list = core.watches[lit];
    if (list.empty()) {
      if (list.capacity()) list.release();
      continue;
    }
    Watch *out = list.begin();
    const bool satisfied = new_units && core.root_value(lit) > 0;
    for (const Watch watch : list) {
      if (watch.is_binary()) {
        if (new_units && (satisfied || core.root_value(watch.blocking()) > 0))
          flush_binary(core, lit, watch);
        else
          *out++ = watch;
        continue;
      }
      const Clause &clause = core.arena[watch.ref()];
      if (clause.garbage && !clause.reason) continue;
      *out++ = Watch::large(watch.blocking(), clause.searched);
    }
    list.shrink_size(static_cast<std::uint32_t>(out - list.begin()));
    if (list.size() < list.capacity() / 4) list.shrink_to_fit();
  }

  for (const Lit lit : core.trail.lits) {
    Reason &reason = core.trail.assigned[lit.var()].reason;
    if (reason.is_large()) reason = Reason::large(core.arena[reason.ref()].searched);
  }

  const std::uint32_t *restored = searched.begin();
  to = 0;
  for (ClauseRef ref = core.arena.first(), end = core.arena.end(); ref != end;) {
    const ClauseRef next = core.arena.next(ref);
    Clause &clause = core.arena[ref];
    if (!clause.garbage || clause.reason) {
      clause.searched = *restored++;
      clause.reason = false;
      to = core.arena.move_down(ref, to);
    }
    ref = next;
  }
  core.arena.truncate(to);
  core.recent.clear();
}

bool strip_clauses(Core &core) {
  std::vector<Lit> keep;
  const std::uint32_t units = core.trail.size();
  const ClauseRef end = core.arena.end();
  for (ClauseRef ref = core.arena.first(); ref != end && !core.inconsistent;
       ref = core.arena.next(ref)) {
    const Clause &clause = core.arena[ref];
    if (clause.garbage) continue;
    bool satisfied = false, gone = false;
    keep.clear();
    for (const Lit lit : clause) {
      const Value value = core.value(lit);
      if (value > 0) satisfied = true;
      if (!value) keep.push_back(lit);
      // Only learned clauses still name variables that left the formula.
      gone |= !value && !core.active(lit.var());
    }
    NB_ASSERT(!gone || clause.learned || satisfied);
    if (satisfied || gone) {
      mark_garbage(core, ref);
    } else if (keep.size() < 3) {
      const bool learned = clause.learned;
      if (keep.size() > 1) core.proof.add(keep);
      mark_garbage(core, ref);
      if (keep.size() == 2)
        add_binary(core, keep[0], keep[1], learned);
      else
        add_derived(core, keep, learned, 0);
    } else if (keep.size() < clause.size) {
      replace_literals(core, ref, keep);
    }
  }
  return core.trail.size() > units;
}

void clean(Core &core) {
  NB_ASSERT(!core.trail.level && core.trail.propagated == core.trail.size() &&
            core.activity == Doing::search);
  strip_clauses(core);
  // `collect` drops satisfied binary clauses only if it sees new units.
  core.pacing.cleaned_units = -1;
  collect(core);
}

}  // namespace nb
