// SPDX-License-Identifier: MIT
// Decide: assumptions first, then the most important variable with its most promising value.
//
// Idea     The value comes from, in this order: the user's wish; the advice, in mode `always`;
//          in focused mode a constant, in two of eight mode periods; the target phase; the saved
//          phase; the constant or the advice.
// Needs    propagated        Reads   order, phases, assumptions
// Leaves   one more level    Writes  trail
// Cost     amortized constant (queue), logarithmic (heap)
#include <algorithm>
#include <numeric>

#include "solver/search/search.hpp"

namespace nb {

Var next_variable(Core &core) {
  if (core.stable) {
    ScoreHeap<Var> &heap = core.order.heap;
    while (core.trail.values[Lit(heap.top(), false)]) heap.pop();
    return heap.top();
  }
  Queue &queue = core.order.queue;
  std::uint32_t index = queue.search;
  while (core.trail.values[Lit(Var(index), false)]) index = queue.prev(Var(index));
  queue.search = index;
  return Var(index);
}

Value decide_phase(Core &core, Var var) {
  Phases &phases = core.phases;
  const Options &options = core.options;
  if (phases.any_user && phases.user[var]) return phases.user[var];
  const auto advised = [&](Value value) {
    if (phases.mode != AdviceMode::off && value && value == phases.advice[var])
      ++core.stats.decisions_advised;
    return value;
  };
  if (phases.mode == AdviceMode::always && phases.advice[var]) return advised(phases.advice[var]);
  if (!core.stable) {
    // Which mode period: one of eight takes the constant, one of eight its opposite.
    enum class Slot : std::uint8_t { saved, constant, inverted };
    using enum Slot;
    constexpr Slot slots[] = {saved, constant, saved, inverted, saved, saved, saved, saved};
    const Slot slot = slots[(core.stats.mode_switches >> 1) & 7];
    if (slot == constant) return advised(initial_phase(phases, options, Place::focused, var));
    if (slot == inverted)
      return static_cast<Value>(-initial_phase(phases, options, Place::focused, var));
  }
  if (options.target == 2 || (options.target == 1 && core.stable))
    if (const Value target = phases.target[var]) return target;
  if (const Value saved = phases.saved[var]) return saved;
  return advised(initial_phase(phases, options, Place::decide, var));
}

bool decide(Core &core) {
  Trail &trail = core.trail;
  while (trail.level < core.assumptions.size()) {
    const Lit lit = core.assumptions[trail.level];
    const Value value = core.value(lit);
    if (value < 0) {
      analyze_failed(core, lit);
      return false;
    }
    if (!value) {
      decide_literal(core, lit);
      return true;
    }
    // A level of its own, so that level i always belongs to assumption i.
    ++trail.level;
    Level level;
    level.decision = lit;
    level.trail = trail.size();
    trail.levels.push_back(level);
  }
  if (!trail.unassigned) return true;
  if (core.external.propagator && !core.external.passive) {
    bool given = false;
    const Lit lit = advised_decision(core, given);
    if (given) {
      ++core.stats.decisions;
      decide_literal(core, lit);
      return true;
    }
  }
  const Var var = next_variable(core);
  ++core.stats.decisions;
  decide_literal(core, Lit(var, decide_phase(core, var) < 0));
  return true;
}

// Put confident variables last into the queue (decided first) and give them a head start in the
// heap.
void seed_order(Core &core) {
  if (!core.options.advice_order || core.phases.mode == AdviceMode::off) return;
  std::vector<Var> vars;
  for (std::uint32_t i = 0; i < core.num_vars(); ++i)
    if (core.active(Var(i)) && core.phases.advice[Var(i)]) vars.push_back(Var(i));
  std::stable_sort(vars.begin(), vars.end(), [&](Var a, Var b) {
    return core.phases.confidence[a] < core.phases.confidence[b];
  });
  for (const Var var : vars) {
    core.order.queue.dequeue(var);
    core.order.queue.enqueue(var);
    const double score = core.order.heap.score(var);
    const double start = core.order.increment * static_cast<double>(core.phases.confidence[var]);
    core.order.heap.set_score(var, score + start);
  }
  core.order.queue.search = core.order.queue.last();
}

void shuffle_order(Core &core) {
  if (!core.options.seed || !core.num_vars()) return;
  constexpr std::uint32_t share = 64;
  for (std::uint32_t n = core.num_vars() / share + 1; n; --n) {
    const Var var(static_cast<std::uint32_t>(core.random.below(core.num_vars())));
    if (!core.active(var)) continue;
    core.order.queue.dequeue(var);
    core.order.queue.enqueue(var);
    core.order.heap.set_score(var, core.order.increment * core.random.unit());
  }
  core.order.queue.search = core.order.queue.last();
}

}  // namespace nb
