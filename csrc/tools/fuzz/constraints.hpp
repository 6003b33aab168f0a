// SPDX-License-Identifier: MIT
// Constraints that are no clauses, for the fuzzer: a propagator that knows clauses, and rows and
// parities as the clauses that the reference reads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "solver/solver.hpp"
#include "solver/user_propagator.hpp"
#include "tools/fuzz/checks.hpp"

namespace nb::fuzz {

// Clauses that the solver hears of when they imply something, or when a model falsifies them.
class LazyClauses : public UserPropagator {
 public:
  void learn(const Clause &clause) { clauses_.push_back(clause); }

  void hear(std::span<const Event> events) override {
    for (const Event &event : events) {
      if (!event.literal) {
        levels_.push_back(trail_.size());
        continue;
      }
      if (!values_.emplace(std::abs(event.literal), event.literal > 0).second)
        fail("propagator: heard of a variable twice");
      trail_.push_back(event.literal);
    }
  }
  void backtrack(std::uint32_t level) override {
    if (level >= levels_.size()) return;
    for (; trail_.size() > levels_[level]; trail_.pop_back())
      values_.erase(std::abs(trail_.back()));
    levels_.resize(level);
  }
  bool accepts(std::span<const std::int32_t> model) override {
    for (const Clause &clause : clauses_)
      if (std::ranges::none_of(
              clause, [&](int lit) { return std::ranges::find(model, lit) != model.end(); })) {
        pending_.push_back(clause);
        return false;
      }
    return true;
  }
  // Now and then; the literals that it would imply next are as good as any.
  std::int32_t decide() override {
    if (++asked_ % 7) return 0;
    for (const Clause &clause : clauses_)
      for (const int lit : clause)
        if (!values_.contains(std::abs(lit))) return lit;
    return 0;
  }
  void propagate(std::vector<std::int32_t> &literals) override {
    for (const Clause &clause : clauses_) {
      std::set<int> open;
      bool satisfied = false;
      for (const int lit : clause) {
        const auto found = values_.find(std::abs(lit));
        if (found == values_.end())
          open.insert(lit);
        else
          satisfied |= found->second == (lit > 0);
      }
      if (satisfied || open.size() > 1) continue;
      // One that is false altogether implies any of its literals.
      const int last = open.empty() ? clause.front() : *open.begin();
      reasons_[last] = clause;
      literals.push_back(last);
    }
  }
  void reason(std::int32_t literal, std::vector<std::int32_t> &clause) override {
    clause = reasons_.at(literal);
  }
  bool add_clause(std::vector<std::int32_t> &clause) override {
    if (pending_.empty()) return false;
    clause = pending_.back();
    pending_.pop_back();
    return true;
  }
  bool failed() const override { return false; }
  void blame(const char *what) override { fail(std::string("propagator: ") + what); }

 private:
  std::vector<Clause> clauses_, pending_;
  std::vector<int> trail_;
  std::vector<std::size_t> levels_;
  std::map<int, bool> values_;
  std::map<int, Clause> reasons_;
  int asked_ = 0;
};

// A constraint as a clause for each assignment of its variables that violates it.
template <class Holds>
void append_violations(std::vector<Clause> &formula, const std::vector<int> &lits, Holds holds) {
  std::set<int> vars;
  for (const int lit : lits) vars.insert(std::abs(lit));
  const std::vector<int> order(vars.begin(), vars.end());
  for (std::uint32_t a = 0; a < (1u << order.size()); ++a) {
    std::map<int, bool> values;
    Clause clause;
    for (std::size_t i = 0; i < order.size(); ++i) {
      values[order[i]] = a >> i & 1;
      clause.push_back(a >> i & 1 ? -order[i] : order[i]);
    }
    if (!holds([&](int lit) { return values[std::abs(lit)] == (lit > 0); }))
      formula.push_back(clause);
  }
}

// The lines about constraints, played to a solver and appended to the reference's clauses.
class ConstraintLines {
 public:
  static bool has(const std::string &verb) {
    return verb == "atmost" || verb == "linear" || verb == "xor" || verb == "lazy";
  }

  void play(Solver &solver, std::vector<Clause> &formula, const std::string &verb,
            std::istringstream &words) {
    std::int64_t bound = 0;
    if (verb != "lazy") words >> bound;
    std::vector<int> lits;
    std::vector<std::int64_t> weights;
    for (int number = 0; words >> number;)
      if (verb == "linear" && weights.size() == lits.size())
        weights.push_back(number);
      else
        lits.push_back(number);
    if (verb == "xor") {
      append_violations(formula, lits, [&](auto truth) {
        return std::ranges::count_if(lits, truth) % 2 == bound;
      });
      solver.add_parity(lits, bound);
    } else if (verb == "lazy") {
      if (lits.empty()) return;
      if (!connected_) solver.connect_propagator(&lazy_, lits.size() == 3);
      connected_ = true;
      for (const int lit : lits) solver.observe(std::abs(lit));
      lazy_.learn(lits);
      formula.push_back(lits);
    } else {
      weights.resize(verb == "linear" ? lits.size() : 0);
      append_violations(formula, lits, [&](auto truth) {
        std::int64_t sum = 0;
        for (std::size_t i = 0; i < lits.size(); ++i)
          if (truth(lits[i])) sum += weights.empty() ? 1 : weights[i];
        return sum <= bound;
      });
      solver.add_linear(lits, weights, bound);
    }
  }

 private:
  LazyClauses lazy_;
  bool connected_ = false;
};

}  // namespace nb::fuzz
