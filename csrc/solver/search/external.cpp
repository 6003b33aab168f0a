// SPDX-License-Identifier: MIT
// External: the user's propagator takes part in the search.
//
// Idea     It hears of the trail up to `told`, and is asked after clauses and constraints have been
//          propagated, before each decision, and about each model.  What it implies has a lazy
//          reason.  A reason whose literal is on the level of the others becomes a learned clause;
//          any other is remembered until the literal loses its value, for it would break W2.
//          Clauses that it adds become part of the formula.
// Needs    clauses propagated          Reads   trail
// Leaves   the same, or a lower level  Writes  trail, arena, watches
// Cost     that of the propagator
// Source   Fazekas et al., "IPASIR-UP: User Propagators for CDCL", SAT 2023
#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include "solver/inprocess/inprocess.hpp"
#include "solver/search/constraints.hpp"
#include "solver/search/search.hpp"
#include "solver/state/database.hpp"

namespace nb {

namespace {

void check_failed(Core &core) {
  if (core.external.propagator->failed()) throw Abandon{};
}

[[noreturn]] void blame(Core &core, const char *what) {
  core.external.propagator->blame(what);
  throw Abandon{};
}

bool observed(const Core &core, Lit lit) {
  const External &external = core.external;
  return lit.var().index() < external.observed.size() && external.observed[lit.var()];
}

// A variable that has been asked for, but has to be brought back at the root first.
bool requested(const Core &core, std::int32_t literal) {
  return std::ranges::find(core.external.requests, std::abs(literal)) !=
         core.external.requests.end();
}

bool is_observed_literal(const Core &core, std::int32_t literal) {
  const auto var = static_cast<std::uint32_t>(literal < 0 ? -std::int64_t{literal} : literal);
  return literal && var <= core.names.user_vars() && observed(core, core.names.inner(literal));
}

// Everything on the trail that it has not heard of.
void tell_quietly(Core &core) {
  External &external = core.external;
  const Trail &trail = core.trail;
  external.events.clear();
  for (std::uint32_t &level = external.told_level; external.told < trail.size(); ++external.told) {
    for (; level < trail.level && trail.levels[level + 1].trail <= external.told; ++level)
      external.events.push_back({0, false});
    const Lit lit = trail.lits[external.told];
    if (observed(core, lit)) external.events.push_back({core.names.outer(lit), !level});
  }
  for (; external.told_level < trail.level; ++external.told_level)
    external.events.push_back({0, false});
  if (!external.events.empty()) external.propagator->hear(external.events);
}

void tell(Core &core) {
  tell_quietly(core);
  check_failed(core);
}

// Add a clause whatever the values of its literals are, going back as far as it takes.
Conflict take_clause(Core &core, std::vector<Lit> clause, bool learned) {
  Trail &trail = core.trail;
  std::ranges::sort(clause, [](Lit a, Lit b) { return a < b; });
  clause.erase(std::unique(clause.begin(), clause.end()), clause.end());
  for (std::size_t i = 1; i < clause.size(); ++i)
    if (clause[i] == ~clause[i - 1]) return {};
  if (std::ranges::any_of(clause, [&](Lit lit) { return core.root_value(lit) > 0; })) return {};
  std::erase_if(clause, [&](Lit lit) { return core.root_value(lit) < 0; });
  if (clause.empty()) {
    backtrack(core, 0);
    derive_empty(core);
    return {};
  }
  if (clause.size() == 1) {
    backtrack(core, 0);
    derive_unit(core, clause[0]);
    return {};
  }
  // Those without a value first, true ones next, then false ones, the latest first.
  const auto level_of = [&](Lit lit) { return trail.assigned[lit.var()].level; };
  const auto rank = [&](Lit lit) {
    const Value value = core.value(lit);
    return !value ? ~std::uint64_t{0}
                  : std::uint64_t{value > 0} << 32 | std::uint64_t{level_of(lit)};
  };
  std::ranges::stable_sort(clause, std::greater(), rank);
  const Lit a = clause[0], b = clause[1];
  const auto glue = static_cast<std::uint32_t>(clause.size() - 1);
  const bool falls = core.value(b) < 0;
  const std::uint32_t level = falls ? level_of(b) : 0;
  const bool conflict = falls && core.value(a) < 0 && level_of(a) == level;
  const bool satisfied = falls && core.value(a) > 0 && level_of(a) <= level;
  if (falls && !satisfied) backtrack(core, level);
  const ClauseRef ref = add_clause(core, clause, learned, glue);
  const Reason reason = ref == no_clause ? Reason::binary(b) : Reason::large(ref);
  if (conflict) return {reason, a};
  if (falls && !satisfied) assign(core, a, trail.level ? reason : Reason::none());
  return {};
}

// A clause of the propagator's that may name any variable.
Conflict take_any_clause(Core &core, std::span<const std::int32_t> literals) {
  std::uint32_t largest = 0;
  for (const std::int32_t literal : literals)
    largest = std::max(largest, static_cast<std::uint32_t>(std::abs(literal)));
  if (largest > core.names.user_vars()) {
    backtrack(core, 0);
    resize_vars(core, largest);
    begin_constraint(core);
  }
  constexpr std::uint8_t kept = frozen_by_propagator | frozen_by_constraint;
  std::vector<Lit> clause;
  bool all_kept = true;
  for (const std::int32_t literal : literals) {
    clause.push_back(core.names.inner(literal));
    all_kept &= (core.vars[clause.back().var()].frozen & kept) != 0;
  }
  if (all_kept) return take_clause(core, std::move(clause), false);
  // Clauses with the others may have left the formula, and come back now.
  backtrack(core, 0);
  add_original(core, literals);
  if (!core.inconsistent) restore(core);
  return {};
}

const std::vector<std::int32_t> &ask_reason(Core &core, Lit lit) {
  External &external = core.external;
  if (const auto found = external.reasons.find(lit.code()); found != external.reasons.end())
    return found->second;
  std::vector<std::int32_t> clause;
  external.propagator->reason(core.names.outer(lit), clause);
  check_failed(core);
  if (std::ranges::find(clause, core.names.outer(lit)) == clause.end())
    blame(core, "provide_reason: the clause has not the literal that it is for");
  for (const std::int32_t literal : clause)
    if (!is_observed_literal(core, literal))
      blame(core, "provide_reason: a literal that is not observed");
  return external.reasons.emplace(lit.code(), std::move(clause)).first->second;
}

// It implied a literal that is false: its reason is a conflict, or asserts another literal.
Conflict refute(Core &core, Lit lit) {
  core.external.reasons.erase(lit.code());
  std::vector<Lit> clause;
  for (const std::int32_t literal : ask_reason(core, lit))
    clause.push_back(core.names.inner(literal));
  core.external.reasons.erase(lit.code());
  for (const Lit other : clause)
    if (core.value(other) >= 0) blame(core, "provide_reason: a literal that is not false");
  return take_clause(core, std::move(clause), true);
}

// Asks for the literals that it implies and assigns them, up to one that is false, which is
// returned.
std::optional<Lit> assign_implied(Core &core) {
  External &external = core.external;
  external.buffer.clear();
  external.propagator->propagate(external.buffer);
  check_failed(core);
  for (const std::int32_t literal : external.buffer) {
    if (!is_observed_literal(core, literal)) {
      if (requested(core, literal)) continue;
      blame(core, "propagate: a literal that is not observed");
    }
    const Lit lit = core.names.inner(literal);
    const Value value = core.value(lit);
    if (value > 0) continue;
    if (value < 0) return lit;
    external.reasons.erase(lit.code());
    imply_lazily(core, lit, {0, static_cast<std::uint32_t>(LazySource::Kind::propagator)});
  }
  return std::nullopt;
}

// Literals that it implies.  True if there is something to propagate.
bool take_literals(Core &core, Conflict &conflict) {
  const std::uint32_t before = core.trail.size(), level = core.trail.level;
  if (const std::optional<Lit> falsified = assign_implied(core)) {
    if (core.trail.level)
      conflict = refute(core, *falsified);
    else
      derive_empty(core);
    return true;
  }
  return core.trail.size() != before || core.trail.level != level;
}

// One clause that it wants to add.  True if there was one.
bool take_clauses(Core &core, Conflict &conflict) {
  External &external = core.external;
  external.buffer.clear();
  const bool any = external.propagator->add_clause(external.buffer);
  check_failed(core);
  if (!any) return false;
  const std::vector<std::int32_t> clause = external.buffer;
  conflict = take_any_clause(core, clause);
  return true;
}

// True if there were any: the search is on the root level then.
bool serve_requests(Core &core) {
  External &external = core.external;
  if (external.requests.empty()) return false;
  backtrack(core, 0);
  const std::vector<std::int32_t> requests = std::exchange(external.requests, {});
  for (const std::int32_t request : requests) {
    resize_vars(core, static_cast<std::uint32_t>(std::abs(request)));
    const Var var = core.names.inner(std::abs(request)).var();
    if (request > 0)
      observe(core, var);
    else
      ignore(core, var);
  }
  if (!core.inconsistent) restore(core);
  return true;
}

}  // namespace

void observe(Core &core, Var var) {
  NB_ASSERT(!core.trail.level);
  begin_constraint(core);
  External &external = core.external;
  if (external.observed.size() < core.num_vars()) external.observed.resize(core.num_vars(), 0);
  if (external.observed[var]) return;
  external.observed[var] = 1;
  external.quiet_trail = ~0u;
  freeze(core, var, frozen_by_propagator);
  const Value value = core.value(Lit(var, false));
  if (!value) return;
  if (core.trail.assigned[var].trail >= external.told) {
    tell_quietly(core);
    return;
  }
  // Its turn on the trail is over.
  const UserPropagator::Event event{core.names.outer(Lit(var, value < 0)), true};
  external.propagator->hear({&event, 1});
}

void request_observed(Core &core, std::int32_t user_var) {
  External &external = core.external;
  const auto at_once = [&] {
    if (static_cast<std::uint32_t>(user_var) > core.names.user_vars()) return false;
    const Var var = core.names.inner(user_var).var();
    if (var.index() >= external.observed.size() || var.index() >= core.constraints.source.size())
      return false;
    const Extension &extension = core.extension;
    if (extension.is_witness[Lit(var, false)] || extension.is_witness[Lit(var, true)]) return false;
    const bool told = core.value(Lit(var, false)) && core.trail.assigned[var].trail < external.told;
    return core.active(var) && !told;
  };
  if (!at_once()) {
    external.requests.push_back(user_var);
    return;
  }
  const Var var = core.names.inner(user_var).var();
  external.observed[var] = 1;
  external.quiet_trail = ~0u;
  core.vars[var].frozen |= frozen_by_propagator;
}

void ignore(Core &core, Var var) {
  External &external = core.external;
  if (var.index() >= external.observed.size() || !external.observed[var]) return;
  external.observed[var] = 0;
  core.vars[var].frozen &= static_cast<std::uint8_t>(~frozen_by_propagator);
}

// After a level was left that it has heard of.
void tell_backtrack(Core &core) {
  External &external = core.external;
  external.told_level = core.trail.level;
  external.told = std::min(external.told, core.trail.size());
  external.quiet_trail = ~0u;
  if (!external.propagator) return;
  external.propagator->backtrack(core.trail.level);
}

bool imply_external(Core &core) {
  if (!core.external.propagator || core.external.passive) return true;
  tell(core);
  return !assign_implied(core);
}

bool consult(Core &core, Conflict &conflict) {
  External &external = core.external;
  check_failed(core);
  if (serve_requests(core)) return true;
  if (external.passive) return false;
  if (external.quiet_trail == core.trail.size() && external.quiet_level == core.trail.level)
    return false;
  tell(core);
  if (take_literals(core, conflict) || take_clauses(core, conflict)) return true;
  external.quiet_trail = core.trail.size();
  external.quiet_level = core.trail.level;
  return !external.requests.empty();
}

bool refuses(Core &core, Conflict &conflict) {
  External &external = core.external;
  if (!external.passive) tell(core);
  std::vector<std::int32_t> model;
  for (std::uint32_t i = 0; i < external.observed.size(); ++i) {
    const Lit lit(Var(i), false);
    if (external.observed[Var(i)])
      model.push_back(core.value(lit) > 0 ? core.names.outer(lit) : core.names.outer(~lit));
  }
  const bool accepted = external.propagator->accepts(model);
  check_failed(core);
  if (accepted) return false;
  // It may have asked to hear of more variables instead.
  const auto more = std::ranges::count(external.observed, 1) != std::ssize(model);
  const std::uint32_t size = core.trail.size();
  bool any = false, changed = more || !external.requests.empty();
  // One that changes something is enough: the next ones are asked for when they are needed.
  while (!changed && take_clauses(core, conflict)) {
    any = true;
    changed = conflict.found() || core.inconsistent || core.trail.size() != size ||
              core.trail.propagated != core.trail.size() || !external.requests.empty();
  }
  if (!changed && !any) blame(core, "check_model: false, but there is no clause against the model");
  if (!changed) blame(core, "add_clause: the model that was refused satisfies the clause");
  return true;
}

Lit advised_decision(Core &core, bool &given) {
  given = false;
  const std::int32_t literal = core.external.propagator->decide();
  check_failed(core);
  if (!literal) return {};
  if (!is_observed_literal(core, literal)) blame(core, "decide: a literal that is not observed");
  const Lit lit = core.names.inner(literal);
  // One that has a value already leaves the choice to the solver.
  given = !core.value(lit);
  return lit;
}

Reason explain_external(Core &core, Lit lit, std::vector<Lit> &clause) {
  const Trail &trail = core.trail;
  const Assigned &of = trail.assigned[lit.var()];
  std::uint32_t level = 0;
  for (const std::int32_t literal : ask_reason(core, lit)) {
    const Lit other = core.names.inner(literal);
    if (other == lit) continue;
    const Assigned &by = trail.assigned[other.var()];
    if (core.value(other) >= 0 || by.trail >= of.trail)
      blame(core, "provide_reason: a literal that was not false before the one implied");
    if (!by.level) continue;
    clause.push_back(other);
    level = std::max(level, by.level);
  }
  if (clause.size() == 1) throw Abandon{lit, true};
  // The latest first; the same one twice becomes one.
  std::ranges::sort(clause.begin() + 1, clause.end(), std::greater(),
                    [&](Lit other) { return trail.assigned[other.var()].trail; });
  clause.erase(std::unique(clause.begin() + 1, clause.end()), clause.end());
  // Clauses made for the moment lie at the end of the arena and go together.
  if (level != of.level || core.constraints.explained_from != no_clause) return Reason::none();
  core.external.reasons.erase(lit.code());
  const ClauseRef ref = add_clause(core, clause, true, static_cast<std::uint32_t>(clause.size()));
  return ref == no_clause ? Reason::binary(clause[1]) : Reason::large(ref);
}

void abandon_analysis(Core &core) {
  Trail &trail = core.trail;
  for (const Lit lit : trail.lits) {
    Assigned &assigned = trail.assigned[lit.var()];
    assigned.seen = assigned.poisoned = assigned.removable = assigned.shrinkable = 0;
  }
  for (Level &level : trail.levels) {
    level.seen_count = 0;
    level.seen_trail = ~0u;
  }
  core.analysis.shrinkable.clear();
  clear_analysis(core);
  forget_explanations(core);
  core.answer.failed.clear();
  backtrack(core, 0);
}

}  // namespace nb
