// SPDX-License-Identifier: MIT
#include "proof/drat_check.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.hpp"
#include "base/error.hpp"

namespace nb {

namespace {

// Visited watches between two questions whether to stop: some milliseconds.
constexpr std::uint64_t poll_ticks = 1u << 20;

constexpr std::size_t smallest_bucket_count = 1u << 10;

constexpr std::uint64_t mix(std::uint64_t code) {
  std::uint64_t mixed = (code + 1) * 0x9e3779b97f4a7c15u;
  mixed ^= mixed >> 29;
  mixed *= 0xbf58476d1ce4e5b9u;
  return mixed ^ (mixed >> 32);
}

}  // namespace

// ---- names ------------------------------------------------------------------------------------

void DratChecker::reserve(std::uint32_t named_vars, std::uint64_t literals) {
  // A header may announce a billion variables and use three.
  const auto worthwhile = 4 * literals + (1u << 16);
  const auto names = static_cast<std::size_t>(std::min<std::uint64_t>(named_vars, worthwhile)) + 1;
  if (names > direct_.size()) direct_.resize(names, 0);
  const auto words = literals + literals / 2;
  if (words < std::numeric_limits<Reference>::max()) arena_.reserve(words);
}

std::uint32_t DratChecker::new_variable(std::int32_t name) {
  const auto variable = static_cast<std::uint32_t>(names_.size());
  NB_REQUIRE(variable < (1u << 30), "more than 2^30 different variables");
  names_.push_back(name);
  const std::size_t codes = 2 * names_.size();
  values_.resize(codes, 0);
  marks_.resize(codes, 0);
  stale_.resize(codes, 0);
  watches_.resize(codes);
  binaries_.resize(codes);
  if (occurrences_kept_) occurrences_.resize(codes);
  return variable;
}

// The code of a literal.  If its variable is new: a new one if `create`, else `no_literal`.
DratChecker::Code DratChecker::import_literal(std::int32_t literal, bool create) {
  NB_REQUIRE(literal != 0 && literal != std::numeric_limits<std::int32_t>::min(),
             "literal %d in a clause", static_cast<int>(literal));
  const std::int32_t name = literal < 0 ? -literal : literal;
  std::uint32_t *entry;
  if (static_cast<std::size_t>(name) < direct_.size()) {
    entry = &direct_[static_cast<std::size_t>(name)];
  } else if (create) {
    entry = &named_[name];
  } else {
    const auto found = named_.find(name);
    if (found == named_.end()) return no_literal;
    entry = &found->second;
  }
  if (!*entry) {
    if (!create) return no_literal;
    *entry = new_variable(name) + 1;
  }
  return 2 * (*entry - 1) + (literal < 0);
}

// Sets `clause_` and leaves its literals marked until the next import.  False, with `clause_`
// incomplete, if a variable is unknown and not to be created.
bool DratChecker::import_clause(std::span<const std::int32_t> clause, bool create) {
  for (const Code code : clause_) marks_[code] = 0;
  clause_.clear();
  clause_is_tautology_ = false;
  for (const std::int32_t literal : clause) {
    const Code code = import_literal(literal, create);
    if (code == no_literal) return false;
    if (marks_[code]) continue;
    if (marks_[code ^ 1]) clause_is_tautology_ = true;
    marks_[code] = 1;
    clause_.push_back(code);
  }
  NB_REQUIRE(clause_.size() < (1u << 29), "a clause of more than 2^29 literals");
  return true;
}

// ---- the multiset of clauses ------------------------------------------------------------------

// Independent of the order of the literals.
std::uint64_t DratChecker::hash_of(const Code *literals, std::size_t size) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < size; ++i) sum += mix(literals[i]);
  return sum ^ (sum >> 31);
}

// The word that holds the reference of a clause equal to `clause_`, or of its chain's end.
DratChecker::Reference *DratChecker::find() {
  Reference *link = &buckets_[hash_of(clause_.data(), clause_.size()) & (buckets_.size() - 1)];
  for (; *link != no_reference; link = &arena_[*link + 1]) {
    if (size_of(*link) != clause_.size()) continue;
    const Code *const literals = literals_of(*link);
    if (std::all_of(literals, literals + clause_.size(), [&](Code code) { return marks_[code]; }))
      break;
  }
  return link;
}

