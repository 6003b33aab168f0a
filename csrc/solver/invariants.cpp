// SPDX-License-Identifier: MIT
#include "solver/invariants.hpp"

#include <algorithm>

namespace nb {

namespace {

// Unlike NB_ASSERT this stays in every build: who calls these functions wants them checked.
void must(bool condition, int line, const char *text) {
  if (!condition) assertion_failed("invariants.cpp", line, text);
}

}  // namespace

#define NB_MUST(condition) must(condition, __LINE__, #condition)

// T1  Values, levels and positions agree with the trail; levels decrease along it only from
//     `first_low` on, and none is below that of a reason.
// T2  A reason contains its literal, and otherwise only literals assigned false before it.
void check_trail(const Core &core) {
  const Trail &trail = core.trail;
  NB_MUST(trail.levels.size() == trail.level + 1);
  NB_MUST(trail.propagated <= trail.size());
  std::uint32_t level = 0;
  for (std::uint32_t i = 0; i < trail.size(); ++i) {
    const Lit lit = trail.lits[i];
    const Assigned &assigned = trail.assigned[lit.var()];
    NB_MUST(trail.values[lit] > 0 && trail.values[~lit] < 0);
    NB_MUST(assigned.trail == i && assigned.level <= trail.level);
    NB_MUST(assigned.level >= level || i >= trail.first_low);
    NB_MUST(!assigned.seen && !assigned.poisoned && !assigned.removable && !assigned.shrinkable);
    level = std::max(level, assigned.level);
    const auto before = [&](Lit other) {
      const Assigned &reason = trail.assigned[other.var()];
      return trail.values[other] < 0 && reason.trail < i && reason.level <= assigned.level;
    };
    if (assigned.reason.is_none() || assigned.reason.is_lazy()) continue;
    if (assigned.reason.is_binary()) {
      NB_MUST(before(assigned.reason.other()));
      continue;
    }
    const Clause &clause = core.arena[assigned.reason.ref()];
    NB_MUST(std::ranges::all_of(clause, [&](Lit l) { return l == lit || before(l); }));
    NB_MUST(std::ranges::find(clause, lit) != clause.end());
  }
  std::uint32_t open = 0, active = 0;
  for (std::uint32_t i = 0; i < core.num_vars(); ++i) {
    const bool is_active = core.active(Var(i));
    active += is_active;
    open += is_active && !trail.values[Lit(Var(i), false)];
  }
  NB_MUST(open == trail.unassigned);
  NB_MUST(active == core.active_vars);
}

// W1, W2 of state/watch.hpp, and: a binary clause is in both lists.
void check_watches(const Core &core) {
  if (core.activity == Doing::dense) return;
  IndexVector<Lit, std::uint32_t> count;
  count.resize(2 * std::size_t{core.num_vars()}, 0);
  for (ClauseRef ref = core.arena.first(); ref != core.arena.end(); ref = core.arena.next(ref)) {
    const Clause &clause = core.arena[ref];
    NB_MUST(clause.size > 2 && clause.searched >= 2 && clause.searched <= clause.size);
    if (clause.garbage) continue;
    ++count[clause.lits()[0]];
    ++count[clause.lits()[1]];
  }
  std::uint64_t forward = 0, backward = 0;
  for (std::uint32_t code = 0; code < 2 * core.num_vars(); ++code) {
    const Lit lit = Lit::from_code(code);
    for (const Watch watch : core.watches[lit]) {
      if (watch.is_binary()) {
        (lit < watch.blocking() ? forward : backward) += 1;
        if (core.value(lit) < 0 && core.trail.propagated == core.trail.size())
          NB_MUST(core.value(watch.blocking()) > 0);
        continue;
      }
      const Clause &clause = core.arena[watch.ref()];
      if (clause.garbage) continue;
      NB_MUST(clause.lits()[0] == lit || clause.lits()[1] == lit);
      --count[lit];
      if (core.trail.propagated != core.trail.size() || core.value(lit) >= 0) continue;
      // Or the false literal is propagated again when the true one goes.
      const auto earlier = [&](Lit other) {
        if (core.value(other) <= 0) return false;
        const Assigned &by = core.trail.assigned[other.var()], &of = core.trail.assigned[lit.var()];
        return by.level <= of.level || core.trail.levels[by.level].trail <= of.trail;
      };
      const Lit other = clause.lits()[clause.lits()[0] == lit ? 1 : 0];
      NB_MUST(earlier(watch.blocking()) || earlier(other));
    }
  }
  NB_MUST(forward == backward);
  NB_MUST(forward == static_cast<std::uint64_t>(core.binaries_irredundant + core.binaries_learned));
  NB_MUST(std::ranges::all_of(count, [](std::uint32_t n) { return n == 0; }));
}

// O1, O2, O3 of state/order.hpp.
void check_order(const Core &core) {
  const Queue &queue = core.order.queue;
  std::uint32_t length = 0;
  bool after_search = false;
  std::uint64_t stamp = 0;
  for (std::uint32_t i = queue.first(); i != Queue::none; i = queue.next(Var(i))) {
    NB_MUST(core.active(Var(i)));
    NB_MUST(queue.stamp(Var(i)) > stamp);
    stamp = queue.stamp(Var(i));
    if (!core.stable && after_search) NB_MUST(core.trail.values[Lit(Var(i), false)]);
    after_search |= i == queue.search;
    ++length;
  }
  NB_MUST(length == core.active_vars);
  NB_MUST(core.order.heap.ordered());
  if (!core.stable) return;
  for (std::uint32_t i = 0; i < core.num_vars(); ++i)
    if (core.active(Var(i)) && !core.trail.values[Lit(Var(i), false)])
      NB_MUST(core.order.heap.contains(Var(i)));
}

// Clauses name active or fixed variables only, each once, and the counters are right.
void check_clauses(const Core &core) {
  std::int64_t irredundant = core.binaries_irredundant, learned = core.binaries_learned;
  for (ClauseRef ref = core.arena.first(); ref != core.arena.end(); ref = core.arena.next(ref)) {
    const Clause &clause = core.arena[ref];
    if (clause.garbage) continue;
    ++(clause.learned ? learned : irredundant);
    for (const Lit lit : clause) {
      NB_MUST(core.active(lit.var()) || core.vars[lit.var()].state == VarState::fixed);
      NB_MUST(std::ranges::count_if(clause, [&](Lit l) { return l.var() == lit.var(); }) == 1);
    }
  }
  NB_MUST(irredundant == core.stats.clauses_irredundant);
  NB_MUST(learned == core.stats.clauses_learned);
}

// C1, C2, C3 of state/constraints.hpp.
void check_constraints(const Core &core) {
  const Constraints &constraints = core.constraints;
  NB_MUST(constraints.counted <= core.trail.size());
  NB_MUST(constraints.explained.empty() && constraints.explained_from == no_clause);
  const auto counted = [&](Lit lit) {
    return core.value(lit) && core.trail.assigned[lit.var()].trail < constraints.counted;
  };
  const auto stays = [&](Lit lit) {
    const VarInfo &info = core.vars[lit.var()];
    return info.state == VarState::active || info.state == VarState::fixed;
  };
  for (const Linear &row : constraints.linears) {
    std::int64_t sum = 0;
    for (std::uint32_t i = 0; i < row.size; ++i) {
      const Lit lit = constraints.lits[row.begin + i];
      NB_MUST(stays(lit));
      if (!counted(lit) || core.value(lit) < 0) continue;
      sum += row.weights == Linear::unit ? 1 : constraints.weights[row.weights + i];
    }
    NB_MUST(sum == row.sum);
  }
  for (const ParityConstraint &row : constraints.parities) {
    std::uint32_t open = 0;
    for (std::uint32_t i = 0; i < row.size; ++i) {
      const Lit lit = constraints.lits[row.begin + i];
      NB_MUST(stays(lit));
      open += !counted(lit);
    }
    NB_MUST(open == row.open);
  }
}

void check_all(const Core &core) {
  check_trail(core);
  check_watches(core);
  check_order(core);
  check_clauses(core);
  check_constraints(core);
}

}  // namespace nb
