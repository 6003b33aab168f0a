// SPDX-License-Identifier: MIT
// Walk: local search for a full assignment with few false clauses.
//
// Idea     ProbSAT: pick a false clause at random, flip one of its literals with probability
//          proportional to base ^ -break, where break counts the clauses that become false.  The
//          base follows from the average clause size.  The best assignment seen is exported as
//          saved phases if it is better than the one walk started from.
// Ours     The start is made consistent first (`warm up`): decisions in the usual order are
//          propagated, past conflicts.  Before the search, the start is the advice.
// Needs    root level        Reads   phases, arena, watches
// Leaves   root level        Writes  phases.saved
// Cost     a share of the ticks of the search, and one copy of the irredundant clauses
// Source   Balint and Schöning, SAT 2012; Cai and Zhang, SAT 2021; Biere et al., 2022 (warm-up)
#include <algorithm>
#include <cmath>

#include "solver/effort.hpp"
#include "solver/inprocess/inprocess.hpp"
#include "solver/search/search.hpp"

namespace nb {

namespace {

class Walk {
 public:
  Walk(Core &core, Effort &effort) : core_(core), effort_(effort), random_(core.random.next()) {}

  void run(bool initially) {
    assign_start(initially);
    connect();
    fill_breaks();
    const std::size_t start = false_.size();
    best_false_ = start;
    while (!false_.empty() && !effort_.over()) {
      if ((flips_ & 1023) == 0 && interrupted_now(core_)) break;
      flip(pick(false_[random_.below(static_cast<std::uint32_t>(false_.size()))]));
      if (false_.size() < best_false_) {
        best_false_ = false_.size();
        best_flip_ = flipped_.size();
      }
    }
    core_.stats.walk_flips += flips_;
    if (best_false_ < start || initially) export_best();
    if (best_false_ >= start) return;
    ++core_.stats.walk_improved;
    effort_.found = 1;
  }

 private:
  Value &value(Lit lit) { return values_[lit]; }

  void assign_start(bool initially) {
    const std::uint32_t vars = core_.num_vars();
    values_.resize(2 * std::size_t{vars}, 0);
    if (initially)
      for (std::uint32_t i = 0; i < vars; ++i)
        core_.phases.saved[Var(i)] =
            initial_phase(core_.phases, core_.options, Place::walk, Var(i));
    const During probing(core_.activity, Doing::probing);
    if (core_.options.warmup) warm_up();
    for (std::uint32_t i = 0; i < vars; ++i) {
      const Var var(i);
      const Lit lit(var, false);
      Value value = core_.value(lit);
      if (!value && core_.active(var)) value = decide_phase(core_, var);
      values_[lit] = value;
      values_[~lit] = static_cast<Value>(-value);
    }
    backtrack(core_, 0);
  }

  // A conflict only ends the visit of one watch list; backtracking repairs the watches.
  void warm_up() {
    ++core_.stats.warmups;
    while (core_.trail.unassigned) {
      const Var var = next_variable(core_);
      decide_literal(core_, Lit(var, decide_phase(core_, var) < 0));
      while (propagate_probing(core_).found()) {
      }
    }
  }

  template <class Visit>
  void for_clauses(Visit visit) {
    Lit pair[2];
    for (std::uint32_t code = 0; code < 2 * core_.num_vars(); ++code) {
      pair[0] = Lit::from_code(code);
      if (core_.value(pair[0])) continue;
      for (const Watch watch : core_.watches[pair[0]]) {
        pair[1] = watch.blocking();
        if (!watch.is_binary() || watch.learned_binary() || !(pair[0] < pair[1])) continue;
        if (!core_.value(pair[1])) visit(std::span<const Lit>(pair));
      }
    }
    for (ClauseRef ref = core_.arena.first(); ref != core_.arena.end();
         ref = core_.arena.next(ref)) {
      const Clause &clause = core_.arena[ref];
      if (clause.garbage || clause.learned) continue;
      if (std::ranges::any_of(clause, [&](Lit lit) { return core_.value(lit) > 0; })) continue;
      visit(std::span<const Lit>(clause.lits(), clause.size));
    }
  }

  void connect() {
    const std::size_t lits = 2 * std::size_t{core_.num_vars()};
    starts_.assign(lits + 1, 0);
    clause_starts_.assign(1, 0);
    for_clauses([&](std::span<const Lit> clause) {
      for (const Lit lit : clause) {
        if (core_.value(lit)) continue;
        lits_.push_back(lit);
        ++starts_[lit.code() + 1];
      }
      clause_starts_.push_back(static_cast<std::uint32_t>(lits_.size()));
    });
    for (std::size_t i = 0; i < lits; ++i) starts_[i + 1] += starts_[i];
    occurrences_.resize(lits_.size());
    std::vector<std::uint32_t> next(starts_.begin(), starts_.end() - 1);
    for (std::uint32_t c = 0; c + 1 < clause_starts_.size(); ++c)
      for (std::uint32_t i = clause_starts_[c]; i < clause_starts_[c + 1]; ++i)
        occurrences_[next[lits_[i].code()]++] = c;
  }