void DratChecker::chain(Reference clause) {
  Reference &bucket =
      buckets_[hash_of(literals_of(clause), size_of(clause)) & (buckets_.size() - 1)];
  arena_[clause + 1] = bucket;
  bucket = clause;
}

void DratChecker::rechain_all(std::size_t bucket_count) {
  buckets_.assign(bucket_count, no_reference);
  for (std::size_t i = 0; i < arena_.size(); i += header_words + size_of(static_cast<Reference>(i)))
    if (!has(static_cast<Reference>(i), garbage)) chain(static_cast<Reference>(i));
}

// Puts `clause_` into the arena, the hash table and the watch lists, and propagates if it is unit.
void DratChecker::store() {
  const std::size_t words = header_words + clause_.size();
  NB_REQUIRE(words < no_reference - arena_.size(), "clauses of more than 16 GiB");
  const auto reference = static_cast<Reference>(arena_.size());
  arena_.push_back(static_cast<std::uint32_t>(clause_.size()) << flag_bits);
  arena_.push_back(no_reference);
  arena_.insert(arena_.end(), clause_.begin(), clause_.end());
  ++alive_;
  if (alive_ > buckets_.size()) {
    rechain_all(std::max(smallest_bucket_count, 2 * buckets_.size()));
  } else {
    chain(reference);
  }
  if (clause_is_tautology_) {
    arena_[reference] |= tautology;
    return;
  }
  if (occurrences_kept_)
    for (const Code code : clause_) occurrences_[code].push_back(reference);
  if (refuted_) return;
  switch (attach(reference)) {
    case 0:
      refuted_ = true;
      break;
    case 1:
      assign(literals_of(reference)[0]);
      if (!propagate()) refuted_ = true;
      break;
    default:
      break;
  }
}

// At the root: watches two literals that aren't false, unless the clause is satisfied for good.
// Returns 2 if that went well or isn't needed, else the number of such literals, now in front.
unsigned DratChecker::attach(Reference clause) {
  Code *const literals = literals_of(clause);
  const std::uint32_t size = size_of(clause);
  arena_[clause] &= ~std::uint32_t{attached};
  unsigned watched = 0;
  for (std::uint32_t i = 0; i < size && watched < 2; ++i) {
    const std::int8_t value = values_[literals[i]];
    if (value > 0) return 2;
    if (value == 0) std::swap(literals[i], literals[watched++]);
  }
  if (watched < 2) return watched;
  arena_[clause] |= attached;
  auto &lists = size == 2 ? binaries_ : watches_;
  lists[literals[0]].push_back({literals[1], clause});
  lists[literals[1]].push_back({literals[0], clause});
  return 2;
}

// Long clauses leave their watch lists when they are met there; the lists of binary clauses are
// read without looking at the clauses and must be cleaned before the next propagation.
void DratChecker::detach_binary(Reference clause) {
  for (int i = 0; i < 2; ++i) {
    const Code literal = literals_of(clause)[i];
    auto &list = binaries_[literal];
    if (list.size() <= short_list_) {
      list.erase(std::find_if(list.begin(), list.end(),
                              [=](const Watch &watch) { return watch.reference == clause; }));
    } else if (!stale_[literal]) {
      stale_[literal] = 1;
      stale_lists_.push_back(literal);
    }
  }
}

void DratChecker::clean_stale_lists() {
  for (const Code literal : stale_lists_) {
    std::erase_if(binaries_[literal],
                  [&](const Watch &watch) { return has(watch.reference, garbage); });
    stale_[literal] = 0;
  }
  stale_lists_.clear();
}

// At the root: closes the gaps in the arena and rebuilds what refers to it.
void DratChecker::collect() {
  ++statistics_.collections;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < arena_.size();) {
    const std::size_t words = header_words + size_of(static_cast<Reference>(i));
    if (!has(static_cast<Reference>(i), garbage)) {
      if (kept != i)
        std::copy_n(arena_.begin() + static_cast<std::ptrdiff_t>(i), words,
                    arena_.begin() + static_cast<std::ptrdiff_t>(kept));
      kept += words;
    }
    i += words;
  }
  arena_.resize(kept);
  garbage_words_ = 0;
  rechain_all(buckets_.size());
  for (const Code literal : stale_lists_) stale_[literal] = 0;
  stale_lists_.clear();
  for (auto &list : watches_) list.clear();
  for (auto &list : binaries_) list.clear();
  for (std::size_t i = 0; i < arena_.size(); i += header_words + size_of(static_cast<Reference>(i)))
    if (!has(static_cast<Reference>(i), tautology)) attach(static_cast<Reference>(i));
  if (occurrences_kept_) index_occurrences();
}

