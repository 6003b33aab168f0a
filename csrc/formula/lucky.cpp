// SPDX-License-Identifier: MIT
#include "formula/lucky.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "base/check.hpp"

namespace nb {
namespace {

constexpr std::uint64_t steps_between_polls = 1 << 16;
constexpr std::uint64_t effort_per_literal = 10;
constexpr std::uint32_t none = 0xffffffffu;

std::uint32_t code(std::int32_t literal) {
  return Lit::from_dimacs(literal).code();
}

// Unit propagation over two watched literals a clause; decisions are never undone singly.
//
// Watch 2 * c + k is of the literal at place k of clause c.  The watches of a literal form a list
// through `next_`, so that a formula of millions of clauses costs no allocation per literal.
class Propagator {
 public:
  Propagator(const Formula &formula, const std::function<bool()> &should_stop)
      : formula_(formula),
        should_stop_(should_stop),
        effort_(effort_per_literal * (formula.num_literals() + formula.num_vars()) + 1000),
        literals_(formula.literals().begin(), formula.literals().end()),
        values_(2 * static_cast<std::size_t>(formula.num_vars()), 0),
        first_(values_.size(), none),
        next_(2 * formula.num_clauses(), none) {}

  // Watch every clause and propagate the units; false: conflict at once.
  bool connect() {
    NB_REQUIRE(formula_.num_clauses() < none / 2, "%zu clauses are too many",
               formula_.num_clauses());
    for (std::size_t index = 0; index < formula_.num_clauses(); index++) {
      poll(1);
      const auto [begin, end] = range(index);
      if (end - begin == 0) return false;
      if (end - begin == 1) {
        if (!assign(literals_[static_cast<std::size_t>(begin)])) return false;
        continue;
      }
      for (std::uint32_t which = 0; which < 2; which++)
        link(static_cast<std::uint32_t>(2 * index + which),
             literals_[static_cast<std::size_t>(begin) + which]);
    }
    if (!propagate()) return false;
    root_ = trail_.size();
    return true;
  }

  // Decide the variables in order, each with its value in `phases`; those that `first` is not 0
  // for before all others.
  bool direction(bool ascending, std::span<const Value> phases, std::span<const Value> first) {
    effort_left_ = effort_;
    bool satisfied = true;
    if (!first.empty()) satisfied = decide(ascending, phases, first);
    satisfied = satisfied && decide(ascending, phases, {});
    if (!satisfied) undo();
    return satisfied;
  }

  std::vector<Value> values() const {
    std::vector<Value> result(formula_.num_vars());
    for (std::size_t var = 0; var < result.size(); var++) result[var] = values_[2 * var];
    return result;
  }

 private:
  std::pair<std::int64_t, std::int64_t> range(std::size_t index) const {
    return {formula_.offsets()[index], formula_.offsets()[index + 1]};
  }

  Value value(std::int32_t literal) const { return values_[code(literal)]; }

  bool decide(bool ascending, std::span<const Value> phases, std::span<const Value> only) {
    const auto count = static_cast<std::int32_t>(formula_.num_vars());
    for (std::int32_t step = 1; step <= count; step++) {
      const std::int32_t var = ascending ? step : count + 1 - step;
      const auto index = static_cast<std::size_t>(var) - 1;
      if (value(var) || (!only.empty() && !only[index])) continue;
      assign(phases[index] > 0 ? var : -var);
      if (!propagate() || effort_left_ == 0) return false;
    }
    return true;
  }

  bool assign(std::int32_t literal) {
    if (const Value old = value(literal)) return old > 0;
    values_[code(literal)] = 1;
    values_[code(-literal)] = -1;
    trail_.push_back(literal);
    return true;
  }

  void undo() {
    for (; trail_.size() > root_; trail_.pop_back()) {
      values_[code(trail_.back())] = 0;
      values_[code(-trail_.back())] = 0;
    }
    propagated_ = root_;
  }

  void poll(std::uint64_t steps) {
    steps_ += steps;
    if (steps_ < steps_between_polls) return;
    steps_ = 0;
    if (should_stop_ && should_stop_()) throw Interrupted();
  }

  void link(std::uint32_t watch, std::int32_t literal) {
    std::uint32_t &first = first_[code(literal)];
    next_[watch] = first;
    first = watch;
  }

  bool propagate() {
    while (propagated_ < trail_.size()) {
      const std::int32_t falsified = -trail_[propagated_++];
      std::uint32_t watch = first_[code(falsified)];
      // What stays is linked again.
      first_[code(falsified)] = none;
      while (watch != none) {
        const std::uint32_t next = next_[watch];
        const auto [begin, end] = range(watch >> 1);
        std::int32_t *const lits = literals_.data() + begin;
        const auto size = end - begin;
        const std::uint32_t place = watch & 1;
        const std::int32_t partner = lits[1 - place];
        std::int64_t other = size;
        bool conflict = false;
        if (value(partner) <= 0) {
          other = 2;
          while (other < size && value(lits[other]) < 0) other++;
          spend(static_cast<std::uint64_t>(other));
          if (other < size)
            std::swap(lits[place], lits[other]);
          else
            conflict = !assign(partner);
        }
        link(watch, lits[place]);
        watch = next;
        if (conflict) {
          while (watch != none) {
            const std::uint32_t after = next_[watch];
            link(watch, falsified);
            watch = after;
          }
          return false;
        }
      }
    }
    return true;
  }

  void spend(std::uint64_t steps) {
    effort_left_ -= std::min(effort_left_, steps);
    poll(steps);
  }

  const Formula &formula_;
  const std::function<bool()> &should_stop_;
  const std::uint64_t effort_;
  std::uint64_t effort_left_ = ~std::uint64_t{0};
  std::uint64_t steps_ = 0;
  std::vector<std::int32_t> literals_;
  std::vector<Value> values_;
  std::vector<std::uint32_t> first_;
  std::vector<std::uint32_t> next_;
  std::vector<std::int32_t> trail_;
  std::size_t propagated_ = 0;
  std::size_t root_ = 0;
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
  std::optional<Propagator> propagator;
  bool consistent = true;
  const auto try_directions = [&](std::initializer_list<Direction> directions) {
    std::optional<Lucky> lucky;
    if (!propagator) {
      propagator.emplace(formula, should_stop);
      consistent = propagator->connect();
    }
    for (const auto &[name, ascending, phases, first] : directions)
      if (consistent && !lucky && propagator->direction(ascending, phases, first))
        lucky = Lucky{name, propagator->values()};
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
