// SPDX-License-Identifier: MIT
// Vivify: shorten clauses by assuming that their literals are false, one after the other.
//
// Idea     If propagation runs into a conflict, or makes a literal of the clause true or false,
//          fewer literals would have done; conflict analysis down to the decisions tells which.
//          Literals are assumed in the order of their number of occurrences and clauses taken in
//          the order of their literals, so that clauses that follow each other share decisions.
// Ours     Learned clauses that propagation implies without them are removed.
// Needs    root level        Reads   glue_usage, options
// Leaves   root level        Writes  arena, watches
// Cost     a share of the ticks of the search, divided between the tiers and the formula
// Source   Piette, Hamadi and Saïs, ECAI 2008; Luo et al., IJCAI 2017; Li et al., AIJ 2020
#include <algorithm>
#include <numeric>

#include "solver/effort.hpp"
#include "solver/inprocess/inprocess.hpp"
#include "solver/search/search.hpp"
#include "solver/state/database.hpp"

namespace nb {

namespace {

enum class Tier { irredundant, tier1, tier2, tier3 };

class Vivify {
 public:
  Vivify(Core &core, Effort &effort, Tier tier) : core_(core), effort_(effort), tier_(tier) {
    marks_.resize(2 * std::size_t{core.num_vars()}, 0);
  }

  void run() {
    schedule();
    std::size_t done = 0;
    for (; done < schedule_.size() && !core_.inconsistent; ++done) {
      if (effort_.spent()) break;
      core_.arena[schedule_[done].ref].vivify = false;
      try_clause(schedule_[done].ref);
      if (!core_.trail.level && !core_.inconsistent && !propagate_root(core_)) break;
    }
    backtrack(core_, 0);
  }

 private:
  struct Entry {
    std::uint64_t key;
    ClauseRef ref;
  };

  bool candidate(const Clause &clause) const {
    if (clause.garbage) return false;
    if (!clause.learned) return tier_ == Tier::irredundant;
    const GlueUsage &usage = core_.glue_usage[core_.stable];
    if (clause.glue <= usage.tier1) return tier_ == Tier::tier1;
    if (clause.glue <= usage.tier2) return tier_ == Tier::tier2;
    // What the next reduction deletes is not worth the work.
    return tier_ == Tier::tier3 && clause.used;
  }

  // Untried clauses first; when there are none, all count as untried again.
  void schedule() {
    IndexVector<Lit, std::uint32_t> count;
    count.resize(2 * std::size_t{core_.num_vars()}, 0);
    const ClauseRef end = core_.arena.end();
    bool any = false;
    for (ClauseRef ref = core_.arena.first(); ref != end; ref = core_.arena.next(ref)) {
      const Clause &clause = core_.arena[ref];
      if (!candidate(clause)) continue;
      any |= clause.vivify;
      schedule_.push_back({0, ref});
      for (const Lit lit : clause) ++count[lit];
    }
    rank_.resize(count.size(), 0);
    std::vector<std::uint32_t> codes(count.size());
    std::iota(codes.begin(), codes.end(), 0u);
    std::stable_sort(codes.begin(), codes.end(), [&](std::uint32_t a, std::uint32_t b) {
      return count[Lit::from_code(a)] > count[Lit::from_code(b)];
    });
    for (std::uint32_t i = 0; i < codes.size(); ++i) rank_[Lit::from_code(codes[i])] = i;
    if (any)
      std::erase_if(schedule_, [&](const Entry &e) { return !core_.arena[e.ref].vivify; });
    else
      for (const Entry &entry : schedule_) core_.arena[entry.ref].vivify = true;
    for (Entry &entry : schedule_) {
      std::uint64_t first = ~0u, second = ~0u;
      for (const Lit lit : core_.arena[entry.ref]) {
        const std::uint64_t rank = rank_[lit];
        if (rank < first) {
          second = first;
          first = rank;
        } else if (rank < second) {
          second = rank;
        }
      }
      entry.key = first << 32 | second;
    }
    std::stable_sort(schedule_.begin(), schedule_.end(),
                     [](const Entry &a, const Entry &b) { return a.key < b.key; });
  }

