// SPDX-License-Identifier: MIT
// Propagate: assign what the clauses force until nothing is left to do or a clause is false.
//
// Idea     Two watched literals with blocking literals, binary clauses inlined, and the search
//          for a replacement resumed where it stopped (`searched`).
// Needs    watches connected Reads   arena, options
// Leaves   W1, W2            Writes  trail, watches, phases.saved
// Cost     most of the run time; counted in ticks (cache lines of watches and clauses)
// Source   Gent, "Optimal Implementation of Watched Literals", JAIR 2013, and watch.hpp
#include <algorithm>

#include "solver/search/search.hpp"
#include "solver/state/database.hpp"

namespace nb {

namespace {

// A unit on the root level is a fact; it needs no reason but its own line in the proof.
[[gnu::noinline]] void fix(Core &core, Lit lit, Reason reason) {
  ++core.stats.units;
  const Var var = lit.var();
  if (!reason.is_none()) {
    const Lit lits[] = {lit};
    core.proof.add(lits);
    core.trail.assigned[var].reason = Reason::none();
  }
  if (core.vars[var].state == VarState::active) deactivate(core, var, VarState::fixed);
}

template <bool probing>
[[gnu::always_inline]] inline void assign_inline(Core &core, Lit lit, Reason reason,
                                                 std::uint32_t level) {
  Trail &trail = core.trail;
  NB_ASSERT(!trail.values[lit]);
  // It will be visited soon.
  __builtin_prefetch(&core.watches[~lit]);
  trail.values[lit] = 1;
  trail.values[~lit] = -1;
  const Var var = lit.var();
  Assigned &assigned = trail.assigned[var];
  assigned.level = level;
  assigned.trail = trail.size();
  assigned.reason = reason;
  trail.lits.push_back(lit);
  --trail.unassigned;
  if constexpr (!probing) core.phases.saved[var] = lit.negative() ? -1 : 1;
  if (!trail.level) [[unlikely]]
    fix(core, lit, reason);
}

template <bool probing>
Conflict propagate_as(Core &core, [[maybe_unused]] ClauseRef ignored) {
  Trail &trail = core.trail;
  Value *const values = trail.values.data();
  const std::uint32_t start = trail.propagated;
  const bool low = !probing && trail.first_low != Trail::in_order;
  const auto imply = [&](Lit lit, Reason reason) {
    if (low) [[unlikely]]
      assign_at(core, lit, reason, implied_level(core, lit, reason));
    else
      assign_inline<probing>(core, lit, reason, trail.level);
  };
  std::int64_t ticks = 0;
  Conflict conflict;
  while (!conflict.found() && trail.propagated != trail.size()) {
    const Lit falsified = ~trail.lits[trail.propagated++];
    WatchList &list = core.watches[falsified];
    Watch *in = list.begin();
    Watch *const end = list.end();
    Watch *out = in;
    ticks += 1 + (list.size() >> 3);
    while (in != end) {
      const Watch watch = *out++ = *in++;
      const Lit blocking = watch.blocking();
      const Value block = values[blocking.code()];
      if (block > 0) continue;
      if (watch.is_binary()) {
        if (block < 0) {
          conflict = {Reason::binary(blocking), falsified};
          break;
        }
        imply(blocking, Reason::binary(falsified));
        continue;
      }
      const ClauseRef ref = watch.ref();
      if constexpr (probing)
        if (ref == ignored) continue;
      ++ticks;
      Clause &clause = core.arena[ref];
      Lit *const lits = clause.lits();
      const Lit other = Lit::from_code(lits[0].code() ^ lits[1].code() ^ falsified.code());
      const Value other_value = values[other.code()];
      if (other_value > 0) {
        out[-1].set_blocking(other);
        continue;
      }
      Lit *const stop = lits + clause.size;
      Lit *const middle = lits + clause.searched;
      Lit *place = middle;
      Value found = -1;
      while (place != stop && (found = values[place->code()]) < 0) ++place;
      if (found < 0) {
        place = lits + 2;
        while (place != middle && (found = values[place->code()]) < 0) ++place;
      }
      if (found >= 0) {
        clause.searched = static_cast<std::uint32_t>(place - lits);
        const Lit replacement = *place;
        if (found > 0) {
          out[-1].set_blocking(replacement);
          continue;
        }
        lits[0] = other;
        lits[1] = replacement;
        *place = falsified;
        core.watches[replacement].push_back(Watch::large(other, ref));
        --out;
        continue;
      }
      if (other_value < 0) {
        conflict = {Reason::large(ref), falsified};
        break;
      }
      imply(other, Reason::large(ref));
    }
    if (out != in) {
      while (in != end) *out++ = *in++;
      list.shrink_size(static_cast<std::uint32_t>(out - list.begin()));
    }
  }
  const std::uint32_t propagated = trail.propagated - start;
  if constexpr (probing) {
    core.stats.probe_propagations += propagated;
    core.outside_ticks += ticks;
  } else {
    core.stats.propagations += propagated;
    core.stats.ticks += ticks;
    core.consistent = conflict.found() ? trail.levels[trail.level].trail : trail.size();
  }
  return conflict;
}

}  // namespace

void assign(Core &core, Lit lit, Reason reason) {
  if (core.activity == Doing::probing)
    assign_inline<true>(core, lit, reason, core.trail.level);
  else
    assign_inline<false>(core, lit, reason, core.trail.level);
}

void assign_at(Core &core, Lit lit, Reason reason, std::uint32_t level) {
  Trail &trail = core.trail;
  NB_ASSERT(level <= trail.level && core.activity == Doing::search);
  if (level < trail.level) trail.first_low = std::min(trail.first_low, trail.size());
  assign_inline<false>(core, lit, reason, level);
}

void decide_literal(Core &core, Lit lit) {
  Trail &trail = core.trail;
  ++trail.level;
  Level level;
  level.decision = lit;
  level.trail = trail.size();
  trail.levels.push_back(level);
  assign(core, lit, Reason::none());
}

Conflict propagate(Core &core) {
  for (;;) {
    Conflict conflict = propagate_as<false>(core, no_clause);
    if (conflict.found() || !core.constraints.any) return conflict;
    conflict = propagate_constraints(core);
    if (conflict.found()) {
      core.consistent = core.trail.levels[core.trail.level].trail;
      return conflict;
    }
    if (core.trail.propagated == core.trail.size()) return conflict;
  }
}

Conflict propagate_probing(Core &core, ClauseRef ignored) {
  return propagate_as<true>(core, ignored);
}

bool propagate_root(Core &core) {
  NB_ASSERT(!core.trail.level);
  if (core.inconsistent) return false;
  const Conflict conflict =
      core.activity == Doing::probing ? propagate_probing(core) : propagate(core);
  if (conflict.found()) derive_empty(core);
  if (core.constraints.any) forget_explanations(core);
  return !core.inconsistent;
}

}  // namespace nb
