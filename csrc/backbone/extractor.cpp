// SPDX-License-Identifier: MIT
#include "backbone/extractor.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "base/check.hpp"
#include "formula/model.hpp"

namespace nb {

namespace {

constexpr auto poll_interval = std::chrono::milliseconds(20);
// Sweeps of a walk, and the longest row of models without one.
constexpr int max_sweeps = 8;
constexpr std::uint32_t max_pause = 63;
// Literals of the formula whose handling by a call costs about as much as a conflict.
constexpr std::size_t literals_a_conflict = 50000;
// Failed literals: visits of watches, at least and for each literal of the formula.
constexpr std::uint64_t least_visits = 2'000'000, visits_a_literal = 20;

}  // namespace

Extractor::Extractor(const Formula &formula, std::uint64_t seed, std::function<bool()> poll)
    : formula_(formula),
      poll_(std::move(poll)),
      walk_(formula),
      random_(seed),
      candidates_(formula.num_vars()),
      proven_(formula.num_vars()),
      model_(formula.num_vars()),
      postponed_(formula.num_vars()),
      selected_(formula.num_vars()),
      call_cost_(1 + static_cast<std::int64_t>(formula.num_literals() / literals_a_conflict)),
      top_(static_cast<std::int32_t>(formula.num_vars())) {
  solver_.on_poll([this] { return stopped(); });
  // Many short questions are asked: sweeping took longer than it saved in them.
  solver_.set_option("sweep", 0);
}

bool Extractor::stopped() {
  const auto now = std::chrono::steady_clock::now();
  if (stop_ || now < next_poll_) return stop_;
  stop_ = poll_ && poll_();
  next_poll_ = std::chrono::steady_clock::now() + poll_interval;
  return stop_;
}

bool Extractor::load() {
  solver_.reserve_vars(static_cast<std::int32_t>(formula_.num_vars()));
  constexpr std::size_t clauses_a_poll = 1 << 13;
  for (std::size_t i = 0; i < formula_.num_clauses(); ++i) {
    if (i % clauses_a_poll == 0 && stopped()) return false;
    solver_.add_clause(formula_.clause(i));
  }
  return true;
}

std::optional<bool> Extractor::ask(std::span<const std::int32_t> assumptions,
                                   std::int64_t conflicts) {
  if (stopped()) return std::nullopt;
  Budget budget;
  budget.conflicts = conflicts;
  const std::int64_t before = solver_.statistic("conflicts");
  const Status status = solver_.solve(assumptions, budget);
  spent_ += solver_.statistic("conflicts") - before + call_cost_;
  ++counts_.calls;
  if (status == Status::satisfiable) {
    ++counts_.satisfiable;
    take_model();
    return true;
  }
  ++(status == Status::unsatisfiable ? counts_.unsatisfiable : counts_.unanswered);
  return status == Status::unsatisfiable ? std::optional(false) : std::nullopt;
}

void Extractor::take_model() {
  const std::vector<signed char> values = solver_.model();
  std::copy_n(values.begin(), model_.size(), model_.begin());
}

void Extractor::prefer(std::span<const Value> phases) {
  solver_.advise(phases, {}, AdviceMode::always);
}

std::optional<bool> Extractor::find_model(std::int64_t conflicts) {
  const std::optional<bool> answer = ask({}, conflicts);
  if (answer != true) return answer;
  if (find_falsified(formula_, model_))
    throw std::logic_error("the solver's model does not satisfy the formula");
  // Propagation on the formula as read, which the first model shows to be consistent.
  propagator_.emplace(formula_, never_);
  if (!propagator_->connect()) throw std::logic_error("propagation refutes a model");
  candidates_ = model_;
  open_ = candidates_.size();
  order_.resize(open_);
  std::iota(order_.begin(), order_.end(), 0u);
  if (models_.size() < keep_models) models_.push_back(model_);
  observe();
  return true;
}

std::vector<float> Extractor::local_minima(int count) {
  std::vector<float> sum(formula_.num_vars());
  std::vector<signed char> start(formula_.num_vars());
  for (int i = 0; i < count && !stopped(); ++i) {
    for (signed char &value : start) value = random_.flip() ? 1 : -1;
    const std::vector<signed char> minimum = solver_.local_minimum(start);
    for (std::size_t var = 0; var < sum.size(); ++var) sum[var] += minimum[var];
  }
  return sum;
}

void Extractor::restrict_to(std::span<const std::uint8_t> wanted) {
  NB_REQUIRE(wanted.size() == candidates_.size(), "%zu marks, expected %zu", wanted.size(),
             candidates_.size());
  for (std::uint32_t var = 0; var < wanted.size(); ++var)
    if (!wanted[var] && candidates_[var]) {
      candidates_[var] = 0;
      --open_;
    }
}

void Extractor::set_order(std::span<const float> log_odds) {
  NB_REQUIRE(log_odds.size() == candidates_.size(), "%zu log-odds, expected %zu", log_odds.size(),
             candidates_.size());
  log_odds_.assign(log_odds.begin(), log_odds.end());
}

// Take away the candidates that the model, or a walk of flips from it, contradicts.
void Extractor::observe() {
  for (std::uint32_t var = 0; var < model_.size(); ++var) {
    if (candidates_[var] * model_[var] >= 0) continue;
    candidates_[var] = 0;
    --open_;
    ++counts_.refuted;
  }
  last_ = model_;
  if (!open_) return;
  if (pause_) {
    --pause_;
    return;
  }
  walk_.start(model_);
  std::size_t flipped = 0;
  for (int sweep = 0, idle = 0; sweep < max_sweeps && idle < 2 && !stopped(); ++sweep) {
    const std::size_t now = walk_.sweep(random_, candidates_);
    flipped += now;
    idle = now ? 0 : idle + 1;
  }
  open_ -= flipped;
  counts_.flipped += static_cast<std::int64_t>(flipped);
  longest_pause_ = flipped ? 0 : std::min(2 * longest_pause_ + 1, max_pause);
  pause_ = longest_pause_;
}

// Note a literal that the formula implies.
void Extractor::prove(std::int32_t literal) {
  const auto var = var_of(literal);
  if (!candidates_[var]) return;
  const Value value = literal > 0 ? 1 : -1;
  if (candidates_[var] != value) throw std::logic_error("a model contradicts a proven literal");
  proven_[var] = value;
  candidates_[var] = 0;
  --open_;
  proofs_.push_back(literal);
}

// Exchange what is known between the solver and propagation, until neither has anything new.
void Extractor::follow_facts() {
  for (;;) {
    fresh_.clear();
    facts_seen_ = solver_.append_facts(facts_seen_, fresh_);
    for (const std::int32_t literal : fresh_) {
      if (var_of(literal) >= formula_.num_vars()) continue;
      if (propagator_->value(literal)) continue;
      if (!propagator_->decide(literal)) throw std::logic_error("propagation refutes a fact");
    }
    bool told = false;
    const auto trail = propagator_->trail();
    for (; implied_seen_ < trail.size(); ++implied_seen_) {
      const std::int32_t literal = trail[implied_seen_];
      prove(literal);
      // Variables that the solver has eliminated stay so: the fact would bring them back.
      if (solver_.fixed(literal) || !solver_.active(literal)) continue;
      solver_.add_clause({&literal, 1});
      told = true;
    }
    if (!told) break;
    solver_.propagate_units();
  }
}

// The negation of each candidate is propagated, unless another one implied it without a conflict.
void Extractor::fail_literals() {
  const std::uint64_t limit =
      propagator_->visited() + std::max(least_visits, visits_a_literal * formula_.num_literals());
  std::vector<std::uint8_t> consistent(candidates_.size(), 0);
  for (const std::uint32_t var : order_) {
    if (propagator_->visited() > limit || stopped()) break;
    const auto literal = static_cast<std::int32_t>(var + 1) * candidates_[var];
    if (!literal || consistent[var] || propagator_->value(literal)) continue;
    const std::size_t roots = propagator_->trail().size();
    if (propagator_->decide(-literal)) {
      for (const std::int32_t other : propagator_->trail().subspan(roots)) {
        const auto index = var_of(other);
        if (candidates_[index] * other < 0) consistent[index] = 1;
      }
      propagator_->undo(roots);
      continue;
    }
    propagator_->undo(roots);
    ++counts_.failed;
    if (!propagator_->decide(literal)) throw std::logic_error("propagation refutes a proof");
  }
  follow_facts();
}

// Settled candidates leave the order; the most probable members of the backbone come first.
void Extractor::sort_candidates() {
  std::erase_if(order_, [&](std::uint32_t var) { return !candidates_[var]; });
  if (log_odds_.empty()) return;
  std::ranges::stable_sort(order_, [&](std::uint32_t a, std::uint32_t b) {
    return log_odds_[a] * static_cast<float>(candidates_[a]) >
           log_odds_[b] * static_cast<float>(candidates_[b]);
  });
}

}  // namespace nb