  // Keep the decisions that the clause would make anyway, unless it is a reason there itself.
  void reuse_trail(ClauseRef ref) {
    Trail &trail = core_.trail;
    std::uint32_t level = 0;
    while (level < trail.level && level < sorted_.size() &&
           trail.levels[level + 1].decision == ~sorted_[level])
      ++level;
    for (const Lit lit : sorted_) {
      const Assigned &assigned = trail.assigned[lit.var()];
      if (core_.value(lit) && assigned.level && assigned.reason == Reason::large(ref))
        level = std::min(level, assigned.level - 1);
    }
    backtrack(core_, level);
  }

  void try_clause(ClauseRef ref) {
    const Clause &clause = core_.arena[ref];
    if (clause.garbage) return;
    sorted_.assign(clause.begin(), clause.end());
    for (const Lit lit : sorted_)
      if (core_.root_value(lit) > 0) {
        mark_garbage(core_, ref);
        return;
      }
    ++core_.stats.vivify_checks;
    std::sort(sorted_.begin(), sorted_.end(), [&](Lit a, Lit b) { return rank_[a] < rank_[b]; });
    reuse_trail(ref);
    Conflict conflict;
    Lit implied;
    bool satisfied = false;
    for (const Lit lit : sorted_) {
      const Value value = core_.value(lit);
      if (value < 0) continue;
      if (value > 0) {
        implied = lit;
        satisfied = true;
        break;
      }
      decide_literal(core_, ~lit);
      conflict = propagate_probing(core_, ref);
      if (conflict.found()) break;
    }
    for (const Lit lit : sorted_) marks_[lit] = 1;
    kept_.clear();
    subsuming_ = no_clause;
    subsuming_binary_ = false;
    if (conflict.found())
      analyze_conflict(conflict);
    else if (satisfied)
      analyze_implied(implied);
    else
      keep_decisions();
    for (const Lit lit : sorted_) marks_[lit] = 0;
    conclude(ref, conflict.found(), satisfied);
  }

  void keep_decisions() {
    for (const Lit lit : sorted_) {
      const Assigned &assigned = core_.trail.assigned[lit.var()];
      if (assigned.level && assigned.reason.is_none()) kept_.push_back(lit);
    }
  }

  void see(Lit lit) {
    Assigned &assigned = core_.trail.assigned[lit.var()];
    if (!assigned.level || assigned.seen) return;
    assigned.seen = 1;
  }

  // A clause on the way that has no literal but those of the candidate subsumes it.
  void see_clause(ClauseRef ref, Lit except) {
    const Clause &clause = core_.arena[ref];
    bool inside = true;
    for (const Lit lit : clause) {
      if (lit != except) see(lit);
      inside &= marks_[lit] != 0;
    }
    if (inside && !clause.garbage) subsuming_ = ref;
  }

  void see_binary(Lit a, Lit b) {
    if (!marks_[a] || !marks_[b]) return;
    subsuming_binary_ = true;
    binary_[0] = a;
    binary_[1] = b;
  }

  void collect_decisions() {
    Trail &trail = core_.trail;
    if (!trail.level) return;
    const std::uint32_t start = trail.levels[1].trail;
    for (std::uint32_t i = trail.size(); i-- > start;) {
      const Lit lit = trail.lits[i];
      Assigned &assigned = trail.assigned[lit.var()];
      if (!assigned.seen) continue;
      assigned.seen = 0;
      const Reason reason = assigned.reason;
      if (reason.is_none()) {
        kept_.push_back(~lit);
      } else if (reason.is_binary()) {
        see(reason.other());
        see_binary(lit, reason.other());
      } else {
        see_clause(reason.ref(), lit);
      }
    }
  }

