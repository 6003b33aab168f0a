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

// Sets `clause_` to the clause as it stands; true if it is a tautology.
bool LratChecker::import_clause(std::span<const std::int32_t> clause) {
  clause_.clear();
  bool tautology = false;
  for (const std::int32_t literal : clause) {
    const Code code = import_literal(literal);
    tautology |= marks_[code ^ 1] != 0;
    marks_[code] = 1;
    clause_.push_back(code);
  }
  for (const Code code : clause_) marks_[code] = 0;
  return tautology;
}

void LratChecker::store(std::uint64_t id) {
  const Clause clause{arena_.size(), static_cast<std::uint32_t>(clause_.size())};
  clauses_[id] = clause;
  last_id_ = id;
  arena_.insert(arena_.end(), clause_.begin(), clause_.end());
  count(clause, 1);
}

// Adds `by` (modulo 2^64) to the occurrences of each literal of the clause, of duplicates once.
void LratChecker::count(const Clause &clause, std::uint64_t by) {
  const std::span<const Code> literals(arena_.data() + clause.start, clause.size);
  for (const Code code : literals) {
    if (marks_[code]) continue;
    marks_[code] = 1;
    occurrences_[code] += by;
  }
  for (const Code code : literals) marks_[code] = 0;
}

void LratChecker::original(std::uint64_t id, std::span<const std::int32_t> clause) {
  NB_REQUIRE(id > last_id_, "id %llu, expected one above %llu", static_cast<unsigned long long>(id),
             static_cast<unsigned long long>(last_id_));
  ++statistics_.originals;
  import_clause(clause);
  store(id);
}

bool LratChecker::erase(std::uint64_t id) {
  ++statistics_.deletions;
  const auto entry = clauses_.find(id);
  if (entry == clauses_.end()) {
    return fail(format_message("the id %llu to delete names no clause",
                               static_cast<unsigned long long>(id)));
  }
  const Clause clause = entry->second;
  count(clause, ~std::uint64_t{0});
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
  if (id <= last_id_) {
    fail(format_message("the id is not above %llu, the last one",
                        static_cast<unsigned long long>(last_id_)));
    return Step::failed;
  }
  for (const std::int64_t hint : hints) {
    if (find(hint < 0 ? -hint : hint)) continue;
    fail(format_message("hint %lld names no clause", static_cast<long long>(hint)));
    return Step::failed;
  }
  if (import_clause(lemma)) {
    fail("the lemma is a tautology, which no hints show");
    return Step::failed;
  }
  bool rat = false;
  for (const Code code : clause_)
    if (values_[code] == 0) assign(code ^ 1);
  const bool shown = follows(hints, rat);
  backtrack(0);
  if (!shown) return Step::failed;
  statistics_.rat_lemmas += rat;
  store(id);
  refuted_ |= clause_.empty();
  return rat ? Step::rat : Step::rup;
}

bool LratChecker::follows(std::span<const std::int64_t> hints, bool &rat) {
  std::size_t i = 0;
  for (; i < hints.size() && hints[i] > 0; ++i) {
    switch (apply(*find(hints[i]))) {
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

// The groups must come in the order of their ids, one for each clause with the negated pivot.
bool LratChecker::is_rat(std::span<const std::int64_t> groups) {
  const Code pivot = clause_[0], negated = pivot ^ 1;
  if (std::count(clause_.begin(), clause_.end(), pivot) > 1)
    return fail("the pivot stands twice in the lemma");
  const std::size_t level = trail_.size();
  std::uint64_t candidates = 0;
  std::int64_t last_id = 0;
  for (std::size_t i = 0; i < groups.size();) {
    const std::int64_t id = -groups[i++];
    if (id <= last_id)
      return fail(
          format_message("hint -%llu comes after -%llu", printable(id), printable(last_id)));
    last_id = id;
    ++candidates;
    bool conflict = false;
    if (!assume_rest(*find(id), pivot, conflict))
      return fail(format_message("the clause of hint -%llu lacks the negated pivot or has both",
                                 printable(id)));
    if (conflict && i < groups.size() && groups[i] > 0)
      return fail(format_message("hints follow -%llu, whose clause needs none", printable(id)));
    for (; i < groups.size() && groups[i] > 0; ++i) {
      if (conflict) continue;
      const Hint hint = apply(*find(groups[i]));
      if (hint == Hint::useless)
        return fail(format_message("the clause of hint %llu is not unit", printable(groups[i])));
      conflict = hint == Hint::falsified;
    }
    backtrack(level);
    if (!conflict)
      return fail(format_message("the resolvent with the clause of hint -%llu is not shown",
                                 printable(id)));
  }
  if (candidates != occurrences_[negated])
    return fail(groups.empty() ? "the hints do not lead to a conflict"
                               : "a clause with the negated pivot has no hints");
  return true;
}

// Assumes the candidate without the negated pivot to be false.  `conflict`: one of its literals is
// true already.  False if it is no candidate, or one with the pivot itself, about which the
// strict checkers disagree.
bool LratChecker::assume_rest(const Clause &candidate, Code pivot, bool &conflict) {
  const std::span<const Code> literals(arena_.data() + candidate.start, candidate.size);
  bool has_negated = false, has_pivot = false;
  for (const Code literal : literals) {
    has_negated |= literal == (pivot ^ 1);
    has_pivot |= literal == pivot;
    conflict |= literal != (pivot ^ 1) && values_[literal] > 0;
  }
  if (!has_negated || (has_pivot && !conflict)) return false;
  for (const Code literal : literals)
    if (literal != (pivot ^ 1) && values_[literal] == 0) assign(literal ^ 1);
  return true;
}

}  // namespace nb
