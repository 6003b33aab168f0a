// SPDX-License-Identifier: MIT
// Reduce: delete learned clauses that are not worth their time in propagation.
//
// Idea     Tier 1 (lowest glue) stays.  Others survive as long as `used` says; each reduction
//          counts it down.  The worst of the rest go, by glue, then size.  The tiers are the
//          glue values that cover a share of all uses, measured in each mode.
// Needs    any level         Reads   trail (reasons)
// Leaves   the same level    Writes  arena, watches
// Cost     linear in clauses, plus sorting
// Source   Audemard and Simon, IJCAI 2009; Oh, 2015 (tiers); Biere et al., "Clausal Dynamic
//          tiers" as in Kissat 4
#include <algorithm>

#include "solver/search/search.hpp"
#include "solver/state/database.hpp"

namespace nb {

void update_tiers(Core &core) {
  for (GlueUsage &usage : core.glue_usage) {
    if (usage.total < 1000) {
      usage.tier1 = static_cast<std::uint32_t>(core.options.tier1_glue);
      usage.tier2 = static_cast<std::uint32_t>(core.options.tier2_glue);
      continue;
    }
    const auto share = [&](int percent) {
      const std::uint64_t goal = usage.total / 100 * static_cast<std::uint64_t>(percent);
      std::uint64_t sum = 0;
      std::uint32_t glue = 0;
      while (glue < GlueUsage::max && (sum += usage.count[glue]) < goal) ++glue;
      return glue;
    };
    usage.tier1 = std::max(1u, share(core.options.tier1_share));
    usage.tier2 = std::max(usage.tier1 + 1, share(core.options.tier2_share));
  }
}

bool reducing(Core &core) {
  return core.options.reduce && core.schedule.due(Round::reduce, core.stats);
}

void reduce(Core &core) {
  update_tiers(core);
  if (core.stats.units > core.pacing.cleaned_units && core.trail.level) backtrack(core, 0);
  if (!core.trail.level) {
    if (!propagate_root(core)) return;
  }
  for (const Lit lit : core.trail.lits) {
    const Reason reason = core.trail.assigned[lit.var()].reason;
    if (reason.is_large()) core.arena[reason.ref()].reason = true;
  }
  struct Candidate {
    std::uint64_t rank;
    ClauseRef ref;
  };
  std::vector<Candidate> candidates;
  const std::uint32_t tier1 = core.glue_usage[core.stable].tier1;
  const ClauseRef end = core.arena.end();
  for (ClauseRef ref = core.arena.first(); ref != end; ref = core.arena.next(ref)) {
    Clause &clause = core.arena[ref];
    if (!clause.learned || clause.garbage || clause.reason) continue;
    if (clause.glue <= tier1) continue;
    if (clause.used) {
      --clause.used;
      continue;
    }
    candidates.push_back({std::uint64_t{clause.glue} << 32 | clause.size, ref});
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate &a, const Candidate &b) { return a.rank > b.rank; });
  const std::size_t target =
      candidates.size() * static_cast<std::size_t>(core.options.reduce_fraction) / 100;
  for (std::size_t i = 0; i < target; ++i) mark_garbage(core, candidates[i].ref);
  core.stats.reduced_clauses += static_cast<std::int64_t>(target);
  collect(core);
  core.schedule.done(Round::reduce, core.options, core.stats);
  report(core, '-');
}

}  // namespace nb
