// SPDX-License-Identifier: MIT
// Sweep: find literals that are fixed or equivalent because of the clauses around them.
//
// Idea     Take the clauses near a variable and give them to a small solver.  The literals true
//          in its model are candidates for being fixed and form one class of candidates for being
//          equivalent.  A variable that can be flipped in a model without falsifying a clause is
//          neither; other models split the classes.  What is left is refuted by a model nearby,
//          literal by literal and pair by pair, or else proven, or refuted by a model that the
//          small solver finds.  Equivalences become binary clauses, which substitution then uses.
// Ours     The small solver is this solver, without inprocessing.  What it derives is forwarded
//          to the proof and taken back when the neighbourhood is left.
// Needs    root level        Reads   arena, watches
// Leaves   root level        Writes  watches (binary), trail (units)
// Cost     a share of the ticks of the search; less if it finds next to nothing
// Source   Kuehlmann et al., TCAD 2002 (SAT sweeping); as in Kissat since 2021
#include <algorithm>
#include <utility>

#include "solver/inprocess/dense.hpp"
#include "solver/inprocess/inprocess.hpp"
#include "solver/inprocess/neighbourhood.hpp"
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
  Sweep(Core &core, Effort &effort)
      : core_(core), effort_(effort), dense_(core, effort, true), forward_(core, vars_) {
    local_.resize(core.num_vars(), 0);
    merged_.resize(core.num_vars());
    for (std::uint32_t i = 0; i < core.num_vars(); ++i) merged_[Var(i)] = Lit(Var(i), false);
    taken_.resize(core.arena.end(), 0);
    const int round = std::min(core.cursors.sweep_rounds, 4);
    largest_vars_ = static_cast<std::size_t>(core.options.sweep_vars) << round;
    largest_clauses_ = static_cast<std::size_t>(core.options.sweep_clauses) << round;
    depth_ = core.options.sweep_depth + std::min(round, 1);
  }

  void run() {
    const std::uint32_t vars = core_.num_vars();
    std::uint32_t index = core_.cursors.sweep < vars ? core_.cursors.sweep : 0;
    std::uint32_t done = 0;
    for (; done < vars && !core_.inconsistent; ++done) {
      if (effort_.spent()) break;
      const Var var(index);
      if (++index == vars) {
        index = 0;
        ++core_.cursors.sweep_rounds;
      }
      if (!core_.active(var) || core_.vars[var].swept || merged(var)) continue;
      variable(var);
      core_.vars[var].swept = 1;
      if (!dense_.propagate()) break;
    }
    if (done == vars)
      for (std::uint32_t i = 0; i < vars; ++i) core_.vars[Var(i)].swept = 0;
    core_.cursors.sweep = index;
  }

 private:
  int local(Lit lit) const {
    const auto number = static_cast<int>(local_[lit.var()]);
    return lit.negative() ? -number : number;
  }
  Lit global(int lit) const {
    return Lit(vars_[static_cast<std::size_t>(std::abs(lit)) - 1], lit < 0);
  }
  // What a variable was found equivalent to comes with it.
  void include(Var var) {
    if (local_[var]) return;
    vars_.push_back(var);
    local_[var] = static_cast<std::uint32_t>(vars_.size());
    if (!merged(var)) return;
    const Lit lit(var, false), other = merged_[var];
    include(other.var());
    flat_.insert(flat_.end(), {local(lit), -local(other), 0, -local(lit), local(other), 0});
  }
  bool merged(Var var) const { return merged_[var] != Lit(var, false); }

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
        effort_.ticks += 1 + (list.size() >> 3);
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
    ++effort_.ticks;
    for (const Lit lit : clause)
      if (core_.value(lit) > 0) return;
    taken_[ref] = 1;
    taken_refs_.push_back(ref);
    // Including adds clauses of its own.
    for (const Lit lit : clause)
      if (!core_.value(lit)) include(lit.var());
    for (const Lit lit : clause)
      if (!core_.value(lit)) flat_.push_back(local(lit));
    flat_.push_back(0);
    ++clauses_;
  }

  void clear() {
    for (const Var var : vars_) local_[var] = 0;
    for (const ClauseRef ref : taken_refs_) taken_[ref] = 0;
    vars_.clear();
    taken_refs_.clear();
    model_.clear();
  }

  Status ask(Solver &solver, std::initializer_list<int> assumptions) {
    ++core_.stats.sweep_solved;
    Budget budget;
    budget.conflicts = 200;
    const std::int64_t before = solver.statistic_ticks();
    const Status status = solver.solve(std::span(assumptions.begin(), assumptions.size()), budget);
    effort_.ticks += 5 + solver.statistic_ticks() - before;
    return status;
  }

  void variable(Var var) {
    gather(var);
    if (clauses_ > 2) examine();
    clear();
    forward_.take_back();
  }

  void examine() {
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
    effort_.ticks += static_cast<std::int64_t>(flat_.size() / 8) + 20;
    const Status status = ask(solver, {});
    if (status == Status::unsatisfiable) {
      derive_empty(core_);
      return;
    }
    if (status != Status::satisfiable) return;
    take_model(solver);
    units_.clear();
    for (int i = 1; i <= static_cast<int>(vars_.size()); ++i)
      if (!merged(global(i).var())) units_.push_back(model_.value(i) ? i : -i);
    classes_.assign(1, units_);
    flip();
    prove_units(solver);
    while (!classes_.empty() && !core_.inconsistent && !interrupted_now(core_)) prove_pair(solver);
  }

  // Candidates that can be flipped in the model are none.
  void flip() {
    const auto flippable = [&](int lit) {
      const bool result = model_.flip(std::abs(lit));
      effort_.ticks += model_.take_ticks();
      return result;
    };
    std::erase_if(units_, flippable);
    for (std::vector<int> &group : classes_) std::erase_if(group, flippable);
    drop_small();
  }

  void drop_small() {
    std::erase_if(classes_, [](const std::vector<int> &group) { return group.size() < 2; });
  }

  void take_model(const Solver &solver) {
    model_.load(flat_, vars_.size(), [&](int variable) { return solver.value(variable) > 0; });
    effort_.ticks += static_cast<std::int64_t>(flat_.size() / 16) + 1;
  }

  void learn_from(const Solver &solver) {
    take_model(solver);
    refine();
    flip();
  }

  // Another model near the last one refutes that the literals are fixed, or equivalent if there
  // are two of them.
  bool refuted_nearby(int a, int b = 0) {
    const bool result = model_.overturn(a, b) || (b && model_.overturn(b, a));
    effort_.ticks += model_.take_ticks();
    if (result) refine();
    return result;
  }

  // Candidates that the model refutes go, classes split.
  void refine() {
    std::erase_if(units_, [&](int lit) { return !model_.value(lit); });
    for (std::size_t i = 0, size = classes_.size(); i < size; ++i) {
      std::vector<int> other;
      std::erase_if(classes_[i], [&](int lit) {
        if (model_.value(lit)) return false;
        other.push_back(lit);
        return true;
      });
      if (other.size() > 1) classes_.push_back(std::move(other));
    }
    drop_small();
  }

  void prove_units(Solver &solver) {
    while (!units_.empty() && !core_.inconsistent && !interrupted_now(core_)) {
      const int lit = units_.back();
      units_.pop_back();
      if (solver.fixed(lit) == 0) {
        if (refuted_nearby(lit)) continue;
        const Status status = ask(solver, {-lit});
        if (status == Status::satisfiable) learn_from(solver);
        if (status != Status::unsatisfiable) continue;
      }
      for (std::vector<int> &group : classes_) std::erase(group, lit);
      const Lit unit = global(lit);
      if (core_.value(unit)) continue;
      derive_unit(core_, unit);
      ++core_.stats.sweep_units;
      ++effort_.found;
    }
    drop_small();
  }

  // The last two of the last class: equivalent, or in different classes from now on.
  void prove_pair(Solver &solver) {
    const int a = classes_.back().back(), b = classes_.back()[classes_.back().size() - 2];
    if (refuted_nearby(a, b)) return;
    Status status = ask(solver, {a, -b});
    if (status == Status::unsatisfiable) status = ask(solver, {-a, b});
    if (status == Status::satisfiable) {
      learn_from(solver);
      return;
    }
    if (status == Status::unsatisfiable) equivalent(global(a), global(b));
    classes_.back().pop_back();
    drop_small();
  }

  void equivalent(Lit a, Lit b) {
    if (core_.value(a) || core_.value(b)) return;
    ++core_.stats.sweep_equivalences;
    ++effort_.found;
    const Lit forth[] = {~a, b}, back[] = {a, ~b};
    add_derived(core_, forth, true, 1);
    add_derived(core_, back, true, 1);
    merged_[b.var()] = b.negative() ? ~a : a;
  }

  Core &core_;
  Effort &effort_;
  Dense dense_;
  std::vector<Var> vars_;
  Forward forward_;
  // Number of a variable in the small solver, 0 for none.
  IndexVector<Var, std::uint32_t> local_;
  // The literal that a variable was found equivalent to in this pass; itself at first.
  IndexVector<Var, Lit> merged_;
  std::vector<std::uint8_t> taken_;
  std::vector<ClauseRef> taken_refs_;
  std::vector<std::int32_t> flat_;
  Neighbourhood model_;
  // Literals true in all models so far, and classes of literals that agree in all of them.
  std::vector<int> units_;
  std::vector<std::vector<int>> classes_;
  std::size_t clauses_ = 0, largest_vars_ = 0, largest_clauses_ = 0;
  int depth_ = 0;
};

}  // namespace

void sweep(Core &core, Effort &effort) {
  Sweep(core, effort).run();
}

}  // namespace nb
