// SPDX-License-Identifier: MIT
// Settle: ask about the candidates until each is proven or refuted.
#include <algorithm>
#include <limits>

#include "backbone/extractor.hpp"

namespace nb {

namespace {

// Conflicts of a question at most.
constexpr std::int64_t last_budget = std::int64_t{1} << 40;
// So many questions in a row that ran out of them double the conflicts.
constexpr std::size_t max_failures = 8;
// The chunk after a proof is so many times as large.
constexpr std::size_t growth = 2;
// "All" candidates are at most so many: a question stays in the memory of the solver.
constexpr std::size_t most_candidates = 20000;

}  // namespace

bool Extractor::settle(std::int64_t conflicts) {
  limit_ = conflicts < 0 || conflicts > std::numeric_limits<std::int64_t>::max() - spent_
               ? std::numeric_limits<std::int64_t>::max()
               : spent_ + conflicts;
  sort_candidates();
  if (stopped()) return !open_;
  follow_facts();
  fail_literals();
  budget_ = question_conflicts;
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
  const std::size_t wanted = growing_                   ? chunk_size_
                             : way_.about == About::one ? 1
                                                        : most_candidates;
  choose_chunk(wanted);
  if (chunk_.empty() || failures_ == max_failures) {
    std::ranges::fill(postponed_, 0);
    failures_ = 0;
    growing_ = false;
    budget_ = std::min(2 * budget_, last_budget);
    return;
  }
  set_stance(way_.stance);
  const std::int64_t ticks = solver_.statistic_ticks();
  const std::size_t open = open_;
  const std::optional<bool> answer = falsify(chunk_, std::min(budget_, limit_ - spent_));
  growing_ = answer == false;
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
    postponed_[static_cast<std::size_t>(chunk_[0] < 0 ? -chunk_[0] : chunk_[0]) - 1] = 1;
  }
  follow_facts();
  failures_ = answer ? 0 : failures_ + 1;
  // Handling a model costs about a tick a variable.
  ways_.learn(static_cast<std::int64_t>(open - open_),
              solver_.statistic_ticks() - ticks + formula_.num_vars());
}

// The first open candidates.  A question about a variable that the solver has eliminated brings
// its clauses back, so that those wait until no others are left; most are settled by then.
void Extractor::choose_chunk(std::size_t wanted) {
  for (const bool active : {true, false}) {
    chunk_.clear();
    bool waiting = false;
    for (const std::uint32_t var : order_) {
      const auto literal = static_cast<std::int32_t>(var + 1) * candidates_[var];
      if (!literal || solver_.active(literal) != active) continue;
      if (postponed_[var]) {
        waiting = true;
        continue;
      }
      chunk_.push_back(literal);
      if (chunk_.size() == wanted) return;
    }
    if (waiting || !chunk_.empty()) return;
  }
}

// Is there a model in which one of the literals is false?
std::optional<bool> Extractor::falsify(std::span<const std::int32_t> literals,
                                       std::int64_t conflicts) {
  if (literals.size() == 1) {
    const std::int32_t assumption = -literals[0];
    return ask({&assumption, 1}, conflicts);
  }
  if (top_ > static_cast<std::int32_t>(formula_.num_vars())) {
    // The clause of the last such question is needed no more.
    const std::int32_t unit = -top_;
    solver_.add_clause({&unit, 1});
  }
  ++top_;
  fresh_.assign(1, -top_);
  for (const std::int32_t literal : literals) fresh_.push_back(-literal);
  solver_.add_clause(fresh_);
  return ask({&top_, 1}, conflicts);
}

void Extractor::set_stance(Stance stance) {
  if (stance == Stance::against)
    std::ranges::fill(phases_, 0);
  else
    phases_ = last_;
  if (stance != Stance::near)
    for (std::size_t var = 0; var < phases_.size(); ++var)
      if (candidates_[var]) phases_[var] = static_cast<Value>(-candidates_[var]);
  prefer(phases_);
}

}  // namespace nb
