// SPDX-License-Identifier: MIT
#include "solver/inprocess/dense.hpp"

#include "solver/search/search.hpp"
#include "solver/state/database.hpp"

namespace nb {

Dense::Dense(Core &core, Effort &effort, bool connect)
    : core_(core), effort_(effort), entered_(core.trail.size()) {
  NB_ASSERT(!core.trail.level && core.trail.propagated == core.trail.size());
  clean(core);
  unwatch_large(core);
  during_.emplace(core.activity, Doing::dense);
  if (!connect) return;
  for (ClauseRef ref = core.arena.first(); ref != core.arena.end(); ref = core.arena.next(ref)) {
    const Clause &clause = core.arena[ref];
    if (clause.garbage || clause.learned) continue;
    for (const Lit lit : clause) core.watches[lit].push_back(Watch::large(clause.lits()[0], ref));
  }
}

bool Dense::propagate() {
  Trail &trail = core_.trail;
  while (!core_.inconsistent && trail.propagated < trail.size()) {
    const Lit lit = trail.lits[trail.propagated++];
    effort_.ticks += 2;
    for (const Watch watch : core_.watches[lit])
      if (!watch.is_binary() && !core_.arena[watch.ref()].garbage) mark_garbage(core_, watch.ref());
    // Assigning does not change the lists.
    for (const Watch watch : core_.watches[~lit]) {
      if (watch.is_binary()) {
        if (core_.value(watch.blocking()) <= 0 && !derive_unit(core_, watch.blocking())) break;
        continue;
      }
      const Clause &clause = core_.arena[watch.ref()];
      if (clause.garbage) continue;
      ++effort_.ticks;
      std::uint32_t open = 0;
      Lit last;
      bool satisfied = false;
      for (const Lit other : clause) {
        const Value value = core_.value(other);
        if (value > 0) {
          satisfied = true;
          break;
        }
        if (value) continue;
        last = other;
        if (++open > 1) break;
      }
      if (satisfied || open > 1) continue;
      if (!open) {
        derive_empty(core_);
        break;
      }
      derive_unit(core_, last);
    }
  }
  return !core_.inconsistent;
}

Dense::~Dense() {
  unwatch_large(core_);
  during_.reset();
  if (!core_.inconsistent) {
    // Binary clauses propagate by watches, long ones by being stripped.
    const During probing(core_.activity, Doing::probing);
    core_.trail.propagated = entered_;
    while (propagate_root(core_) && strip_clauses(core_)) {
    }
  }
  watch_large(core_);
  core_.pacing.cleaned_units = -1;
  collect(core_);
}

void remove_binaries_of(Core &core, Var var, bool weakened) {
  for (const bool sign : {false, true}) {
    const Lit lit(var, sign);
    WatchList &list = core.watches[lit];
    for (const Watch watch : list) {
      if (!watch.is_binary()) continue;
      const Lit other = watch.blocking();
      const bool learned = watch.learned_binary();
      WatchList &others = core.watches[other];
      const Watch back = Watch::binary(lit, learned);
      Watch *place = others.begin();
      while (place != others.end() && !(*place == back)) ++place;
      NB_ASSERT(place != others.end());
      *place = others[others.size() - 1];
      others.shrink_size(others.size() - 1);
      if (learned) {
        --core.stats.clauses_learned;
        --core.binaries_learned;
      } else {
        --core.stats.clauses_irredundant;
        --core.binaries_irredundant;
        core.vars[other.var()].eliminate = 1;
      }
      if (learned || !weakened || !core.options.incremental) {
        const Lit lits[] = {lit, other};
        core.proof.erase(lits);
      }
    }
    list.release();
  }
}

}  // namespace nb
