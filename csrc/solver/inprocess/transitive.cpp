// SPDX-License-Identifier: MIT
// Transitive reduction: remove binary clauses that a path of others implies, and duplicates.
//
// Needs    root level        Reads   watches (binary)
// Leaves   root level        Writes  watches
// Cost     linear for duplicates; the search for paths has a share of the ticks of the search
// Source   Heule, Järvisalo and Biere, "Efficient CNF Simplification Based on Binary Implication
//          Graphs", SAT 2011
#include <algorithm>

#include "solver/effort.hpp"
#include "solver/inprocess/inprocess.hpp"
#include "solver/search/search.hpp"
#include "solver/state/database.hpp"

namespace nb {

// Of equal binary clauses one stays, an irredundant one if there is one; (a b) and (a -b) make
// the unit a.
void deduplicate(Core &core) {
  struct Mark {
    std::uint8_t present = 0;
    std::uint8_t irredundant = 0;
  };
  IndexVector<Lit, Mark> marks;
  marks.resize(2 * std::size_t{core.num_vars()});
  std::vector<std::pair<Lit, bool>> removed;
  for (std::uint32_t code = 0; code < 2 * core.num_vars() && !core.inconsistent; ++code) {
    const Lit lit = Lit::from_code(code);
    if (core.value(lit)) continue;
    bool unit = false;
    removed.clear();
    for (const Watch watch : core.watches[lit]) {
      if (!watch.is_binary()) continue;
      const Lit other = watch.blocking();
      Mark &mark = marks[other];
      unit |= marks[~other].present;
      if (mark.present && lit < other)
        removed.emplace_back(other, watch.learned_binary() || !mark.irredundant);
      mark.present = 1;
      mark.irredundant |= !watch.learned_binary();
    }
    for (const Watch watch : core.watches[lit])
      if (watch.is_binary()) marks[watch.blocking()] = Mark{};
    for (const auto &[other, learned] : removed) {
      remove_binary(core, lit, other, learned);
      ++core.stats.binaries_deduplicated;
    }
    if (unit && derive_unit(core, lit)) propagate_root(core);
  }
}

namespace {

// Is `target` implied by `start` without the clause (-start target)?
class Paths {
 public:
  Paths(Core &core, Effort &effort) : core_(core), effort_(effort) {
    marks_.resize(2 * std::size_t{core.num_vars()}, 0);
  }
  bool implied(Lit start, Lit target, bool irredundant_only) {
    bool found = false;
    queue_.assign(1, start);
    marks_[start] = 1;
    for (std::size_t i = 0; i < queue_.size() && !found; ++i) {
      const Lit lit = queue_[i];
      const WatchList &list = core_.watches[~lit];
      effort_.ticks += 1 + (list.size() >> 3);
      for (const Watch watch : list) {
        if (!watch.is_binary()) continue;
        if (irredundant_only && watch.learned_binary()) continue;
        const Lit other = watch.blocking();
        if (marks_[other] || core_.value(other)) continue;
        // The clause itself, read the other way round, is no path either.
        if (lit == ~target && other == ~start) continue;
        if (other == target) {
          if (lit == start) continue;
          found = true;
          break;
        }
        marks_[other] = 1;
        queue_.push_back(other);
      }
    }
    for (const Lit lit : queue_) marks_[lit] = 0;
    return found;
  }

 private:
  Core &core_;
  Effort &effort_;
  IndexVector<Lit, std::uint8_t> marks_;
  std::vector<Lit> queue_;
};

}  // namespace

void transitive(Core &core, Effort &effort) {
  deduplicate(core);
  if (core.inconsistent) return;
  Paths paths(core, effort);
  const std::uint32_t lits = 2 * core.num_vars();
  std::vector<Watch> candidates;
  std::uint32_t code = core.cursors.transitive < lits ? core.cursors.transitive : 0;
  for (std::uint32_t i = 0; i < lits; ++i, ++code) {
    if (effort.spent()) break;
    if (code == lits) code = 0;
    const Lit lit = Lit::from_code(code);
    if (core.value(lit)) continue;
    candidates.clear();
    for (const Watch watch : core.watches[lit])
      if (watch.is_binary() && lit < watch.blocking() && !core.value(watch.blocking()))
        candidates.push_back(watch);
    for (const Watch watch : candidates) {
      if (effort.over()) break;
      if (!paths.implied(~lit, watch.blocking(), !watch.learned_binary())) continue;
      remove_binary(core, lit, watch.blocking(), watch.learned_binary());
      ++core.stats.transitive_removed;
      ++effort.found;
    }
  }
  core.cursors.transitive = code;
}

}  // namespace nb
