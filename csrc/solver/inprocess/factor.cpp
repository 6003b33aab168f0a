// SPDX-License-Identifier: MIT
// Factor: add a variable that stands for several literals or clauses, so that fewer clauses say
// the same (bounded variable addition).
//
// Idea     If clauses (l v R) exist for each l of a set L and each R of a set of rests, then with
//          a variable x the clauses (-x v l) and (x v R) imply them all: |L| + |R| clauses
//          instead of |L| * |R|.  L is grown from one literal, each time by the literal that most
//          of its clauses share all else with; the best of these sets is taken.  At-most-one
//          constraints fall into products this way, and refutations of them get short.
// Needs    root level        Reads   options
// Leaves   root level        Writes  arena, watches, vars, names
// Models   Each model of the new clauses is one of the old ones, and each of the old ones can be
//          extended to x, so nothing has to be restored or extended.
// Proof    The clauses (-x v l) are blocked on -x, for x is in no other clause; then (x v R) is RAT
//          on x, for its resolvent with (-x v l) is an old clause; then the old clauses go.
// Cost     a share of the ticks of the search, more while it finds products
// Source   Manthey, Heule and Biere, "Automated Reencoding of Boolean Formulas", HVC 2012;
//          Haberlandt, Green and Heule, "Effective Auxiliary Variables via Structured
//          Reencoding", SAT 2023
#include <algorithm>

#include "base/heap.hpp"
#include "solver/effort.hpp"
#include "solver/inprocess/dense.hpp"
#include "solver/inprocess/inprocess.hpp"
#include "solver/search/search.hpp"
#include "solver/state/database.hpp"

namespace nb {

namespace {

class Factor {
 public:
  Factor(Core &core, Effort &effort) : core_(core), effort_(effort), dense_(core, effort, true) {
    resize();
  }

  void run() {
    schedule();
    while (!heap_.empty()) {
      if (effort_.spent()) break;
      const Lit lit = heap_.top();
      heap_.pop();
      // A literal whose factor was taken out may have another one.
      while (!effort_.over() && grow(lit) && worthwhile()) apply();
    }
    // What was not tried keeps its mark.
    if (heap_.empty())
      for (std::uint32_t i = 0; i < core_.num_vars(); ++i) core_.vars[Var(i)].factor = 0;
  }

 private:
  // The clause of a base clause's rest with another literal in place of the first: binary if
  // the rest is one literal.
  struct Member {
    std::uint32_t base;
    ClauseRef ref;
  };
  // A literal of the set, and the clauses that it shares the rest of with all literals before it.
  struct Column {
    Lit lit;
    std::vector<Member> members;
  };
  struct Base {
    // Of a binary clause; otherwise the clause itself has the rest.
    Lit other;
    ClauseRef ref;
  };

  void resize() {
    const std::size_t lits = 2 * std::size_t{core_.num_vars()};
    heap_.resize(lits);
    marks_.resize(lits, 0);
    counts_.resize(lits, 0);
    last_.resize(lits, ~0u);
  }

  bool short_enough(const Clause &clause) const {
    return !clause.garbage &&
           clause.size <= static_cast<std::uint32_t>(core_.options.factor_clause_size);
  }

  void push(Lit lit) {
    if (!core_.active(lit.var()) || core_.value(lit)) return;
    const auto size = static_cast<double>(core_.watches[lit].size());
    if (size < 2) return;
    heap_.set_score(lit, size);
    if (!heap_.contains(lit)) heap_.push(lit);
  }

  void schedule() {
    for (std::uint32_t i = 0; i < core_.num_vars(); ++i) {
      if (!core_.vars[Var(i)].factor) continue;
      push(Lit(Var(i), false));
      push(Lit(Var(i), true));
    }
  }

  // The clauses with `lit`, each a base of what is to be found.
  void gather(Lit lit) {
    bases_.clear();
    columns_.clear();
    const WatchList &list = core_.watches[lit];
    effort_.ticks += 1 + (list.size() >> 3);
    Column column{lit, {}};
    for (const Watch watch : list) {
      const auto index = static_cast<std::uint32_t>(bases_.size());
      if (watch.is_binary()) {
        if (watch.learned_binary()) continue;
        bases_.push_back({watch.blocking(), no_clause});
      } else {
        ++effort_.ticks;
        if (!short_enough(core_.arena[watch.ref()])) continue;
        bases_.push_back({lit, watch.ref()});
      }
      column.members.push_back({index, bases_[index].ref});
    }
    columns_.push_back(std::move(column));
  }