void DratChecker::index_occurrences() {
  occurrences_kept_ = true;
  occurrences_.resize(watches_.size());
  for (auto &list : occurrences_) list.clear();
  for (std::size_t i = 0; i < arena_.size();) {
    const auto clause = static_cast<Reference>(i);
    const std::uint32_t size = size_of(clause);
    if (!has(clause, garbage) && !has(clause, tautology))
      for (std::uint32_t k = 0; k < size; ++k)
        occurrences_[literals_of(clause)[k]].push_back(clause);
    i += header_words + size;
  }
}

// ---- propagation ------------------------------------------------------------------------------

void DratChecker::assign(Code literal) {
  values_[literal] = 1;
  values_[literal ^ 1] = -1;
  trail_.push_back(literal);
}

// Back to a trail that was propagated completely.
void DratChecker::backtrack(std::size_t trail_size) {
  for (std::size_t i = trail_size; i < trail_.size(); ++i)
    values_[trail_[i]] = values_[trail_[i] ^ 1] = 0;
  trail_.resize(trail_size);
  propagated_ = propagated_binaries_ = trail_size;
}

// False on a conflict.  Binary clauses first: they cost one read each and bring most conflicts
// nearer.
bool DratChecker::propagate() {
  if (!stale_lists_.empty()) clean_stale_lists();
  for (;;) {
    while (propagated_binaries_ < trail_.size())
      if (!propagate_binaries(trail_[propagated_binaries_++] ^ 1)) return false;
    if (propagated_ == trail_.size()) return true;
    if (ticks_ >= next_poll_) poll();
    if (!propagate_long(trail_[propagated_++] ^ 1)) return false;
  }
}

bool DratChecker::propagate_binaries(Code falsified) {
  const auto &list = binaries_[falsified];
  ticks_ += 1 + list.size() / 8;
  for (const Watch &watch : list) {
    const std::int8_t value = values_[watch.blocker];
    if (value > 0) continue;
    if (value < 0) return false;
    assign(watch.blocker);
  }
  return true;
}

// Invariant: a clause longer than two is watched by its first two literals; a watched literal is
// false only if it is still to be propagated or the clause is satisfied by the blocker or the
// other watched literal.  Undoing assignments in reverse order keeps this without any work.
bool DratChecker::propagate_long(Code falsified) {
  ++statistics_.propagations;
  auto &list = watches_[falsified];
  ticks_ += 1 + list.size();
  const std::int8_t *const values = values_.data();
  std::uint32_t *const arena = arena_.data();
  const Watch *read = list.data();
  const Watch *const end = read + list.size();
  Watch *write = list.data();
  bool conflict = false;
  while (read != end) {
    const Watch watch = *write++ = *read++;
    if (values[watch.blocker] > 0) continue;
    const std::uint32_t header = arena[watch.reference];
    if (header & garbage) {
      --write;
      continue;
    }
    Code *const literals = arena + watch.reference + header_words;
    const Code other = literals[0] ^ literals[1] ^ falsified;
    const std::int8_t other_value = values[other];
    if (other_value > 0) {
      write[-1].blocker = other;
      continue;
    }
    Code *const literals_end = literals + (header >> flag_bits);
    Code *replacement = literals + 2;
    while (replacement != literals_end && values[*replacement] < 0) ++replacement;
    if (replacement != literals_end) {
      // What is met here goes halfway to the front, so that the literals often false drift to
      // the end and the next search is short.
      Code *const nearer = literals + 2 + (replacement - literals - 2) / 2;
      const Code found = *replacement;
      *replacement = *nearer;
      if (values[found] > 0) {
        *nearer = found;
        write[-1].blocker = found;
        continue;
      }
      *nearer = falsified;
      literals[0] = other;
      literals[1] = found;
      watches_[found].push_back({other, watch.reference});
      --write;
    } else if (other_value == 0) {
      assign(other);
    } else {
      conflict = true;
      break;
    }
  }
  while (read != end) *write++ = *read++;
  list.resize(static_cast<std::size_t>(write - list.data()));
  return !conflict;
}

