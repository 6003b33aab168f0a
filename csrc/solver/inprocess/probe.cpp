// SPDX-License-Identifier: MIT
// Probe: assume a literal; if propagation fails, its negation is a fact.
//
// Idea     Only roots of the binary implication graph are tried: literals that imply others but
//          are implied by none.  If such a probe does not fail, what it implies does not either,
//          at least not by binary clauses.  A probe is tried again only after new units.
// Needs    root level        Reads   watches
// Leaves   root level        Writes  trail
// Cost     a share of the ticks of the search
// Source   Freeman, 1995; Le Berre, SAT 2001; Lynce and Marques-Silva, ICTAI 2003
#include <algorithm>

#include "solver/effort.hpp"
#include "solver/inprocess/inprocess.hpp"
#include "solver/search/search.hpp"
#include "solver/state/database.hpp"

namespace nb {

namespace {

bool has_binary(const WatchList &list) {
  return std::ranges::any_of(list, [](Watch watch) { return watch.is_binary(); });
}

// The last literal through which all paths from the probe to the conflict go.
Lit dominator(Core &core, Conflict conflict) {
  Trail &trail = core.trail;
  std::uint32_t open = 0;
  const auto see = [&](Lit lit) {
    Assigned &assigned = trail.assigned[lit.var()];
    if (!assigned.level || assigned.seen) return;
    assigned.seen = 1;
    ++open;
  };
  const auto see_reason = [&](Reason reason, Lit except) {
    if (reason.is_binary()) {
      see(reason.other());
      return;
    }
    for (const Lit lit : core.arena[reason.ref()])
      if (lit != except) see(lit);
  };
  if (conflict.reason.is_binary()) see(conflict.lit);
  see_reason(conflict.reason, Lit::from_code(~0u));
  for (std::uint32_t i = trail.size();;) {
    const Lit lit = trail.lits[--i];
    Assigned &assigned = trail.assigned[lit.var()];
    if (!assigned.seen) continue;
    assigned.seen = 0;
    if (!--open) return lit;
    see_reason(assigned.reason, lit);
  }
}

}  // namespace

void probe(Core &core, Effort &effort) {
  const During probing(core.activity, Doing::probing);
  IndexVector<Lit, std::int64_t> &probed = core.cursors.probed;
  const std::uint32_t lits = 2 * core.num_vars();
  probed.resize(lits, -1);
  std::uint32_t code = core.cursors.probe < lits ? core.cursors.probe : 0;
  for (std::uint32_t i = 0; i < lits && !core.inconsistent; ++i, ++code) {
    if (effort.spent()) break;
    if (code == lits) code = 0;
    const Lit probe = Lit::from_code(code);
    if (!core.active(probe.var()) || core.value(probe)) continue;
    if (probed[probe] == core.stats.units) continue;
    if (!has_binary(core.watches[~probe]) || has_binary(core.watches[probe])) continue;
    decide_literal(core, probe);
    const Conflict conflict = propagate_probing(core);
    if (!conflict.found()) {
      probed[probe] = core.stats.units;
      backtrack(core, 0);
      continue;
    }
    ++core.stats.probe_failed;
    ++effort.found;
    const Lit forced = ~dominator(core, conflict);
    backtrack(core, 0);
    if (derive_unit(core, forced)) propagate_root(core);
  }
  core.cursors.probe = code;
}

}  // namespace nb
