// SPDX-License-Identifier: MIT
#include "proof/elaborate.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/check.hpp"

namespace nb {

namespace {

constexpr std::uint64_t smallest_collection = 1 << 16;

constexpr std::uint64_t mix(std::uint64_t code) {
  std::uint64_t mixed = (code + 1) * 0x9e3779b97f4a7c15u;
  mixed ^= mixed >> 31;
  mixed *= 0xd6e8feb86659fd93u;
  return mixed ^ (mixed >> 29);
}

}  // namespace

// Sets `clause_`: sorted, without duplicates.  False for a tautology.
bool Elaborator::import(std::span<const std::int32_t> clause) {
  clause_.clear();
  Code largest = 0;
  for (const std::int32_t literal : clause) {
    const auto var = static_cast<Code>(literal < 0 ? -literal : literal);
    clause_.push_back(2 * var + (literal < 0));
    largest = std::max(largest, var);
  }
  const std::size_t vars = std::size_t{largest} + 1;
  if (unit_ids_.size() < vars) {
    const std::size_t size = std::max(vars, unit_ids_.size() + unit_ids_.size() / 2);
    values_.resize(2 * size, 0);
    watches_.resize(2 * size);
    reasons_.resize(size, none);
    unit_ids_.resize(size, 0);
    seen_.resize(size, 0);
    assumed_.resize(size, 0);
    known_.resize(size, 0);
    late_.resize(size, 0);
  }
  std::sort(clause_.begin(), clause_.end());
  clause_.erase(std::unique(clause_.begin(), clause_.end()), clause_.end());
  for (std::size_t i = 1; i < clause_.size(); ++i)
    if ((clause_[i] ^ 1) == clause_[i - 1]) return false;
  return true;
}

std::uint64_t Elaborator::hash() const {
  std::uint64_t sum = clause_.size();
  for (const Code code : clause_) sum += mix(code);
  return mix(sum);
}

// Stores `clause_`, not yet watched.
Elaborator::Index Elaborator::store(std::uint64_t id) {
  const auto index = static_cast<Index>(clauses_.size());
  const auto entry = table_.try_emplace(hash(), none).first;
  clauses_.push_back(
      {id, arena_.size(), static_cast<std::uint32_t>(clause_.size()), false, entry->second});
  entry->second = index;
  arena_.insert(arena_.end(), clause_.begin(), clause_.end());
  for (const Code code : clause_)
    if (late_[code >> 1]) late_clauses_[code].push_back(index);
  return index;
}

// Watches two literals that are not false, as far as there are two; a clause that is unit or false
// at the root is dealt with at once.
void Elaborator::watch(Index index) {
  Code *lits = literals(index);
  const std::uint32_t size = clauses_[index].size;
  std::uint32_t open = 0;
  for (std::uint32_t i = 0; i < size && open < 2; ++i)
    if (values_[lits[i]] >= 0) std::swap(lits[open++], lits[i]);
  if (size >= 2) {
    watches_[lits[0]].push_back({lits[1], index});
    watches_[lits[1]].push_back({lits[0], index});
  }
  if (open == 0) {
    refute(index);
  } else if (open == 1 && !values_[lits[0]]) {
    assign(lits[0], index);
  }
}

void Elaborator::assign(Code literal, Index reason) {
  values_[literal] = 1;
  values_[literal ^ 1] = -1;
  reasons_[literal >> 1] = reason;
  trail_.push_back(literal);
}

Elaborator::Index Elaborator::propagate() {
  while (propagated_ < trail_.size()) {
    const Code falsified = trail_[propagated_++] ^ 1;
    auto &list = watches_[falsified];
    auto out = list.begin();
    for (auto in = list.begin(); in != list.end(); ++in) {
      const Watch watch = *in;
      if (values_[watch.blocker] > 0) {
        *out++ = watch;
        continue;
      }
      const Clause &clause = clauses_[watch.clause];
      if (clause.dead) continue;
      Code *lits = literals(watch.clause);
      const Code other = lits[0] ^ lits[1] ^ falsified;
      if (values_[other] > 0) {
        *out++ = {other, watch.clause};
        continue;
      }
      std::uint32_t i = 2;
      while (i < clause.size && values_[lits[i]] < 0) ++i;
      if (i < clause.size) {
        lits[0] = other;
        lits[1] = lits[i];
        lits[i] = falsified;
        watches_[lits[1]].push_back({other, watch.clause});
        continue;
      }
      *out++ = {other, watch.clause};
      if (values_[other] < 0) {
        while (++in != list.end()) *out++ = *in;
        list.erase(out, list.end());
        return watch.clause;
      }
      assign(other, watch.clause);
    }
    list.erase(out, list.end());
  }
  return none;
}

// Back to a trail of this size.
void Elaborator::undo(std::size_t size) {
  while (trail_.size() > size) {
    const Code literal = trail_.back();
    trail_.pop_back();
    values_[literal] = values_[literal ^ 1] = 0;
    reasons_[literal >> 1] = none;
  }
  propagated_ = std::min(propagated_, size);
}

void Elaborator::mark_reasons(Index clause, Code but) {
  const Code *lits = literals(clause);
  for (std::uint32_t i = 0; i < clauses_[clause].size; ++i)
    if (lits[i] != but) seen_[lits[i] >> 1] = 1;
}

// The antecedents of `conflict` in the order in which they become unit, the units of the root
// first: into `hints_`.
void Elaborator::gather(Index conflict) {
  trace(conflict, no_literal);
}

// The same for a clause with the true literal `but`, which counts as false here.
void Elaborator::trace(Index clause, Code but) {
  hints_.clear();
  hints_.push_back(static_cast<std::int64_t>(clauses_[clause].id));
  mark_reasons(clause, but);
  for (std::size_t i = trail_.size(); i-- > 0;) {
    const Code literal = trail_[i];
    if (!seen_[literal >> 1]) continue;
    seen_[literal >> 1] = 0;
    if (assumed_[literal >> 1]) continue;
    if (root(literal)) {
      hints_.push_back(static_cast<std::int64_t>(unit_ids_[literal >> 1]));
    } else if (const Index reason = reasons_[literal >> 1]; reason != none) {
      hints_.push_back(static_cast<std::int64_t>(clauses_[reason].id));
      mark_reasons(reason, literal);
    }
  }
  std::reverse(hints_.begin(), hints_.end());
}

// The negation of the lemma is assumed and propagated.  Its resolvent on `pivot` with the
// candidate follows if the candidate's other literals cannot all be false as well.
bool Elaborator::resolvent_follows(Index candidate, Code pivot) {
  const std::size_t before = trail_.size();
  const std::span<const Code> rest(literals(candidate), clauses_[candidate].size);
  hints_.clear();
  for (const Code code : rest)
    if (code != (pivot ^ 1) && values_[code] > 0 && (root(code) || assumed_[code >> 1])) {
      if (!assumed_[code >> 1]) hints_.push_back(static_cast<std::int64_t>(unit_ids_[code >> 1]));
      return true;
    }
  // The first of its literals to become true needs none of the others.
  for (std::size_t i = roots_; i < trail_.size(); ++i) {
    const Code code = trail_[i];
    if (code == (pivot ^ 1) || std::find(rest.begin(), rest.end(), code) == rest.end()) continue;
    trace(reasons_[code >> 1], code);
    return true;
  }
  for (const Code code : rest)
    if (!values_[code]) assign(code ^ 1, none);
  const Index conflict = propagate();
  if (conflict != none) {
    // Variables of the lemma keep their mark.
    for (const Code code : rest) ++assumed_[code >> 1];
    gather(conflict);
    for (const Code code : rest) --assumed_[code >> 1];
  }
  undo(before);
  return conflict != none;
}

// The same with all candidates; leaves the groups of hints in `hints_`.
bool Elaborator::resolvents_follow(Code pivot) {
  if (!late_[pivot >> 1] || root(pivot)) return false;
  groups_.clear();
  if (const auto found = late_clauses_.find(pivot ^ 1); found != late_clauses_.end()) {
    std::erase_if(found->second, [&](Index index) { return clauses_[index].dead; });
    for (const Index candidate : found->second) {
      if (!resolvent_follows(candidate, pivot)) return false;
      groups_.push_back(-static_cast<std::int64_t>(clauses_[candidate].id));
      groups_.insert(groups_.end(), hints_.begin(), hints_.end());
    }
  }
  hints_ = groups_;
  return true;
}

// The clauses alive contradict themselves at the root.
void Elaborator::refute(Index conflict) {
  if (refuted_) return;
  gather(conflict);
  refuted_ = true;
  out_.add(next_id_++, {}, hints_);
}

// Everything on the trail is true at the root from now on.
void Elaborator::record_roots(Index conflict) {
  for (; roots_ < trail_.size(); ++roots_) {
    const Code literal = trail_[roots_];
    const Index reason = reasons_[literal >> 1];
    if (clauses_[reason].size == 1) {
      unit_ids_[literal >> 1] = clauses_[reason].id;
      continue;
    }
    hints_.clear();
    const Code *lits = literals(reason);
    for (std::uint32_t i = 0; i < clauses_[reason].size; ++i)
      if (lits[i] != literal) hints_.push_back(static_cast<std::int64_t>(unit_ids_[lits[i] >> 1]));
    hints_.push_back(static_cast<std::int64_t>(clauses_[reason].id));
    const std::int32_t unit = dimacs(literal);
    unit_ids_[literal >> 1] = next_id_;
    out_.add(next_id_++, {&unit, 1}, hints_);
  }
  if (conflict != none) refute(conflict);
}

void Elaborator::original(std::uint64_t, std::span<const std::int32_t> clause) {
  // What propagation says about earlier clauses comes before the first lemma, when all original
  // clauses have their ids.
  const std::uint64_t id = next_id_++;
  out_.original(id, clause);
  if (refuted_ || !import(clause)) return;
  for (const Code code : clause_) known_[code >> 1] = 1;
  waiting_.push_back(store(id));
  if (clause_.size() < clause.size()) repeating_.push_back(waiting_.back());
}

// Replaces an original clause by what it is without repetitions.
void Elaborator::shorten(Index original) {
  Clause &clause = clauses_[original];
  shortened_.clear();
  const Code *lits = literals(original);
  for (std::uint32_t i = 0; i < clause.size; ++i) shortened_.push_back(dimacs(lits[i]));
  hints_.assign(1, static_cast<std::int64_t>(clause.id));
  const std::uint64_t id = next_id_++;
  out_.add(id, shortened_, hints_);
  out_.erase(clause.id, {});
  clause.id = id;
}

void Elaborator::load() {
  if (waiting_.empty()) return;
  for (const Index index : repeating_)
    if (!clauses_[index].dead) shorten(index);
  repeating_.clear();
  for (const Index index : waiting_) {
    if (refuted_) break;
    if (!clauses_[index].dead) watch(index);
  }
  waiting_.clear();
  if (!refuted_) record_roots(propagate());
}

void Elaborator::add(std::uint64_t, std::span<const std::int32_t> clause,
                     std::span<const std::int64_t>) {
  load();
  // The rest of the proof is beside the point.
  if (refuted_) return;
  if (!import(clause)) return;
  // A literal that is true at the root makes the lemma follow from its unit.
  Index conflict = none;
  std::int64_t satisfied = 0;
  for (const Code code : clause_)
    if (!std::exchange(known_[code >> 1], 1)) late_[code >> 1] = 1;
  for (const Code code : clause_) {
    if (values_[code] > 0) {
      satisfied = static_cast<std::int64_t>(unit_ids_[code >> 1]);
      break;
    }
  }
  if (!satisfied) {
    for (const Code code : clause_)
      if (!values_[code]) assign(code ^ 1, none);
    conflict = propagate();
    for (const Code code : clause_) assumed_[code >> 1] = 1;
    bool follows = conflict != none;
    if (follows)
      gather(conflict);
    else if (!clause.empty())
      follows = resolvents_follow(2 * static_cast<Code>(std::abs(clause[0])) + (clause[0] < 0));
    for (const Code code : clause_) assumed_[code >> 1] = 0;
    undo(roots_);
    if (!follows) throw FileError("a lemma that follows neither by unit propagation nor as RAT");
  } else {
    hints_.assign(1, satisfied);
  }
  const std::uint64_t id = next_id_++;
  out_.add(id, clause, hints_);
  const Index index = store(id);
  refuted_ |= clause_.empty();
  if (!refuted_) watch(index);
  if (!refuted_) record_roots(propagate());
}

void Elaborator::erase(std::uint64_t, std::span<const std::int32_t> clause) {
  load();
  if (refuted_ || !import(clause)) return;
  // Units of the root stay: they stand for clauses that may be gone.
  if (clause_.size() <= 1) return;
  const auto entry = table_.find(hash());
  if (entry == table_.end()) return;
  for (Index *link = &entry->second; *link != none; link = &clauses_[*link].next) {
    Clause &found = clauses_[*link];
    if (found.size != clause_.size()) continue;
    const Code *lits = literals(*link);
    // The clause has no literal twice, so it is enough that each of its literals is among ours.
    if (!std::all_of(lits, lits + found.size, [&](Code code) {
          return std::binary_search(clause_.begin(), clause_.end(), code);
        }))
      continue;
    const Index index = *link;
    // At the root a reason is not needed any more: its literal has a unit lemma.
    found.dead = true;
    dead_literals_ += found.size;
    *link = found.next;
    if (entry->second == none) table_.erase(entry);
    out_.erase(clauses_[index].id, {});
    if (dead_literals_ > smallest_collection && 2 * dead_literals_ > arena_.size()) collect();
    return;
  }
}

void Elaborator::flush() {
  load();
  out_.flush();
}

// Close the gaps that dead clauses left.
void Elaborator::collect() {
  std::vector<Clause> kept;
  std::vector<Code> arena;
  table_.clear();
  late_clauses_.clear();
  for (auto &list : watches_) list.clear();
  for (Index old = 0; old < clauses_.size(); ++old) {
    if (clauses_[old].dead) continue;
    Code *lits = literals(old);
    Clause clause = clauses_[old];
    clause.start = arena.size();
    clause_.assign(lits, lits + clause.size);
    const auto index = static_cast<Index>(kept.size());
    const auto entry = table_.try_emplace(hash(), none).first;
    clause.next = entry->second;
    entry->second = index;
    // The first two literals are still those watched.
    if (clause.size >= 2) {
      watches_[lits[0]].push_back({lits[1], index});
      watches_[lits[1]].push_back({lits[0], index});
    }
    for (const Code code : clause_)
      if (late_[code >> 1]) late_clauses_[code].push_back(index);
    arena.insert(arena.end(), lits, lits + clause.size);
    kept.push_back(clause);
  }
  clauses_.swap(kept);
  arena_.swap(arena);
  dead_literals_ = 0;
  // All assignments are at the root, and nobody asks for reasons there.
  for (const Code literal : trail_) reasons_[literal >> 1] = none;
}

}  // namespace nb
