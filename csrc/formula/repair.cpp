// SPDX-License-Identifier: MIT
#include "formula/repair.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "formula/propagator.hpp"

namespace nb {
namespace {

// Visits: so many a literal, and more for formulas if that costs nothing to speak of.
constexpr std::uint64_t effort_per_literal = 5;
constexpr std::uint64_t more_effort_per_literal = 25, most_more_effort = 10'000'000;

std::uint64_t effort_for(const Formula &formula) {
  const std::uint64_t size = formula.num_literals() + formula.num_vars();
  return effort_per_literal * size + std::min(more_effort_per_literal * size, most_more_effort) +
         1000;
}

std::vector<std::uint32_t> most_confident_first(std::span<const Value> advice,
                                                std::span<const float> confidence) {
  std::vector<std::uint32_t> order;
  for (std::uint32_t var = 0; var < advice.size(); var++)
    if (advice[var]) order.push_back(var);
  std::stable_sort(order.begin(), order.end(), [confidence](std::uint32_t a, std::uint32_t b) {
    return confidence[a] > confidence[b];
  });
  return order;
}

class Repair {
 public:
  Repair(const Formula &formula, std::span<const Value> advice, std::span<const float> confidence,
         const std::function<bool()> &should_stop)
      : advice_(advice),
        confidence_(confidence),
        effort_(effort_for(formula)),
        propagator_(formula, should_stop) {}

  Repaired run() {
    result_.values.assign(advice_.begin(), advice_.end());
    result_.confidence.assign(confidence_.begin(), confidence_.end());
    if (!propagator_.connect()) {
      result_.refuted = true;
      return std::move(result_);
    }
    for (const std::int32_t literal : propagator_.trail()) {
      const auto [var, value] = split(literal);
      // A unit of the formula needs no advice; it only puts wrong advice right.
      if (!advice_[var]) continue;
      take(var, value, 1.0f);
    }
    for (const std::uint32_t var : most_confident_first(advice_, confidence_)) {
      const std::int32_t literal = advice_[var] * Var(var).dimacs();
      if (propagator_.value(literal)) continue;
      if (exhausted()) {
        result_.complete = false;
        result_.values[var] = 0;
        result_.dropped++;
        continue;
      }
      if (!follow(literal, confidence_[var]) && !follow(-literal, confidence_[var])) {
        result_.values[var] = 0;
        result_.dropped++;
      }
    }
    return std::move(result_);
  }

 private:
  static std::pair<std::uint32_t, Value> split(std::int32_t literal) {
    const Lit lit = Lit::from_dimacs(literal);
    return {lit.var().index(), static_cast<Value>(lit.negative() ? -1 : 1)};
  }

  bool exhausted() const { return propagator_.scanned() + propagator_.visited() >= effort_; }

  // Decide `literal` and take all that follows, or nothing at a conflict.
  bool follow(std::int32_t literal, float confidence) {
    const std::size_t before = propagator_.trail().size();
    if (!propagator_.decide(literal)) {
      propagator_.undo(before);
      return false;
    }
    for (const std::int32_t implied : propagator_.trail().subspan(before)) {
      const auto [var, value] = split(implied);
      take(var, value, confidence);
    }
    return true;
  }

  void take(std::uint32_t var, Value value, float confidence) {
    const Value old = advice_[var];
    if (old == value) {
      result_.kept++;
      return;
    }
    (old ? result_.overruled : result_.joined)++;
    result_.values[var] = value;
    result_.confidence[var] = confidence;
  }

  const std::span<const Value> advice_;
  const std::span<const float> confidence_;
  const std::uint64_t effort_;
  Propagator propagator_;
  Repaired result_;
};

}  // namespace

Repaired repair(const Formula &formula, std::span<const Value> advice,
                std::span<const float> confidence, const std::function<bool()> &should_stop) {
  NB_REQUIRE(advice.size() == formula.num_vars() && confidence.size() == formula.num_vars(),
             "advice and confidence for %zu and %zu of %u variables", advice.size(),
             confidence.size(), formula.num_vars());
  return Repair(formula, advice, confidence, should_stop).run();
}

}  // namespace nb
