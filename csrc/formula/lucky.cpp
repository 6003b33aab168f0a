// SPDX-License-Identifier: MIT
#include "formula/lucky.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace nb {
namespace {

constexpr std::uint64_t steps_between_polls = 1 << 16;
constexpr std::uint64_t effort_per_literal = 10;

std::uint32_t code(std::int32_t literal) {
  return Lit::from_dimacs(literal).code();
}

// Unit propagation over two watched literals a clause; decisions are never undone singly.
class Propagator {
 public:
  Propagator(const Formula &formula, const std::function<bool()> &should_stop)
      : formula_(formula),
        should_stop_(should_stop),
        effort_(effort_per_literal * (formula.num_literals() + formula.num_vars()) + 1000),
        literals_(formula.literals().begin(), formula.literals().end()),
        values_(2 * static_cast<std::size_t>(formula.num_vars()), 0) {}

  // Watch every clause and propagate the units; false: conflict at once.
  bool connect() {
    const std::size_t codes = values_.size();
    std::vector<std::uint32_t> counts(codes + 1, 0);
    for (std::size_t index = 0; index < formula_.num_clauses(); index++) {
      poll(1);
      const auto [begin, end] = range(index);
      if (end - begin == 0) return false;
      if (end - begin == 1 && !assign(literals_[static_cast<std::size_t>(begin)])) return false;
    }
    watches_.resize(codes);
    for (std::size_t index = 0; index < formula_.num_clauses(); index++) {
      const auto [begin, end] = range(index);
      if (end - begin < 2) continue;
      for (int which = 0; which < 2; which++)
        counts[code(literals_[static_cast<std::size_t>(begin + which)])]++;
    }
    for (std::size_t at = 0; at < codes; at++) watches_[at].reserve(counts[at]);
    for (std::size_t index = 0; index < formula_.num_clauses(); index++) {
      poll(2);
      const auto [begin, end] = range(index);
      if (end - begin < 2) continue;
      for (int which = 0; which < 2; which++)
        watches_[code(literals_[static_cast<std::size_t>(begin + which)])].push_back(
            static_cast<std::uint32_t>(index));
    }
    if (!propagate()) return false;
    root_ = trail_.size();
    return true;
  }

  bool direction(bool ascending, bool positive) {
    effort_left_ = effort_;
    const auto count = static_cast<std::int32_t>(formula_.num_vars());
    bool satisfied = true;
    for (std::int32_t step = 1; satisfied && step <= count; step++) {
      const std::int32_t var = ascending ? step : count + 1 - step;
      if (value(var)) continue;
      assign(positive ? var : -var);
      satisfied = propagate() && effort_left_ > 0;
    }
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

  bool propagate() {
    while (propagated_ < trail_.size()) {
      const std::int32_t falsified = -trail_[propagated_++];
      auto &watching = watches_[code(falsified)];
      std::size_t kept = 0;
      bool conflict = false;
      for (std::size_t at = 0; at < watching.size(); at++) {
        const std::uint32_t index = watching[at];
        watching[kept++] = index;
        if (conflict) continue;
        const auto [begin, end] = range(index);
        std::int32_t *const lits = literals_.data() + begin;
        const auto size = end - begin;
        if (lits[0] == falsified) std::swap(lits[0], lits[1]);
        if (value(lits[0]) > 0) continue;
        std::int64_t other = 2;
        while (other < size && value(lits[other]) < 0) other++;
        spend(static_cast<std::uint64_t>(other));
        if (other < size) {
          std::swap(lits[1], lits[other]);
          watches_[code(lits[1])].push_back(static_cast<std::uint32_t>(index));
          kept--;
        } else if (!assign(lits[0])) {
          conflict = true;
        }
      }
      watching.resize(kept);
      if (conflict) return false;
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
  std::vector<std::vector<std::uint32_t>> watches_;
  std::vector<std::int32_t> trail_;
  std::size_t propagated_ = 0;
  std::size_t root_ = 0;
};

// Does every clause hold a literal of this sign, or one that a unit clause makes true?
bool constant_satisfies(const Formula &formula, bool positive, std::vector<Value> &values,
                        const std::function<bool()> &should_stop) {
  values.assign(formula.num_vars(), positive ? Value{1} : Value{-1});
  std::uint64_t steps = 0;
  for (std::size_t index = 0; index < formula.num_clauses(); index++) {
    const auto clause = formula.clause(index);
    if ((steps += clause.size()) >= steps_between_polls) {
      steps = 0;
      if (should_stop && should_stop()) throw Interrupted();
    }
    if (std::none_of(clause.begin(), clause.end(),
                     [=](std::int32_t literal) { return (literal > 0) == positive; }))
      return false;
  }
  return true;
}

}  // namespace

std::optional<Lucky> find_lucky(const Formula &formula, const std::function<bool()> &should_stop) {
  std::vector<Value> values;
  if (constant_satisfies(formula, true, values, should_stop)) return Lucky{"all true", values};
  if (constant_satisfies(formula, false, values, should_stop)) return Lucky{"all false", values};

  Propagator propagator(formula, should_stop);
  if (!propagator.connect()) return std::nullopt;
  struct Direction {
    std::string_view name;
    bool ascending, positive;
  };
  // Kissat's order.
  constexpr Direction directions[] = {{"forward false", true, false},
                                      {"forward true", true, true},
                                      {"backward false", false, false},
                                      {"backward true", false, true}};
  for (const auto &[name, ascending, positive] : directions)
    if (propagator.direction(ascending, positive)) return Lucky{name, propagator.values()};
  return std::nullopt;
}

}  // namespace nb
