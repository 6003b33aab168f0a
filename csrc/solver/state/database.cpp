// SPDX-License-Identifier: MIT
#include "solver/state/database.hpp"

#include <algorithm>

#include "solver/search/search.hpp"

namespace nb {

void ProofLink::original(std::span<const std::int32_t> clause) {
  if (listener) listener->original(next_id_++, clause);
}

void ProofLink::emit(bool addition, std::span<const std::int32_t> clause) {
  // The empty clause is the last line.
  if (complete_) return;
  complete_ = addition && clause.empty();
  if (addition)
    listener->add(next_id_++, clause, {});
  else
    listener->erase(0, clause);
}

void ProofLink::add(std::span<const Lit> clause) {
  if (!listener) return;
  scratch_.clear();
  for (const Lit lit : clause) scratch_.push_back(names_.proof(lit));
  add_named(scratch_);
}

void ProofLink::add_named(std::span<const std::int32_t> clause) {
  if (!listener) return;
  if (loading) {
    waiting_.push_back(1);
    waiting_.insert(waiting_.end(), clause.begin(), clause.end());
    waiting_.push_back(0);
  } else {
    emit(true, clause);
  }
}

void ProofLink::erase(std::span<const Lit> clause) {
  if (!listener) return;
  scratch_.clear();
  for (const Lit lit : clause) scratch_.push_back(names_.proof(lit));
  erase_named(scratch_);
}

void ProofLink::erase_named(std::span<const std::int32_t> clause) {
  if (!listener) return;
  if (loading) {
    waiting_.push_back(0);
    waiting_.insert(waiting_.end(), clause.begin(), clause.end());
    waiting_.push_back(0);
  } else {
    emit(false, clause);
  }
}

void ProofLink::start() {
  loading = false;
  for (std::size_t i = 0; i < waiting_.size();) {
    const bool addition = waiting_[i++];
    const std::size_t begin = i;
    while (waiting_[i]) ++i;
    emit(addition, std::span(waiting_).subspan(begin, i - begin));
    ++i;
  }
  std::vector<std::int32_t>().swap(waiting_);
}

namespace {

void resize_tables(Core &core) {
  const std::uint32_t vars = core.names.size();
  const std::size_t lits = 2 * std::size_t{vars};
  core.vars.resize(vars);
  core.trail.values.resize(lits, 0);
  core.trail.assigned.resize(vars);
  core.watches.resize(lits);
  core.phases.resize(vars);
  core.order.queue.resize(vars);
  core.order.heap.resize(vars);
  core.extension.is_witness.resize(lits, 0);
  core.extension.tainted.resize(lits, 0);
  if (!core.order.weights.empty()) core.order.weights.resize(vars, 1.0f);
}

}  // namespace

void resize_vars(Core &core, std::uint32_t vars) {
  if (vars <= core.names.user_vars()) return;
  core.names.add_users(vars - core.names.user_vars());
  resize_tables(core);
}

Var add_own_var(Core &core) {
  const Var var = core.names.add_own();
  resize_tables(core);
  activate(core, var);
  return var;
}

void activate(Core &core, Var var) {
  VarInfo &info = core.vars[var];
  NB_ASSERT(info.state != VarState::active && info.state != VarState::fixed);
  info.state = VarState::active;
  info.eliminate = 1;
  core.order.queue.enqueue(var);
  core.order.queue.search = core.order.queue.last();
  if (!core.order.heap.contains(var)) core.order.heap.push(var);
  ++core.trail.unassigned;
  ++core.active_vars;
}

void deactivate(Core &core, Var var, VarState state) {
  VarInfo &info = core.vars[var];
  NB_ASSERT(info.state == VarState::active);
  info.state = state;
  core.order.queue.dequeue(var);
  if (core.order.heap.contains(var)) core.order.heap.remove(var);
  // A fixed variable has a value and was counted off when it got it.
  if (state != VarState::fixed) --core.trail.unassigned;
  --core.active_vars;
}

void add_original(Core &core, std::span<const std::int32_t> clause) {
  NB_ASSERT(!core.trail.level);
  core.proof.original(clause);
  ++core.stats.clauses_original;
  if (core.inconsistent) return;
  std::vector<Lit> &lits = core.scratch;
  lits.clear();
  bool satisfied = false, changed = false;
  for (const std::int32_t dimacs : clause) {
    const Lit lit = core.names.inner(dimacs);
    const Value value = core.value(lit);
    std::uint8_t &seen = core.trail.assigned[lit.var()].seen;
    const std::uint8_t bit = lit.negative() ? 2 : 1;
    if (value > 0 || (seen & (3 - bit))) satisfied = true;
    if (value < 0 || (seen & bit)) changed = true;
    if (value || seen) continue;
    seen |= bit;
    lits.push_back(lit);
  }
  for (const Lit lit : lits) core.trail.assigned[lit.var()].seen = 0;
  if (satisfied) {
    core.proof.erase_named(clause);
    return;
  }
  for (const Lit lit : lits) {
    if (core.extension.is_witness[~lit]) {
      core.extension.tainted[lit] = 1;
      core.extension.any_tainted = true;
    }
    if (!core.active(lit.var())) activate(core, lit.var());
  }
  if (lits.empty()) derive_empty(core);
  if (changed) {
    if (!lits.empty()) core.proof.add(lits);
    core.proof.erase_named(clause);
  }
  if (lits.empty()) return;
  if (lits.size() == 1) {
    assign(core, lits[0], Reason::none());
  } else {
    add_clause(core, lits, false, 0);
  }
}

void add_binary(Core &core, Lit a, Lit b, bool learned) {
  NB_ASSERT(a.var() != b.var());
  core.watches[a].push_back(Watch::binary(b, learned));
  core.watches[b].push_back(Watch::binary(a, learned));
  if (learned) {
    ++core.stats.clauses_learned;
    ++core.binaries_learned;
    return;
  }
  ++core.stats.clauses_irredundant;
  ++core.binaries_irredundant;
  for (const Lit lit : {a, b}) core.vars[lit.var()].subsume = core.vars[lit.var()].factor = 1;
}

ClauseRef add_clause(Core &core, std::span<const Lit> lits, bool learned, std::uint32_t glue) {
  NB_ASSERT(lits.size() >= 2);
  if (lits.size() == 2) {
    add_binary(core, lits[0], lits[1], learned);
    return no_clause;
  }
  const ClauseRef ref = core.arena.allocate(lits, learned, glue);
  if (learned) {
    ++core.stats.clauses_learned;
  } else {
    ++core.stats.clauses_irredundant;
    for (const Lit lit : lits) core.vars[lit.var()].subsume = core.vars[lit.var()].factor = 1;
  }
  if (core.activity == Doing::dense) {
    // Learned clauses stay unconnected until watches are back.
    if (!learned)
      for (const Lit lit : lits) core.watches[lit].push_back(Watch::large(lits[0], ref));
  } else {
    core.watches[lits[0]].push_back(Watch::large(lits[1], ref));
    core.watches[lits[1]].push_back(Watch::large(lits[0], ref));
  }
  return ref;
}

ClauseRef add_derived(Core &core, std::span<const Lit> lits, bool learned, std::uint32_t glue) {
  if (lits.empty()) {
    derive_empty(core);
    return no_clause;
  }
  if (lits.size() == 1) {
    derive_unit(core, lits[0]);
    return no_clause;
  }
  core.proof.add(lits);
  return add_clause(core, lits, learned, glue);
}

namespace {

bool drop_binary_watch(WatchList &list, Watch watch) {
  for (Watch *w = list.begin(); w != list.end(); ++w) {
    if (!(*w == watch)) continue;
    std::copy(w + 1, list.end(), w);
    list.shrink_size(list.size() - 1);
    return true;
  }
  return false;
}

}  // namespace

void remove_binary(Core &core, Lit a, Lit b, bool learned) {
  const bool first = drop_binary_watch(core.watches[a], Watch::binary(b, learned));
  const bool second = drop_binary_watch(core.watches[b], Watch::binary(a, learned));
  NB_ASSERT(first && second);
  if (!first || !second) return;
  if (learned) {
    --core.stats.clauses_learned;
    --core.binaries_learned;
  } else {
    --core.stats.clauses_irredundant;
    --core.binaries_irredundant;
    for (const Lit lit : {a, b}) core.vars[lit.var()].eliminate = 1;
  }
  const Lit lits[] = {a, b};
  core.proof.erase(lits);
}

void mark_garbage(Core &core, ClauseRef ref) {
  Clause &clause = core.arena[ref];
  NB_ASSERT(!clause.garbage);
  clause.garbage = true;
  if (clause.learned) {
    --core.stats.clauses_learned;
  } else {
    --core.stats.clauses_irredundant;
    for (const Lit lit : clause) core.vars[lit.var()].eliminate = 1;
  }
}

void replace_literals(Core &core, ClauseRef ref, std::span<const Lit> keep) {
  NB_ASSERT(keep.size() >= 3 && keep.size() <= core.arena[ref].size);
  core.proof.add(keep);
  Clause &clause = core.arena[ref];
  core.proof.erase(std::span<const Lit>(clause.lits(), clause.size));
  if (!clause.learned)
    for (const Lit lit : clause) {
      core.vars[lit.var()].eliminate = 1;
      core.vars[lit.var()].subsume = core.vars[lit.var()].factor = 1;
    }
  const auto size = static_cast<std::uint32_t>(keep.size());
  std::copy(keep.begin(), keep.end(), clause.lits());
  if (size < clause.size) core.arena.shrink(ref, size);
  clause.searched = 2;
  clause.subsume = true;
  if (clause.glue >= size) clause.glue = size - 1;
}

void make_irredundant(Core &core, ClauseRef ref) {
  Clause &clause = core.arena[ref];
  NB_ASSERT(clause.learned && !clause.garbage);
  clause.learned = false;
  clause.glue = 0;
  --core.stats.clauses_learned;
  ++core.stats.clauses_irredundant;
  for (const Lit lit : clause) core.vars[lit.var()].subsume = core.vars[lit.var()].factor = 1;
}

void make_binary_irredundant(Core &core, Lit a, Lit b) {
  for (const Watch watch : core.watches[a])
    if (watch == Watch::binary(b, false)) return;
  for (const auto &[lit, other] : {std::pair(a, b), std::pair(b, a)}) {
    const auto copy = std::ranges::find(core.watches[lit], Watch::binary(other, true));
    NB_ASSERT(copy != core.watches[lit].end());
    copy->set_irredundant();
    core.vars[lit.var()].subsume = 1;
  }
  --core.stats.clauses_learned;
  --core.binaries_learned;
  ++core.stats.clauses_irredundant;
  ++core.binaries_irredundant;
}

void derive_empty(Core &core) {
  if (core.inconsistent) return;
  core.inconsistent = true;
  core.proof.add({});
}

bool derive_unit(Core &core, Lit lit) {
  NB_ASSERT(!core.trail.level);
  const Value value = core.value(lit);
  if (value > 0) return true;
  const Lit lits[] = {lit};
  core.proof.add(lits);
  if (value < 0) {
    derive_empty(core);
    return false;
  }
  assign(core, lit, Reason::none());
  return true;
}

void unwatch_large(Core &core) {
  for (std::uint32_t code = 0; code < 2 * core.num_vars(); ++code) {
    WatchList &list = core.watches[Lit::from_code(code)];
    Watch *out = list.begin();
    for (const Watch watch : list)
      if (watch.is_binary()) *out++ = watch;
    list.shrink_size(static_cast<std::uint32_t>(out - list.begin()));
  }
}

void watch_large(Core &core) {
  for (ClauseRef ref = core.arena.first(); ref != core.arena.end(); ref = core.arena.next(ref)) {
    const Clause &clause = core.arena[ref];
    if (clause.garbage) continue;
    const Lit a = clause.lits()[0], b = clause.lits()[1];
    core.watches[a].push_back(Watch::large(b, ref));
    core.watches[b].push_back(Watch::large(a, ref));
  }
}

}  // namespace nb
