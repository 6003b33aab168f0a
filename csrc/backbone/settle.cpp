// SPDX-License-Identifier: MIT
// Settle: ask about the candidates until each is proven or refuted.
#include <algorithm>
#include <limits>
#include <stdexcept>

#include "backbone/extractor.hpp"

namespace nb {

namespace {

// The chunk after a proof is so many times as large.
constexpr std::size_t growth = 2;
// Conflicts of a question about such a chunk: at least, and for each of those of the last proof.
constexpr std::int64_t least_growing = 20, growing_costs = 3;
// "All" candidates are at most so many: a question stays in the memory of the solver.
constexpr std::size_t most_candidates = 20000;
// Literals of outdated clauses that a selector may leave behind: at least, and for each candidate.
constexpr std::size_t least_outdated = 20000, outdated_a_candidate = 16;
// With more conflicts than this a question is hard: the solver chooses most phases itself.
constexpr std::int64_t hard = 1000;

}  // namespace

bool Extractor::settle(std::int64_t conflicts) {
  limit_ = conflicts < 0 || conflicts > std::numeric_limits<std::int64_t>::max() - spent_
               ? std::numeric_limits<std::int64_t>::max()
               : spent_ + conflicts;
  sort_candidates();
  if (stopped()) return !open_;
  follow_facts();
  fail_literals();
  // Handling a model costs about a tick a variable.
  ways_.start(question_conflicts, formula_.num_vars());
  std::size_t sorted = open_;
  while (open_) {
    if (out_of_limits()) return false;
    if (2 * open_ < sorted) {
      sort_candidates();
      sorted = open_;
    }
    question();
  }
  return true;
}

void Extractor::question() {
  if (!growing_) way_ = ways_.choose();
  choose_chunk();
  set_stance();
  const std::int64_t ticks = solver_.statistic_ticks();
  const std::size_t open = open_;
  std::int64_t conflicts = std::min(ways_.conflicts(), limit_ - spent_);
  // A larger chunk is worth a few times what the last one took.
  if (growing_) conflicts = std::min(conflicts, least_growing + growing_costs * last_proof_);
  const std::int64_t spent = spent_;
  const std::optional<bool> answer = falsify(conflicts);
  growing_ = answer == false;
  if (growing_) last_proof_ = spent_ - spent;
  if (answer == true) {
    if (models_.size() < keep_models) models_.push_back(model_);
    observe();
  } else if (answer == false) {
    counts_.asked += static_cast<std::int64_t>(chunk_.size());
    for (const std::int32_t literal : chunk_)
      if (!propagator_->value(literal) && !propagator_->decide(literal))
        throw std::logic_error("propagation refutes a proof");
    chunk_size_ = growth * chunk_.size();
  } else if (chunk_.size() == 1) {
    postponed_[var_of(chunk_[0])] = 1;
  }
  follow_facts();
  ways_.learn(answer.has_value(), static_cast<std::int64_t>(open - open_),
              solver_.statistic_ticks() - ticks);
}

// The candidates of the question.  A question about a variable that the solver has eliminated
// brings its clauses back, so that those wait until no others are left; most are settled by then.
void Extractor::choose_chunk() {
  const bool all = way_.about == About::all && !growing_;
  const std::size_t wanted = all ? most_candidates : growing_ ? chunk_size_ : 1;
  chunk_.clear();
  const auto take = [&](auto fits) {
    for (const std::uint32_t var : order_) {
      if (!candidates_[var] || !fits(var)) continue;
      chunk_.push_back(static_cast<std::int32_t>(var + 1) * candidates_[var]);
      if (chunk_.size() == wanted) break;
    }
    return !chunk_.empty();
  };
  const auto active = [&](std::uint32_t var) {
    return solver_.active(static_cast<std::int32_t>(var + 1));
  };
  if (all) {
    if (selector_ && take([&](std::uint32_t var) { return selected_[var] != 0; })) return;
    retire_selector();
    if (!take(active)) take([](std::uint32_t) { return true; });
    std::ranges::fill(selected_, 0);
    for (const std::int32_t literal : chunk_) selected_[var_of(literal)] = 1;
    return;
  }
  const auto due = [&](std::uint32_t var) { return !postponed_[var]; };
  if (take([&](std::uint32_t var) { return due(var) && active(var); })) return;
  std::ranges::fill(postponed_, 0);
  if (!take(active)) take([](std::uint32_t) { return true; });
}

// Is there a model in which one of the chunk is false?
//
// The question about all candidates keeps its selector while candidates only leave: the clause
// of fewer literals implies the older ones, so that what the solver learned stays true under it.
std::optional<bool> Extractor::falsify(std::int64_t conflicts) {
  if (chunk_.size() == 1) {
    const std::int32_t assumption = -chunk_[0];
    return ask({&assumption, 1}, conflicts);
  }
  const bool all = way_.about == About::all && !growing_;
  if (all && outdated_ > std::max(least_outdated, outdated_a_candidate * chunk_.size()))
    retire_selector();
  std::int32_t selector = all ? selector_ : 0;
  if (!selector) selector = ++top_;
  fresh_.assign(1, -selector);
  for (const std::int32_t literal : chunk_) fresh_.push_back(-literal);
  solver_.add_clause(fresh_);
  const std::optional<bool> answer = ask({&selector, 1}, conflicts);
  if (all) {
    selector_ = selector;
    outdated_ += chunk_.size();
  } else {
    // The clause is needed no more.
    const std::int32_t unit = -selector;
    solver_.add_clause({&unit, 1});
  }
  return answer;
}

void Extractor::retire_selector() {
  if (!selector_) return;
  const std::int32_t unit = -selector_;
  solver_.add_clause({&unit, 1});
  selector_ = 0;
  outdated_ = 0;
}

void Extractor::set_stance() {
  // Selectors of other questions stay out of this one.
  phases_.assign(static_cast<std::size_t>(top_) + 1, -1);
  if (way_.stance == Stance::against)
    std::fill_n(phases_.begin(), last_.size(), Value{0});
  else
    std::ranges::copy(last_, phases_.begin());
  if (way_.stance != Stance::near)
    for (std::size_t var = 0; var < last_.size(); ++var)
      if (candidates_[var] && !likely(var)) phases_[var] = static_cast<Value>(-candidates_[var]);
  solver_.advise(phases_, {}, ways_.conflicts() > hard ? AdviceMode::initial : AdviceMode::always);
}

}  // namespace nb
