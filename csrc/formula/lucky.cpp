// SPDX-License-Identifier: MIT
#include "formula/lucky.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "base/check.hpp"
#include "formula/propagator.hpp"

namespace nb {
namespace {

constexpr std::uint64_t steps_between_polls = 1 << 16;
constexpr std::uint64_t effort_per_literal = 10;

// Decides one variable after the other and never undoes a single decision.
class Directions {
 public:
  Directions(const Formula &formula, const std::function<bool()> &should_stop)
      : num_vars_(formula.num_vars()),
        effort_(effort_per_literal * (formula.num_literals() + formula.num_vars()) + 1000),
        propagator_(formula, should_stop) {}

  bool connect() { return propagator_.connect(); }

  // Decide the variables in order, each with its value in `phases`; those that `first` is not 0
  // for before all others.
  bool try_one(bool ascending, std::span<const Value> phases, std::span<const Value> first) {
    end_ = propagator_.scanned() + effort_;
    bool satisfied = true;
    if (!first.empty()) satisfied = decide(ascending, phases, first);
    satisfied = satisfied && decide(ascending, phases, {});
    if (!satisfied) propagator_.undo(propagator_.root());
    return satisfied;
  }

  std::vector<Value> values() const {
    std::vector<Value> result(num_vars_);
    for (std::uint32_t var = 0; var < num_vars_; var++)
      result[var] = propagator_.value(Var(var).dimacs());
    return result;
  }

 private:
  bool decide(bool ascending, std::span<const Value> phases, std::span<const Value> only) {
    const auto count = static_cast<std::int32_t>(num_vars_);
    for (std::int32_t step = 1; step <= count; step++) {
      const std::int32_t var = ascending ? step : count + 1 - step;
      const auto index = static_cast<std::size_t>(var) - 1;
      if (propagator_.value(var) || (!only.empty() && !only[index])) continue;
      if (!propagator_.decide(phases[index] > 0 ? var : -var)) return false;
      if (propagator_.scanned() >= end_) return false;
    }
    return true;
  }

  const std::uint32_t num_vars_;
  const std::uint64_t effort_;
  std::uint64_t end_ = 0;
  Propagator propagator_;
};

bool satisfies(const Formula &formula, std::span<const Value> values,
               const std::function<bool()> &should_stop) {
  std::uint64_t steps = 0;
  for (std::size_t index = 0; index < formula.num_clauses(); index++) {
    const auto clause = formula.clause(index);
    if ((steps += clause.size()) >= steps_between_polls) {
      steps = 0;
      if (should_stop && should_stop()) throw Interrupted();
    }
    const bool satisfied =
        std::any_of(clause.begin(), clause.end(), [values](std::int32_t literal) {
          const Lit lit = Lit::from_dimacs(literal);
          return (values[lit.var().index()] < 0) == lit.negative();
        });
    if (!satisfied) return false;
  }
  return true;
}

}  // namespace

std::optional<Lucky> find_lucky(const Formula &formula, std::span<const Value> advice,
                                const std::function<bool()> &should_stop) {
  const std::vector<Value> all_true(formula.num_vars(), 1), all_false(formula.num_vars(), -1);
  std::vector<Value> advised(advice.begin(), advice.end());
  for (Value &value : advised)
    if (value == 0) value = 1;
  if (!advice.empty()) {
    NB_REQUIRE(advice.size() == formula.num_vars(), "advice for %zu of %u variables", advice.size(),
               formula.num_vars());
    if (satisfies(formula, advised, should_stop)) return Lucky{"advised", advised};
  }

  struct Direction {
    std::string_view name;
    bool ascending;
    std::span<const Value> phases;
    std::span<const Value> first;
  };
  std::optional<Directions> directions;
  bool consistent = true;
  const auto try_directions = [&](std::initializer_list<Direction> tried) {
    std::optional<Lucky> lucky;
    if (!directions) {
      directions.emplace(formula, should_stop);
      consistent = directions->connect();
    }
    for (const auto &[name, ascending, phases, first] : tried)
      if (consistent && !lucky && directions->try_one(ascending, phases, first))
        lucky = Lucky{name, directions->values()};
    return lucky;
  };

  if (!advice.empty())
    if (auto lucky = try_directions({{"forward advised", true, advised, advice},
                                     {"backward advised", false, advised, advice}}))
      return lucky;
  if (satisfies(formula, all_true, should_stop)) return Lucky{"all true", all_true};
  if (satisfies(formula, all_false, should_stop)) return Lucky{"all false", all_false};
  // Kissat's order.
  return try_directions({{"forward false", true, all_false, {}},
                         {"forward true", true, all_true, {}},
                         {"backward false", false, all_false, {}},
                         {"backward true", false, all_true, {}}});
}

}  // namespace nb
