// SPDX-License-Identifier: MIT
// Sweep: find literals that are fixed or equivalent because of the clauses around them.
//
// Idea     Take the clauses near a variable and give them to a small solver.  A model, and one
//          with the variable flipped, leave few literals that could be equivalent to it; each is
//          refuted by another model or proven by two unsatisfiable calls.  Equivalences become
//          binary clauses, which substitution then uses.
// Ours     The small solver is this solver, without inprocessing.  What it derives is forwarded
//          to the proof and taken back when the neighbourhood is left.
// Needs    root level        Reads   arena, watches
// Leaves   root level        Writes  watches (binary), trail (units)
// Cost     a share of the ticks of the search
// Source   Kuehlmann et al., TCAD 2002 (SAT sweeping); as in Kissat since 2021
#include <algorithm>

#include "solver/inprocess/dense.hpp"
#include "solver/inprocess/inprocess.hpp"
#include "solver/search/search.hpp"
#include "solver/solver.hpp"
#include "solver/state/database.hpp"

namespace nb {

namespace {

// Lemmas of the small solver, in the names of the large one.
class Forward : public ProofListener {
 public:
  Forward(Core &core, const std::vector<Var> &vars) : core_(core), vars_(vars) {}
  void original(std::uint64_t, std::span<const std::int32_t>) override {}
  void erase(std::uint64_t, std::span<const std::int32_t>) override {}
  void add(std::uint64_t, std::span<const std::int32_t> clause,
           std::span<const std::int64_t>) override {
    // The empty clause is derived by the large solver from what came before.
    if (clause.empty()) return;
    const std::size_t begin = lits_.size();
    for (const std::int32_t literal : clause)
      lits_.push_back(Lit(vars_[static_cast<std::size_t>(std::abs(literal)) - 1], literal < 0));
    ends_.push_back(lits_.size());
    core_.proof.add(std::span<const Lit>(lits_).subspan(begin));
  }
  void take_back() {
    std::size_t begin = 0;
    for (const std::size_t end : ends_) {
      core_.proof.erase(std::span<const Lit>(lits_).subspan(begin, end - begin));
      begin = end;
    }
    lits_.clear();
    ends_.clear();
  }

 private:
  Core &core_;
  const std::vector<Var> &vars_;
  std::vector<Lit> lits_;
  std::vector<std::size_t> ends_;
};

class Sweep {
 public:
  explicit Sweep(Core &core) : core_(core), dense_(core, true), forward_(core, vars_) {
    local_.resize(core.num_vars(), 0);
    taken_.resize(core.arena.end(), 0);
    const int round = std::min(core.sweep_round, 4);
    largest_vars_ = static_cast<std::size_t>(core.options.sweep_vars) << round;
    largest_clauses_ = static_cast<std::size_t>(core.options.sweep_clauses) << round;
    depth_ = core.options.sweep_depth + std::min(round, 1);
  }

  void run(std::int64_t effort) {
    const std::uint32_t vars = core_.num_vars();
    std::uint32_t index = core_.sweep_next < vars ? core_.sweep_next : 0;
    std::uint32_t done = 0;
    for (; done < vars && !core_.inconsistent; ++done) {
      if (ticks_ + dense_.ticks > effort || interrupted_now(core_)) break;
      const Var var(index);
      if (++index == vars) {
        index = 0;
        ++core_.sweep_round;
      }
      if (!core_.active(var) || core_.vars[var].swept) continue;
      variable(var);
      core_.vars[var].swept = 1;
      if (!dense_.propagate()) break;
    }
    if (done == vars)
      for (std::uint32_t i = 0; i < vars; ++i) core_.vars[Var(i)].swept = 0;
    core_.sweep_next = index;
    core_.stats.ticks_sweep += ticks_ + dense_.ticks;
  }

 private:
  int local(Lit lit) const {
    const auto number = static_cast<int>(local_[lit.var()]);
    return lit.negative() ? -number : number;
  }
  void include(Var var) {
    if (local_[var]) return;
    vars_.push_back(var);
    local_[var] = static_cast<std::uint32_t>(vars_.size());
  }

  // Irredundant clauses around the variable, breadth first.
  void gather(Var center) {
    flat_.clear();
    clauses_ = 0;
    include(center);
    std::size_t layer_end = vars_.size();
    int depth = 0;
    for (std::size_t i = 0; i < vars_.size(); ++i) {
      if (i == layer_end) {
        if (++depth >= depth_) break;
        layer_end = vars_.size();
      }
      for (const bool sign : {false, true}) {
        const Lit lit(vars_[i], sign);
        const WatchList &list = core_.watches[lit];
        ticks_ += 1 + (list.size() >> 3);
        // A hub of the formula says little about its neighbours.
        constexpr std::uint32_t hub = 1000;
        if (list.size() > hub) continue;
        for (const Watch watch : list) {
          if (clauses_ >= largest_clauses_ || vars_.size() >= largest_vars_) return;
          if (watch.is_binary()) {
            const Lit other = watch.blocking();
            if (watch.learned_binary() || core_.value(other)) continue;
            if (local_[other.var()] && local_[other.var()] <= i) continue;
            include(other.var());
            flat_.insert(flat_.end(), {local(lit), local(other), 0});
            ++clauses_;
            continue;
          }
          large(watch.ref());
        }
      }
    }
  }