void DratChecker::poll() {
  next_poll_ = ticks_ + poll_ticks;
  if (should_stop_ && should_stop_()) throw Interrupted();
}

// ---- the steps --------------------------------------------------------------------------------

void DratChecker::original(std::span<const std::int32_t> clause) {
  ++statistics_.originals;
  import_clause(clause, true);
  store();
}

DratChecker::Step DratChecker::add(std::span<const std::int32_t> lemma) {
  ++statistics_.lemmas;
  import_clause(lemma, true);
  Step step = Step::rup;
  if (refuted_) {
    step = Step::refuted;
  } else if (clause_is_tautology_) {
    step = Step::tautology;
  } else {
    const std::size_t root = trail_.size();
    // A literal that is false at the root is no pivot: what made it false may be deleted.
    pivots_.clear();
    for (const Code literal : clause_)
      if (values_[literal] >= 0) pivots_.push_back(literal);
    if (!refutes_negation(clause_)) step = is_rat() ? Step::rat : Step::failed;
    backtrack(root);
  }
  if (step == Step::failed) return step;
  statistics_.rat_lemmas += step == Step::rat;
  store();
  return step;
}

bool DratChecker::erase(std::span<const std::int32_t> clause) {
  ++statistics_.deletions;
  Reference *link = nullptr;
  if (import_clause(clause, false) && !buckets_.empty()) link = find();
  if (!link || *link == no_reference) {
    ++statistics_.missing_deletions;
    return false;
  }
  const Reference found = *link;
  *link = arena_[found + 1];
  arena_[found] |= garbage;
  garbage_words_ += header_words + clause_.size();
  --alive_;
  if (clause_.size() == 2 && has(found, attached)) detach_binary(found);
  if (garbage_words_ > smallest_collection_words_ && garbage_words_ > arena_.size() / 4) collect();
  return true;
}

std::vector<std::int32_t> DratChecker::any_alive() const {
  std::vector<std::int32_t> clause;
  for (std::size_t i = 0; i < arena_.size();
       i += header_words + size_of(static_cast<Reference>(i))) {
    const auto reference = static_cast<Reference>(i);
    if (has(reference, garbage)) continue;
    for (std::uint32_t k = 0; k < size_of(reference); ++k) {
      const Code code = literals_of(reference)[k];
      clause.push_back(code & 1 ? -names_[code >> 1] : names_[code >> 1]);
    }
    break;
  }
  return clause;
}

// Assumes that the literals are false and propagates; the trail is left for the caller to undo.
// All at once: level by level, which would let the next lemma keep a part of the trail, was
// measured to take a quarter to a half longer.
bool DratChecker::refutes_negation(std::span<const Code> literals) {
  for (const Code literal : literals) {
    const std::int8_t value = values_[literal];
    if (value > 0) return true;
    if (value == 0) assign(literal ^ 1);
  }
  return !propagate();
}

// On top of the negated lemma: is it RAT on its first literal, or on another if those are tried?
bool DratChecker::is_rat() {
  for (const Code pivot : pivots_) {
    const bool first = pivot == clause_[0];
    if (!first && !other_pivots_) return false;
    if (!resolvents_follow(pivot)) continue;
    statistics_.other_pivots += !first;
    return true;
  }
  return false;
}

// On top of the negated lemma: is its resolvent with every clause that has ~pivot a RUP lemma?
bool DratChecker::resolvents_follow(Code pivot) {
  if (!occurrences_kept_) index_occurrences();
  const std::size_t level = trail_.size();
  auto &candidates = occurrences_[pivot ^ 1];
  for (std::size_t i = 0; i < candidates.size();) {
    const Reference candidate = candidates[i];
    if (has(candidate, garbage)) {
      candidates[i] = candidates.back();
      candidates.pop_back();
      continue;
    }
    ++i;
    ++statistics_.rat_candidates;
    // literals move within clauses while propagating
    const Code *const literals = literals_of(candidate);
    rest_.clear();
    std::copy_if(literals, literals + size_of(candidate), std::back_inserter(rest_),
                 [=](Code code) { return code != (pivot ^ 1); });
    const bool follows = refutes_negation(rest_);
    backtrack(level);
    if (!follows) return false;
  }
  return true;
}

}  // namespace nb