  void analyze_conflict(Conflict conflict) {
    if (conflict.reason.is_binary()) {
      see(conflict.lit);
      see(conflict.reason.other());
      see_binary(conflict.lit, conflict.reason.other());
    } else {
      see_clause(conflict.reason.ref(), Lit::from_code(~0u));
    }
    collect_decisions();
  }

  void analyze_implied(Lit implied) {
    see(implied);
    collect_decisions();
    kept_.push_back(implied);
  }

  void conclude(ClauseRef ref, bool conflict, bool satisfied) {
    const bool learned = core_.arena[ref].learned;
    if (subsuming_binary_ || subsuming_ != no_clause) {
      if (!learned) {
        if (subsuming_binary_) {
          // Binary clauses are few; the plain way is good enough.
          make_binary_irredundant(core_, binary_[0], binary_[1]);
        } else if (core_.arena[subsuming_].learned) {
          make_irredundant(core_, subsuming_);
        }
      }
      mark_garbage(core_, ref);
      ++core_.stats.vivified_subsumed;
      return;
    }
    if (kept_.size() < sorted_.size()) {
      replace(ref);
      return;
    }
    if (learned && satisfied && !conflict) {
      mark_garbage(core_, ref);
      ++core_.stats.vivified_subsumed;
    }
  }

  void replace(ClauseRef ref) {
    ++core_.stats.vivified_strengthened;
    const bool learned = core_.arena[ref].learned;
    const std::uint32_t glue = core_.arena[ref].glue, used = core_.arena[ref].used;
    // The two literals assigned last come first, and lose their values, so that they can be
    // watched.
    const auto &assigned = core_.trail.assigned;
    const auto height = [&](Lit lit) { return core_.value(lit) ? assigned[lit.var()].level : ~0u; };
    std::sort(kept_.begin(), kept_.end(), [&](Lit a, Lit b) { return height(a) > height(b); });
    std::uint32_t level = 0;
    if (kept_.size() > 1 && height(kept_[1]) != ~0u) level = height(kept_[1]) - 1;
    if (kept_.size() > 1 && height(kept_[1]) == ~0u) level = core_.trail.level;
    backtrack(core_, level);
    const auto size = static_cast<std::uint32_t>(kept_.size());
    const ClauseRef fresh = add_derived(core_, kept_, learned, std::min(glue, size - 1));
    if (fresh != no_clause) core_.arena[fresh].used = used;
    mark_garbage(core_, ref);
  }

  Core &core_;
  Effort &effort_;
  const Tier tier_;
  std::vector<Entry> schedule_;
  IndexVector<Lit, std::uint32_t> rank_;
  IndexVector<Lit, std::uint8_t> marks_;
  std::vector<Lit> sorted_, kept_;
  ClauseRef subsuming_ = no_clause;
  bool subsuming_binary_ = false;
  Lit binary_[2];
};

}  // namespace

void vivify(Core &core, Effort &effort) {
  const Options &options = core.options;
  struct Share {
    Tier tier;
    int weight;
  };
  const Share shares[] = {{Tier::tier2, options.vivify_tier2},
                          {Tier::tier1, options.vivify_tier1},
                          {Tier::tier3, options.vivify_tier3},
                          {Tier::irredundant, options.vivify_irredundant}};
  std::int64_t sum = 0;
  for (const Share &share : shares) sum += share.weight;
  if (!sum) return;
  const std::int64_t budget = effort.left();
  const std::int64_t before = core.stats.vivified_strengthened + core.stats.vivified_subsumed;
  {
    const During probing(core.activity, Doing::probing);
    for (const Share &share : shares) {
      if (!share.weight) continue;
      effort.allow(budget * share.weight / sum);
      Vivify(core, effort, share.tier).run();
      if (!propagate_root(core)) return;
    }
  }
  effort.found = core.stats.vivified_strengthened + core.stats.vivified_subsumed - before;
  collect(core);
}

}  // namespace nb