  void large(ClauseRef ref) {
    const Clause &clause = core_.arena[ref];
    constexpr std::uint32_t longest = 32;
    if (clause.garbage || clause.size > longest || taken_[ref]) return;
    ++ticks_;
    for (const Lit lit : clause)
      if (core_.value(lit) > 0) return;
    taken_[ref] = 1;
    taken_refs_.push_back(ref);
    for (const Lit lit : clause) {
      if (core_.value(lit)) continue;
      include(lit.var());
      flat_.push_back(local(lit));
    }
    flat_.push_back(0);
    ++clauses_;
  }

  void clear() {
    for (const Var var : vars_) local_[var] = 0;
    for (const ClauseRef ref : taken_refs_) taken_[ref] = 0;
    vars_.clear();
    taken_refs_.clear();
  }

  Status ask(Solver &solver, std::initializer_list<int> assumptions) {
    ++core_.stats.sweep_solved;
    Budget budget;
    budget.conflicts = 200;
    const std::int64_t before = solver.statistic_ticks();
    const Status status = solver.solve(std::span(assumptions.begin(), assumptions.size()), budget);
    ticks_ += 5 + solver.statistic_ticks() - before;
    return status;
  }

  // Keep the candidates that have the value of the center.
  void refine(const Solver &solver, int center) {
    const int value = solver.value(center);
    std::erase_if(candidates_, [&](int lit) { return solver.value(lit) != value; });
    ticks_ += static_cast<std::int64_t>(candidates_.size()) / 16;
  }

  void variable(Var var) {
    gather(var);
    if (clauses_ > 2) examine(var);
    clear();
    forward_.take_back();
  }

  void examine(Var var) {
    Solver solver;
    solver.become_plain();
    if (core_.proof) solver.connect_proof(&forward_);
    solver.reserve_vars(static_cast<int>(vars_.size()));
    for (std::size_t i = 0; i < flat_.size();) {
      std::size_t end = i;
      while (flat_[end]) ++end;
      solver.add_clause(std::span<const std::int32_t>(flat_).subspan(i, end - i));
      i = end + 1;
    }
    ticks_ += static_cast<std::int64_t>(flat_.size() / 8) + 20;
    const Status first = ask(solver, {});
    if (first == Status::unsatisfiable) {
      derive_empty(core_);
      return;
    }
    if (first != Status::satisfiable) return;
    const int center = solver.value(1) > 0 ? 1 : -1;
    candidates_.clear();
    for (int i = 2; i <= static_cast<int>(vars_.size()); ++i)
      candidates_.push_back(solver.value(i) > 0 ? i : -i);
    const Status flipped = ask(solver, {-center});
    if (flipped == Status::unsatisfiable) {
      derive_unit(core_, Lit(var, center < 0));
      ++core_.stats.sweep_units;
      return;
    }
    if (flipped != Status::satisfiable) return;
    refine(solver, center);
    while (!candidates_.empty() && !core_.inconsistent) {
      const int candidate = candidates_.back();
      candidates_.pop_back();
      Status status = ask(solver, {center, -candidate});
      if (status == Status::unsatisfiable) status = ask(solver, {-center, candidate});
      if (status == Status::satisfiable) refine(solver, center);
      if (status != Status::unsatisfiable) continue;
      equivalent(Lit(var, center < 0),
                 Lit(vars_[static_cast<std::size_t>(std::abs(candidate)) - 1], candidate < 0));
    }
  }

  void equivalent(Lit a, Lit b) {
    if (core_.value(a) || core_.value(b)) return;
    ++core_.stats.sweep_equivalences;
    const Lit forth[] = {~a, b}, back[] = {a, ~b};
    add_derived(core_, forth, true, 1);
    add_derived(core_, back, true, 1);
  }

  Core &core_;
  Dense dense_;
  std::vector<Var> vars_;
  Forward forward_;
  // Number of a variable in the small solver, 0 for none.
  IndexVector<Var, std::uint32_t> local_;
  std::vector<std::uint8_t> taken_;
  std::vector<ClauseRef> taken_refs_;
  std::vector<std::int32_t> flat_, candidates_;
  std::size_t clauses_ = 0, largest_vars_ = 0, largest_clauses_ = 0;
  int depth_ = 0;
  std::int64_t ticks_ = 0;
};

}  // namespace

void sweep(Core &core) {
  backtrack(core, 0);
  if (!propagate_root(core)) return;
  const std::int64_t since = core.stats.ticks - core.limits.sweep_ticks;
  core.limits.sweep_ticks = core.stats.ticks;
  // Equivalences are worth most when they are found early, so the first round may take longer.
  const std::int64_t least = core.sweep_round ? 100000 : 3000000;
  {
    Sweep pass(core);
    pass.run(std::max(since * core.options.sweep_effort / 1000, least));
  }
  report(core, 'w');
}

}  // namespace nb
