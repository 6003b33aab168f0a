// SPDX-License-Identifier: MIT
#include "proof/lrat_check.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.hpp"
#include "base/error.hpp"

namespace nb {

namespace {

constexpr std::uint64_t smallest_collection_words = 1u << 20;

unsigned long long printable(std::int64_t id) {
  return static_cast<unsigned long long>(id < 0 ? -id : id);
}

}  // namespace

LratChecker::Code LratChecker::import_literal(std::int32_t literal) {
  NB_REQUIRE(literal != 0 && literal != std::numeric_limits<std::int32_t>::min(),
             "literal %d in a clause", static_cast<int>(literal));
  const auto next = static_cast<std::uint32_t>(variables_.size());
  const auto [entry, is_new] = variables_.try_emplace(literal < 0 ? -literal : literal, next);
  if (is_new) {
    NB_REQUIRE(next < (1u << 30), "more than 2^30 different variables");
    values_.resize(2 * variables_.size(), 0);
    marks_.resize(2 * variables_.size(), 0);
    occurrences_.resize(2 * variables_.size(), 0);
  }
  return 2 * entry->second + (literal < 0);
}

// Sets `clause_` to the clause without duplicates; true where it is a tautology.
bool LratChecker::import_clause(std::span<const std::int32_t> clause) {
  clause_.clear();
  bool tautology = false;
  for (const std::int32_t literal : clause) {
    const Code code = import_literal(literal);
    if (marks_[code]) continue;
    tautology |= marks_[code ^ 1] != 0;
    marks_[code] = 1;
    clause_.push_back(code);
  }
  for (const Code code : clause_) marks_[code] = 0;
  return tautology;
}

void LratChecker::store(std::uint64_t id, bool tautology) {
  clauses_[id] = {arena_.size(), static_cast<std::uint32_t>(clause_.size()), tautology};
  arena_.insert(arena_.end(), clause_.begin(), clause_.end());
  if (clause_.empty()) refuted_ = true;
  if (!tautology)
    for (const Code code : clause_) ++occurrences_[code];
}

void LratChecker::original(std::uint64_t id, std::span<const std::int32_t> clause) {
  NB_REQUIRE(id != 0 && !clauses_.contains(id), "id %llu is 0 or in use",
             static_cast<unsigned long long>(id));
  ++statistics_.originals;
  const bool tautology = import_clause(clause);
  store(id, tautology);
}

bool LratChecker::erase(std::uint64_t id) {
  ++statistics_.deletions;
  const auto entry = clauses_.find(id);
  if (entry == clauses_.end()) {
    ++statistics_.missing_deletions;
    return false;
  }
  const Clause clause = entry->second;
  if (!clause.tautology)
    for (std::uint32_t i = 0; i < clause.size; ++i) --occurrences_[arena_[clause.start + i]];
  garbage_words_ += clause.size;
  clauses_.erase(entry);
  if (garbage_words_ > smallest_collection_words && garbage_words_ > arena_.size() / 2) collect();
  return true;
}

void LratChecker::collect() {
  std::vector<Code> kept;
  kept.reserve(arena_.size() - garbage_words_);
  for (auto &[id, clause] : clauses_) {
    const auto first = arena_.begin() + static_cast<std::ptrdiff_t>(clause.start);
    clause.start = kept.size();
    kept.insert(kept.end(), first, first + clause.size);
  }
  arena_ = std::move(kept);
  garbage_words_ = 0;
}

void LratChecker::assign(Code literal) {
  values_[literal] = 1;
  values_[literal ^ 1] = -1;
  trail_.push_back(literal);
}

void LratChecker::backtrack(std::size_t trail_size) {
  for (std::size_t i = trail_size; i < trail_.size(); ++i)
    values_[trail_[i]] = values_[trail_[i] ^ 1] = 0;
  trail_.resize(trail_size);
}

const LratChecker::Clause *LratChecker::find(std::int64_t id) const {
  const auto entry = clauses_.find(static_cast<std::uint64_t>(id));
  return entry == clauses_.end() ? nullptr : &entry->second;
}

// A unit clause whose literal is true already does no harm and is let pass.
LratChecker::Hint LratChecker::apply(const Clause &clause) {
  const Code *unit = nullptr;
  for (std::uint32_t i = 0; i < clause.size; ++i) {
    const Code &literal = arena_[clause.start + i];
    if (values_[literal] < 0) continue;
    if (unit) return Hint::useless;
    unit = &literal;
  }
  if (!unit) return Hint::falsified;
  if (values_[*unit] == 0) assign(*unit);
  return Hint::unit;
}

bool LratChecker::fail(std::string reason) {
  reason_ = std::move(reason);
  return false;
}

LratChecker::Step LratChecker::add(std::uint64_t id, std::span<const std::int32_t> lemma,
                                   std::span<const std::int64_t> hints) {
  ++statistics_.lemmas;
  statistics_.hints += hints.size();
  if (id == 0 || clauses_.contains(id)) {
    fail(format_message("id %llu is in use", static_cast<unsigned long long>(id)));
    return Step::failed;
  }
  const bool tautology = import_clause(lemma);
  bool rat = false;
  if (!tautology) {
    for (const Code code : clause_) assign(code ^ 1);
    const bool shown = follows(hints, rat);
    backtrack(0);
    if (!shown) return Step::failed;
  }
  statistics_.rat_lemmas += rat;
  store(id, tautology);
  return rat ? Step::rat : Step::rup;
}

bool LratChecker::follows(std::span<const std::int64_t> hints, bool &rat) {
  std::size_t i = 0;
  for (; i < hints.size() && hints[i] > 0; ++i) {
    const Clause *const clause = find(hints[i]);
    if (!clause) return fail(format_message("hint %llu names no clause", printable(hints[i])));
    switch (apply(*clause)) {
      case Hint::falsified:
        return true;
      case Hint::useless:
        return fail(format_message("the clause of hint %llu is not unit", printable(hints[i])));
      case Hint::unit:
        break;
    }
  }
  if (clause_.empty()) return fail("the hints do not lead to a conflict");
  rat = true;
  return is_rat(hints.subspan(i));
}

bool LratChecker::is_rat(std::span<const std::int64_t> groups) {
  const Code negated_pivot = clause_[0] ^ 1;
  const std::size_t level = trail_.size();
  candidates_.clear();
  for (std::size_t i = 0; i < groups.size();) {
    const std::int64_t id = -groups[i++];
    const Clause *const candidate = find(id);
    if (!candidate) return fail(format_message("hint -%llu names no clause", printable(id)));
    const auto first = arena_.begin() + static_cast<std::ptrdiff_t>(candidate->start);
    if (std::find(first, first + candidate->size, negated_pivot) == first + candidate->size)
      return fail(
          format_message("the clause of hint -%llu lacks the negated pivot", printable(id)));
    // Assume the rest of the candidate false; a true literal is a conflict at once.
    bool conflict = candidate->tautology;
    for (std::uint32_t k = 0; k < candidate->size; ++k) {
      const Code literal = first[k];
      if (literal == negated_pivot) continue;
      if (values_[literal] > 0) conflict = true;
      if (values_[literal] == 0) assign(literal ^ 1);
    }
    for (; i < groups.size() && groups[i] > 0; ++i) {
      if (conflict) continue;
      const Clause *const clause = find(groups[i]);
      if (!clause) return fail(format_message("hint %llu names no clause", printable(groups[i])));
      const Hint hint = apply(*clause);
      if (hint == Hint::useless)
        return fail(format_message("the clause of hint %llu is not unit", printable(groups[i])));
      conflict = hint == Hint::falsified;
    }
    backtrack(level);
    if (!conflict)
      return fail(format_message("the resolvent with the clause of hint -%llu is not shown",
                                 printable(id)));
    if (!candidate->tautology) candidates_.push_back(static_cast<std::uint64_t>(id));
  }
  std::sort(candidates_.begin(), candidates_.end());
  candidates_.erase(std::unique(candidates_.begin(), candidates_.end()), candidates_.end());
  if (candidates_.size() != occurrences_[negated_pivot])
    return fail(groups.empty() ? "the hints do not lead to a conflict"
                               : "a clause with the negated pivot has no hints");
  return true;
}

}  // namespace nb