  template <class Visit>
  void for_rest(const Base &base, Lit lit, Visit visit) const {
    if (base.ref == no_clause) {
      visit(base.other);
      return;
    }
    for (const Lit other : core_.arena[base.ref])
      if (other != lit) visit(other);
  }

  struct Match {
    Lit lit;
    Member member;
  };

  void match(Lit lit, Match found) {
    // Equal clauses count once, and what is in the set is no candidate.
    if (found.lit.var() == lit.var() || last_[found.lit] == found.member.base) return;
    if (marks_[found.lit] & in_set) return;
    last_[found.lit] = found.member.base;
    ++counts_[found.lit];
    matches_.push_back(found);
  }

  void match_binary(Lit lit, std::uint32_t base) {
    const WatchList &list = core_.watches[bases_[base].other];
    effort_.ticks += 1 + (list.size() >> 3);
    for (const Watch watch : list)
      if (watch.is_binary() && !watch.learned_binary())
        match(lit, {watch.blocking(), {base, no_clause}});
  }

  void match_large(Lit lit, std::uint32_t base) {
    const ClauseRef ref = bases_[base].ref;
    Lit rarest = lit;
    for_rest(bases_[base], lit, [&](Lit other) {
      marks_[other] |= in_rest;
      if (rarest == lit || core_.watches[other].size() < core_.watches[rarest].size())
        rarest = other;
    });
    const std::uint32_t size = core_.arena[ref].size;
    const WatchList &list = core_.watches[rarest];
    effort_.ticks += 1 + (list.size() >> 3);
    for (const Watch watch : list) {
      if (watch.is_binary() || watch.ref() == ref) continue;
      const Clause &clause = core_.arena[watch.ref()];
      ++effort_.ticks;
      if (clause.garbage || clause.size != size) continue;
      std::uint32_t outside = 0;
      Lit last = lit;
      for (const Lit other : clause) {
        if (marks_[other] & in_rest) continue;
        last = other;
        if (++outside > 1) break;
      }
      if (outside == 1) match(lit, {last, {base, watch.ref()}});
    }
    for_rest(bases_[base], lit, [&](Lit other) { marks_[other] &= ~in_rest; });
  }

  // One more literal; false if none shares two clauses.
  bool grow_once(Lit lit) {
    matches_.clear();
    for (const Member &member : columns_.back().members) {
      if (bases_[member.base].ref == no_clause)
        match_binary(lit, member.base);
      else
        match_large(lit, member.base);
    }
    Lit best = lit;
    std::uint32_t most = 1;
    for (const Match &found : matches_) {
      const std::uint32_t count = counts_[found.lit];
      if (count > most || (count == most && best != lit && found.lit < best)) {
        best = found.lit;
        most = count;
      }
    }
    Column column{best, {}};
    for (const Match &found : matches_) {
      counts_[found.lit] = 0;
      last_[found.lit] = ~0u;
      if (found.lit == best) column.members.push_back(found.member);
    }
    if (best == lit) return false;
    drop_copies(column);
    marks_[best] |= in_set;
    columns_.push_back(std::move(column));
    return true;
  }

  // Equal base clauses find the same clause; it counts for the first of them.
  void drop_copies(Column &column) {
    refs_.clear();
    for (const Member &member : column.members)
      if (member.ref != no_clause) refs_.push_back(member.ref);
    std::sort(refs_.begin(), refs_.end());
    if (std::adjacent_find(refs_.begin(), refs_.end()) == refs_.end()) return;
    refs_.clear();
    std::erase_if(column.members, [&](const Member &member) {
      if (member.ref == no_clause) return false;
      if (std::find(refs_.begin(), refs_.end(), member.ref) != refs_.end()) return true;
      refs_.push_back(member.ref);
      return false;
    });
  }

  // Fills `columns_`; false if there is nothing to factor out of the clauses of `lit`.
  bool grow(Lit lit) {
    if (!core_.active(lit.var())) return false;
    gather(lit);
    if (bases_.size() < 2) return false;
    marks_[lit] |= in_set;
    while (grow_once(lit)) {
    }
    for (const Column &column : columns_) marks_[column.lit] &= ~in_set;
    return columns_.size() > 1;
  }

