// SPDX-License-Identifier: MIT
// Eliminate: replace all clauses with a variable by their resolvents on it.
//
// Idea     A variable goes if the resolvents that are not tautologies number at most its clauses
//          plus a bound.  The bound grows (0, 1, 2, 4, 8, 16) each time all variables have been
//          tried.  If gate clauses define the variable, only resolvents of gate and other
//          clauses count.  New clauses subsume and strengthen old ones at once.
// Needs    root level        Reads   vars, options
// Leaves   root level        Writes  arena, watches, extension, vars
// Cost     a share of the ticks of the search
// Source   Eén and Biere, SAT 2005; Järvisalo, Heule and Biere, "Inprocessing Rules", IJCAR 2012
#include "solver/inprocess/eliminate.hpp"

#include <algorithm>

#include "solver/inprocess/inprocess.hpp"
#include "solver/search/search.hpp"
#include "solver/state/database.hpp"

namespace nb {

namespace {

constexpr std::uint32_t binary_ref = no_clause;

}  // namespace

Eliminate::Eliminate(Core &core, Effort &effort)
    : core_(core), effort_(effort), dense_(core, effort, true) {
  marks_.resize(2 * std::size_t{core.num_vars()}, 0);
  heap_.resize(core.num_vars());
}

double Eliminate::score(Var var) const {
  const double positive = core_.watches[Lit(var, false)].size();
  const double negative = core_.watches[Lit(var, true)].size();
  // The heap has its largest score on top.
  return -(positive * negative + positive + negative);
}

void Eliminate::schedule() {
  for (std::uint32_t i = 0; i < core_.num_vars(); ++i) {
    const Var var(i);
    VarInfo &info = core_.vars[var];
    if (info.state != VarState::active || info.frozen || !info.eliminate) continue;
    if (heap_.contains(var)) continue;
    heap_.set_score(var, score(var));
    heap_.push(var);
  }
}

// Copies the live irredundant clauses with `lit`; false if one is too long or they are too many.
bool Eliminate::gather(Lit lit, Occurrences &occurrences) {
  occurrences.clear();
  const auto limit = static_cast<std::size_t>(core_.options.eliminate_occurrences);
  WatchList &list = core_.watches[lit];
  effort_.ticks += 1 + (list.size() >> 3);
  Watch *out = list.begin();
  bool result = true;
  for (const Watch watch : list) {
    if (watch.is_binary()) {
      *out++ = watch;
      if (!result || watch.learned_binary() || core_.value(watch.blocking()) > 0) continue;
      if (occurrences.size() >= limit) result = false;
      occurrences.lits.push_back(watch.blocking());
      occurrences.finish(binary_ref);
      continue;
    }
    const Clause &clause = core_.arena[watch.ref()];
    if (clause.garbage) continue;
    // Strengthening leaves occurrences behind.
    if (std::find(clause.begin(), clause.end(), lit) == clause.end()) continue;
    *out++ = watch;
    if (!result) continue;
    ++effort_.ticks;
    if (occurrences.size() >= limit ||
        clause.size > static_cast<std::uint32_t>(core_.options.eliminate_clause_size)) {
      result = false;
      continue;
    }
    bool satisfied = false;
    const std::size_t before = occurrences.lits.size();
    for (const Lit other : clause) {
      const Value value = core_.value(other);
      if (value > 0) satisfied = true;
      if (!value && other != lit) occurrences.lits.push_back(other);
    }
    if (satisfied)
      occurrences.lits.resize(before);
    else
      occurrences.finish(watch.ref());
  }
  list.shrink_size(static_cast<std::uint32_t>(out - list.begin()));
  return result;
}

// The literals of the first clause are marked.  False if the resolvent is too long.
bool Eliminate::resolve(std::span<const Lit> marked, std::span<const Lit> other) {
  const std::size_t before = resolvents_.size();
  resolvents_.insert(resolvents_.end(), marked.begin(), marked.end());
  for (const Lit lit : other) {
    if (marks_[lit]) continue;
    if (marks_[~lit]) {
      resolvents_.resize(before);
      return true;
    }
    resolvents_.push_back(lit);
  }
  resolvent_ends_.push_back(static_cast<std::uint32_t>(resolvents_.size()));
  return resolvents_.size() - before <=
         static_cast<std::size_t>(core_.options.eliminate_clause_size);
}

// All resolvents into `resolvents_`; false if they are too many or too long.
bool Eliminate::resolve_all(Var var) {
  resolvents_.clear();
  resolvent_ends_.clear();
  // A variable that factoring added saves clauses: a bound that grows would undo it.
  const int bound = core_.names.is_own(var) ? 0 : bound_;
  const std::size_t limit = positive_.size() + negative_.size() + static_cast<std::size_t>(bound);
  for (std::size_t i = 0; i < positive_.size(); ++i) {
    const std::span<const Lit> first = positive_[i];
    for (const Lit lit : first) marks_[lit] = 1;
    bool possible = true;
    for (std::size_t j = 0; j < negative_.size() && possible; ++j) {
      if (gate_ && positive_.gate[i] == negative_.gate[j]) continue;
      ++core_.stats.eliminate_resolutions;
      effort_.ticks += 1 + (negative_[j].size() >> 4);
      possible = resolve(first, negative_[j]) && resolvent_ends_.size() <= limit;
    }
    for (const Lit lit : first) marks_[lit] = 0;
    if (!possible) return false;
  }
  return true;
}

void Eliminate::add_resolvents() {
  std::uint32_t begin = 0;
  for (const std::uint32_t end : resolvent_ends_) {
    if (core_.inconsistent) return;
    lits_.clear();
    bool satisfied = false;
    // Units found on the way shorten the rest.
    for (std::uint32_t i = begin; i < end; ++i) {
      const Value value = core_.value(resolvents_[i]);
      if (value > 0) satisfied = true;
      if (!value) lits_.push_back(resolvents_[i]);
    }
    begin = end;
    if (satisfied) continue;
    const ClauseRef ref = add_derived(core_, lits_, false, 0);
    if (lits_.size() == 2)
      backward_binary_.emplace_back(lits_[0], lits_[1]);
    else if (ref != no_clause)
      backward_large_.push_back(ref);
    for (const Lit lit : lits_)
      if (heap_.contains(lit.var())) heap_.set_score(lit.var(), score(lit.var()));
  }
}

void Eliminate::remove_side(Lit pivot, const Occurrences &occurrences, bool gate_only) {
  for (std::size_t i = 0; i < occurrences.size(); ++i) {
    const ClauseRef ref = occurrences.refs[i];
    const bool keep_witness = !gate_only || occurrences.gate[i];
    if (ref == binary_ref) {
      if (!keep_witness) continue;
      const Lit lits[] = {pivot, occurrences[i][0]};
      core_.extension.push(pivot, lits);
      continue;
    }
    Clause &clause = core_.arena[ref];
    if (clause.garbage) continue;
    if (keep_witness) {
      core_.extension.push(pivot, std::span<const Lit>(clause.lits(), clause.size));
      clause.weakened = true;
    }
    for (const Lit lit : clause) {
      const Var var = lit.var();
      if (heap_.contains(var) && var != pivot.var()) heap_.set_score(var, score(var));
    }
    mark_garbage(core_, ref);
  }
  core_.extension.is_witness[pivot] = 1;
}

void Eliminate::remove_clauses(Var var) {
  remove_side(Lit(var, false), positive_, gate_);
  remove_side(Lit(var, true), negative_, gate_);
  remove_binaries_of(core_, var, true);
}

bool Eliminate::try_variable(Var var) {
  VarInfo &info = core_.vars[var];
  if (info.state != VarState::active || info.frozen || !info.eliminate) return false;
  const Lit positive(var, false), negative(var, true);
  const auto limit = 2 * static_cast<std::size_t>(core_.options.eliminate_occurrences) + 2;
  if (core_.watches[positive].size() + core_.watches[negative].size() > 4 * limit) {
    info.eliminate = 0;
    return false;
  }
  if (!gather(positive, positive_) || !gather(negative, negative_)) {
    info.eliminate = 0;
    return false;
  }
  gate_ = core_.options.gates && !positive_.refs.empty() && !negative_.refs.empty() &&
          gates_.find(positive_, negative_, marks_);
  info.eliminate = 0;
  if (!resolve_all(var)) return false;
  if (gate_) ++core_.stats.eliminated_by_gate;
  add_resolvents();
  if (core_.inconsistent) return false;
  // A unit on the way may have been the variable itself.
  if (info.state != VarState::active) return true;
  remove_clauses(var);
  deactivate(core_, var, VarState::eliminated);
  ++core_.stats.eliminated;
  ++effort_.found;
  return true;
}

bool Eliminate::round() {
  schedule();
  while (!heap_.empty() && !core_.inconsistent) {
    if (effort_.spent()) return false;
    const Var var = heap_.top();
    heap_.pop();
    try_variable(var);
    if (!dense_.propagate()) return false;
    backward();
  }
  return !core_.inconsistent;
}

bool Eliminate::run() {
  bound_ = core_.pacing.eliminate_bound;
  bool complete = true;
  for (int i = 0; i < core_.options.eliminate_rounds; ++i) {
    ++core_.stats.eliminate_rounds;
    const std::int64_t before = core_.stats.eliminated;
    complete = round();
    if (!complete || core_.stats.eliminated == before) break;
  }
  return complete;
}

void eliminate(Core &core, Effort &effort) {
  if (core.keeps_clauses) return;
  Eliminate pass(core, effort);
  int &bound = core.pacing.eliminate_bound;
  if (!pass.run() || bound >= core.options.eliminate_bound_max) return;
  // Everything has been tried: allow more, and try everything again.
  bound = bound ? std::min(2 * bound, core.options.eliminate_bound_max) : 1;
  for (std::uint32_t i = 0; i < core.num_vars(); ++i) core.vars[Var(i)].eliminate = 1;
}

}  // namespace nb
