// SPDX-License-Identifier: MIT
// Subsume: remove clauses that others imply on their own, and literals by self-subsumption.
//
// Idea     Take clauses by size, smallest first.  Each is checked against the smaller ones
//          already connected, then connected itself by the literal with the fewest occurrences.
//          A clause can only be subsumed newly if two of its variables are in clauses added or
//          strengthened since the last time.
// Needs    root level        Reads   vars.subsume
// Leaves   root level        Writes  arena, watches
// Cost     a share of the ticks of the search
// Source   Bayardo and Panda, "Fast Algorithms for Finding Extremal Sets", SDM 2011; as in the
//          one-watch scheme of CaDiCaL and Kissat
#include <algorithm>

#include "solver/inprocess/dense.hpp"
#include "solver/inprocess/inprocess.hpp"
#include "solver/search/search.hpp"
#include "solver/state/database.hpp"

namespace nb {

namespace {

class Subsume {
 public:
  Subsume(Core &core, Effort &effort) : core_(core), effort_(effort), dense_(core, effort, false) {
    marks_.resize(2 * std::size_t{core.num_vars()}, 0);
  }

  void run() {
    schedule();
    bool complete = true;
    for (const Entry &entry : schedule_) {
      if (effort_.spent()) {
        complete = false;
        break;
      }
      if (entry.check && check(entry.ref)) continue;
      if (core_.inconsistent) return;
      connect(entry.ref);
    }
    if (!complete) return;
    for (std::uint32_t i = 0; i < core_.num_vars(); ++i) core_.vars[Var(i)].subsume = 0;
    for (const Var var : added_) core_.vars[var].subsume = 1;
  }

 private:
  struct Entry {
    std::uint32_t size;
    ClauseRef ref;
    bool check;
  };

  void schedule() {
    occurrences_.resize(2 * std::size_t{core_.num_vars()}, 0);
    const auto largest = static_cast<std::uint32_t>(core_.options.subsume_clause_size);
    for (ClauseRef ref = core_.arena.first(); ref != core_.arena.end();
         ref = core_.arena.next(ref)) {
      const Clause &clause = core_.arena[ref];
      if (clause.garbage || clause.size > largest) continue;
      if (clause.learned && clause.glue > core_.glue_usage[0].tier2) continue;
      int added = 0;
      for (const Lit lit : clause) added += core_.vars[lit.var()].subsume;
      schedule_.push_back({clause.size, ref, added >= 2});
      for (const Lit lit : clause) ++occurrences_[lit];
    }
    std::stable_sort(schedule_.begin(), schedule_.end(),
                     [](const Entry &a, const Entry &b) { return a.size < b.size; });
  }

  void connect(ClauseRef ref) {
    const Clause &clause = core_.arena[ref];
    if (clause.garbage) return;
    Lit best = clause.lits()[0];
    for (const Lit lit : clause) {
      // Old and new clauses both: an old clause may subsume a new one.
      if (occurrences_[lit] < occurrences_[best]) best = lit;
    }
    if (core_.watches[best].size() >= static_cast<std::uint32_t>(core_.options.subsume_occurrences))
      return;
    // The blocking literal is a cheap filter: it has to be in the clause as well.
    Lit second = clause.lits()[clause.lits()[0] == best ? 1 : 0];
    for (const Lit lit : clause)
      if (lit != best && occurrences_[lit] < occurrences_[second]) second = lit;
    core_.watches[best].push_back(Watch::large(second, ref));
  }

  // True if the clause is gone.
  bool check(ClauseRef ref) {
    const Clause &clause = core_.arena[ref];
    if (clause.garbage) return true;
    for (const Lit lit : clause) {
      if (core_.value(lit)) return false;
      marks_[lit] = 1;
    }
    const Found found = find(clause);
    for (const Lit lit : clause) marks_[lit] = 0;
    if (!found.any) return false;
    if (found.flipped == none) {
      remove(ref, found);
      return true;
    }
    return strengthen(ref, found.flipped);
  }

  static constexpr Lit none = Lit::from_code(~0u);
  struct Found {
    bool any = false;
    Lit flipped = none;
    bool subsumer_learned = false;
    // What subsumes: a long clause, or a binary one.
    ClauseRef ref = no_clause;
    Lit a, b;
  };

  Found find(const Clause &clause) {
    Found strengthening;
    for (const Lit lit : clause)
      for (const Lit side : {lit, ~lit}) {
        const WatchList &list = core_.watches[side];
        effort_.ticks += 1 + (list.size() >> 3);
        for (const Watch watch : list) {
          const Lit other = watch.blocking();
          const bool other_in = marks_[other], other_flipped = marks_[~other];
          if (!other_in && !other_flipped) continue;
          if (watch.is_binary()) {
            if (side != lit && other_flipped) continue;
            Found found{true,
                        side != lit ? lit : other_in ? none : ~other,
                        watch.learned_binary(),
                        no_clause,
                        side,
                        other};
            if (found.flipped == none) return found;
            strengthening = found;
            continue;
          }
          const Clause &small = core_.arena[watch.ref()];
          if (small.garbage || small.size > clause.size) continue;
          ++effort_.ticks;
          Lit flipped = none;
          bool fits = true;
          for (const Lit l : small) {
            if (marks_[l]) continue;
            fits = marks_[~l] && flipped == none;
            if (!fits) break;
            flipped = ~l;
          }
          if (!fits) continue;
          Found found{true, flipped, bool(small.learned), watch.ref(), Lit(), Lit()};
          if (flipped == none) return found;
          strengthening = found;
        }
      }
    return strengthening;
  }

  // A learned clause that subsumes one of the formula takes its place in the formula.
  void remove(ClauseRef ref, const Found &found) {
    const bool irredundant = !core_.arena[ref].learned;
    if (irredundant && found.subsumer_learned) {
      if (found.ref != no_clause)
        make_irredundant(core_, found.ref);
      else
        make_binary_irredundant(core_, found.a, found.b);
    }
    mark_garbage(core_, ref);
    ++core_.stats.subsumed;
  }

  bool strengthen(ClauseRef ref, Lit remove) {
    const Clause &clause = core_.arena[ref];
    const bool learned = clause.learned;
    lits_.clear();
    for (const Lit lit : clause)
      if (lit != remove) lits_.push_back(lit);
    ++core_.stats.subsume_strengthened;
    for (const Lit lit : lits_) added_.push_back(lit.var());
    if (lits_.size() >= 3) {
      replace_literals(core_, ref, lits_);
      return false;
    }
    add_derived(core_, lits_, learned, 1);
    mark_garbage(core_, ref);
    return true;
  }

  Core &core_;
  Effort &effort_;
  Dense dense_;
  std::vector<Entry> schedule_;
  IndexVector<Lit, std::uint8_t> marks_;
  IndexVector<Lit, std::uint32_t> occurrences_;
  std::vector<Lit> lits_;
  std::vector<Var> added_;
};

}  // namespace

void subsume(Core &core, Effort &effort) {
  const Statistics &stats = core.stats;
  const std::int64_t before = stats.subsumed + stats.subsume_strengthened;
  Subsume(core, effort).run();
  effort.found = stats.subsumed + stats.subsume_strengthened - before;
}

}  // namespace nb