  static std::int64_t reduction(std::size_t literals, std::size_t rests) {
    const auto k = static_cast<std::int64_t>(literals), m = static_cast<std::int64_t>(rests);
    return k * m - k - m;
  }

  // Cuts `columns_` to those that save most clauses; false if elimination would undo it.
  bool worthwhile() {
    std::size_t best = 0;
    std::int64_t most = 0;
    for (std::size_t k = 2; k <= columns_.size(); ++k) {
      const std::int64_t saved = reduction(k, columns_[k - 1].members.size());
      if (saved <= most) continue;
      most = saved;
      best = k;
    }
    columns_.resize(best);
    return most > core_.pacing.eliminate_bound;
  }

  void apply() {
    const Lit first = columns_.front().lit;
    const Lit fresh(add_own_var(core_), false);
    resize();
    ++core_.stats.factored;
    for (const Column &column : columns_) {
      const Lit lits[] = {~fresh, column.lit};
      add_derived(core_, lits, false, 0);
    }
    // Of the columns before the last only the rests that it has are divided out.
    kept_.clear();
    for (const Member &member : columns_.back().members) kept_.push_back(member.base);
    for (const std::uint32_t base : kept_) {
      lits_.assign(1, fresh);
      for_rest(bases_[base], first, [&](Lit other) { lits_.push_back(other); });
      add_derived(core_, lits_, false, 0);
    }
    for (const Column &column : columns_) remove(column);
    const std::int64_t saved = reduction(columns_.size(), kept_.size());
    core_.stats.factor_clauses += saved;
    effort_.found += saved;
    for (const Column &column : columns_) push(column.lit);
    push(fresh);
    push(~fresh);
  }

  // The clauses of the literal with the rests in `kept_`.
  void remove(const Column &column) {
    std::size_t i = 0;
    for (const Member &member : column.members) {
      if (i == kept_.size() || member.base != kept_[i]) continue;
      ++i;
      if (member.ref != no_clause) {
        mark_garbage(core_, member.ref);
        continue;
      }
      marks_[bases_[member.base].other] |= in_rest;
    }
    const auto drop = [&](Lit lit, auto gone) {
      WatchList &list = core_.watches[lit];
      effort_.ticks += 1 + (list.size() >> 3);
      Watch *out = list.begin();
      for (const Watch watch : list)
        if (watch.is_binary() && !watch.learned_binary() && gone(watch.blocking()))
          removed_.push_back(watch.blocking());
        else
          *out++ = watch;
      list.shrink_size(static_cast<std::uint32_t>(out - list.begin()));
    };
    removed_.clear();
    drop(column.lit, [&](Lit other) { return (marks_[other] & in_rest) != 0; });
    doomed_ = removed_;
    core_.vars[column.lit.var()].eliminate = 1;
    for (const Lit other : doomed_) {
      marks_[other] &= ~in_rest;
      drop(other, [&](Lit lit) { return lit == column.lit; });
      core_.vars[other.var()].eliminate = 1;
      --core_.stats.clauses_irredundant;
      --core_.binaries_irredundant;
      const Lit lits[] = {column.lit, other};
      core_.proof.erase(lits);
    }
  }

  static constexpr std::uint8_t in_set = 1, in_rest = 2;

  Core &core_;
  Effort &effort_;
  Dense dense_;
  ScoreHeap<Lit> heap_;
  IndexVector<Lit, std::uint8_t> marks_;
  // Of the candidates at hand: rests shared, and the last one, so that each counts once.
  IndexVector<Lit, std::uint32_t> counts_, last_;
  std::vector<Base> bases_;
  std::vector<Column> columns_;
  std::vector<Match> matches_;
  std::vector<std::uint32_t> kept_;
  std::vector<ClauseRef> refs_;
  std::vector<Lit> lits_, doomed_, removed_;
};

}  // namespace

void factor(Core &core, Effort &effort) {
  // Users may add variables later, and a proof cannot rename those of ours then.
  if (core.proof && core.options.incremental) return;
  deduplicate(core);
  if (core.inconsistent) return;
  Factor(core, effort).run();
}

}  // namespace nb
