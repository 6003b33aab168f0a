// SPDX-License-Identifier: MIT
// Extend: from a model of what is left to a model of what was added.  Restore: the way back.
//
// Needs    extend: all active variables assigned; restore: root level, propagated
// Reads    extension         Writes  model; arena, watches, extension
// Cost     linear in the extension stack
// Source   Fazekas, Biere and Scholl, "Incremental Inprocessing in SAT Solving", SAT 2019
#include "solver/inprocess/inprocess.hpp"
#include "solver/search/search.hpp"
#include "solver/state/database.hpp"

namespace nb {

void extend(Core &core) {
  std::vector<signed char> &model = core.answer.model;
  model.resize(core.num_vars());
  for (std::uint32_t i = 0; i < core.num_vars(); ++i) {
    const Var var(i);
    Value value = core.value(Lit(var, false));
    // In no clause that is left, so any value will do; the entries below may change it.
    if (!value) value = core.phases.user[var];
    if (!value) value = core.phases.saved[var];
    if (!value) value = initial_phase(core.phases, core.options, Place::decide, var);
    model[i] = value;
  }
  const auto truth = [&](Lit lit) {
    const Value value = model[lit.var().index()];
    return lit.negative() ? value < 0 : value > 0;
  };
  core.extension.backwards([&](Lit witness, std::span<const Lit> clause) {
    for (const Lit lit : clause)
      if (truth(lit)) return;
    model[witness.var().index()] = witness.negative() ? -1 : 1;
  });
  core.answer.model_ready = true;
}

void restore(Core &core) {
  NB_ASSERT(!core.trail.level && core.activity == Doing::search);
  Extension &extension = core.extension;
  if (!extension.any_tainted) return;
  std::vector<Lit> clause;
  extension.remove_forwards([&](Lit witness, std::span<const Lit> entry) {
    if (!extension.tainted[~witness]) return false;
    ++core.stats.clauses_restored;
    clause.clear();
    bool satisfied = false;
    for (const Lit lit : entry) {
      const Value value = core.value(lit);
      if (value > 0) satisfied = true;
      if (!value) clause.push_back(lit);
    }
    // A satisfied clause needs no place of its own any more: its true literal is a fact.
    if (satisfied || core.inconsistent) return true;
    for (const Lit lit : clause) {
      if (extension.is_witness[~lit]) extension.tainted[lit] = 1;
      if (!core.active(lit.var())) activate(core, lit.var());
    }
    if (clause.size() < entry.size()) {
      add_derived(core, clause, false, 0);
      return true;
    }
    if (clause.size() == 1)
      assign(core, clause[0], Reason::none());
    else
      add_clause(core, clause, false, 0);
    return true;
  });
  extension.tainted.assign(extension.tainted.size(), 0);
  extension.any_tainted = false;
}

}  // namespace nb