  void fill_breaks() {
    const std::size_t clauses = clause_starts_.size() - 1;
    true_count_.assign(clauses, 0);
    critical_.assign(clauses, 0);
    position_.assign(clauses, 0);
    breaks_.resize(core_.num_vars(), 0);
    for (std::uint32_t c = 0; c < clauses; ++c) {
      for (std::uint32_t i = clause_starts_[c]; i < clause_starts_[c + 1]; ++i)
        if (value(lits_[i]) > 0) {
          ++true_count_[c];
          critical_[c] ^= lits_[i].var().index();
        }
      if (!true_count_[c]) push_false(c);
      if (true_count_[c] == 1) ++breaks_[Var(critical_[c])];
    }
    fill_scores(clauses ? static_cast<double>(lits_.size()) / static_cast<double>(clauses) : 3);
  }

  // Bases that suit random k-SAT, interpolated between clause sizes.
  void fill_scores(double average) {
    constexpr double table[][2] = {{0, 2.0}, {3, 2.5}, {4, 2.85}, {5, 3.7}, {6, 5.1}, {7, 5.4}};
    double base = 5.4;
    for (std::size_t i = 0; i + 1 < std::size(table); ++i) {
      if (average > table[i + 1][0]) continue;
      const double share = (average - table[i][0]) / (table[i + 1][0] - table[i][0]);
      base = table[i][1] + share * (table[i + 1][1] - table[i][1]);
      break;
    }
    double score = 1;
    while (score > 1e-12 && scores_.size() < 1000) {
      scores_.push_back(score);
      score /= base;
    }
  }

  void push_false(std::uint32_t c) {
    position_[c] = static_cast<std::uint32_t>(false_.size());
    false_.push_back(c);
  }

  void pop_false(std::uint32_t c) {
    const std::uint32_t last = false_.back();
    false_[position_[c]] = last;
    position_[last] = position_[c];
    false_.pop_back();
  }

  Lit pick(std::uint32_t c) {
    const std::uint32_t begin = clause_starts_[c], end = clause_starts_[c + 1];
    effort_.ticks += 1 + (end - begin) / 4;
    double sum = 0;
    weights_.clear();
    for (std::uint32_t i = begin; i < end; ++i) {
      const std::uint32_t breaks = breaks_[lits_[i].var()];
      const double score = breaks < scores_.size() ? scores_[breaks] : scores_.back();
      weights_.push_back(score);
      sum += score;
    }
    double threshold = random_.unit() * sum;
    std::uint32_t i = 0;
    while (i + 1 < end - begin && (threshold -= weights_[i]) >= 0) ++i;
    return lits_[begin + i];
  }

  // Make a false literal true.
  void flip(Lit lit) {
    ++flips_;
    flipped_.push_back(lit.var());
    value(lit) = 1;
    value(~lit) = -1;
    const std::uint32_t var = lit.var().index();
    effort_.ticks += 2 + (starts_[lit.code() + 1] - starts_[lit.code()]) +
                     (starts_[(~lit).code() + 1] - starts_[(~lit).code()]);
    for (std::uint32_t i = starts_[lit.code()]; i < starts_[lit.code() + 1]; ++i) {
      const std::uint32_t c = occurrences_[i];
      const std::uint32_t count = true_count_[c]++;
      if (count == 0) {
        pop_false(c);
        ++breaks_[lit.var()];
      } else if (count == 1) {
        --breaks_[Var(critical_[c])];
      }
      critical_[c] ^= var;
    }
    for (std::uint32_t i = starts_[(~lit).code()]; i < starts_[(~lit).code() + 1]; ++i) {
      const std::uint32_t c = occurrences_[i];
      const std::uint32_t count = --true_count_[c];
      critical_[c] ^= var;
      if (count == 0) {
        push_false(c);
        --breaks_[lit.var()];
      } else if (count == 1) {
        ++breaks_[Var(critical_[c])];
      }
    }
  }

  void export_best() {
    while (flipped_.size() > best_flip_) {
      const Lit lit(flipped_.back(), false);
      std::swap(value(lit), value(~lit));
      flipped_.pop_back();
    }
    for (std::uint32_t i = 0; i < core_.num_vars(); ++i)
      if (core_.active(Var(i))) core_.phases.saved[Var(i)] = value(Lit(Var(i), false));
  }

  Core &core_;
  Effort &effort_;
  Random random_;
  IndexVector<Lit, Value> values_;
  IndexVector<Var, std::uint32_t> breaks_;
  std::vector<Lit> lits_;
  std::vector<std::uint32_t> clause_starts_, starts_, occurrences_;
  std::vector<std::uint32_t> true_count_, critical_, position_, false_;
  std::vector<double> scores_, weights_;
  // All flips so far, to go back to the best assignment.
  std::vector<Var> flipped_;
  std::size_t best_false_ = 0, best_flip_ = 0;
  std::int64_t flips_ = 0;
};

}  // namespace

void walk(Core &core, Effort &effort) {
  // References to occurrences have 32 bits, and a copy of a huge formula is not worth it.
  constexpr std::int64_t largest = 10000000;
  if (core.stats.clauses_irredundant > largest) return;
  ++core.stats.walks;
  Walk(core, effort).run(!core.preprocessed);
}

}  // namespace nb
