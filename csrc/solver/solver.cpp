// SPDX-License-Identifier: MIT
#include "solver/solver.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

#include "solver/effort.hpp"
#include "solver/inprocess/inprocess.hpp"
#include "solver/search/constraints.hpp"
#include "solver/search/search.hpp"
#include "solver/state/database.hpp"

namespace nb {

namespace {

std::uint32_t checked_var(std::int32_t literal) {
  NB_REQUIRE(literal != 0, "literal 0: literals are nonzero integers");
  // The magnitude of the most negative integer is computed without overflow.
  const std::uint32_t magnitude =
      literal < 0 ? 0u - static_cast<std::uint32_t>(literal) : static_cast<std::uint32_t>(literal);
  NB_REQUIRE(magnitude <= static_cast<std::uint32_t>(max_dimacs_var),
             "literal %d: the largest variable is %d", literal, max_dimacs_var);
  return magnitude;
}

// Checks all of them before the solver changes.
std::uint32_t checked_vars(std::span<const std::int32_t> literals) {
  std::uint32_t largest = 0;
  for (const std::int32_t literal : literals) largest = std::max(largest, checked_var(literal));
  return largest;
}

std::int64_t budget_end(std::int64_t now, std::int64_t budget) {
  if (budget < 0) return std::numeric_limits<std::int64_t>::max();
  return budget > std::numeric_limits<std::int64_t>::max() - now
             ? std::numeric_limits<std::int64_t>::max()
             : now + budget;
}

void set_budget(Core &core, const Budget &budget) {
  Control &control = core.control;
  control.stop = StopReason::none;
  control.conflicts = budget_end(core.stats.conflicts, budget.conflicts);
  control.decisions = budget_end(core.stats.decisions, budget.decisions);
  control.propagations = budget_end(core.stats.propagations, budget.propagations);
  control.ticks = budget_end(core.stats.ticks, budget.ticks);
  control.has_deadline = budget.seconds >= 0;
  if (control.poll) control.next_poll = std::chrono::steady_clock::now() + poll_interval;
  // A century is for ever, and fits the clock.
  if (control.has_deadline)
    control.deadline = std::chrono::steady_clock::now() +
                       std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                           std::chrono::duration<double>(std::min(budget.seconds, 3e9)));
}

void leave_result(Core &core) {
  core.answer.status = Status::unknown;
  core.answer.model_ready = false;
  core.answer.failed.clear();
  backtrack(core, 0);
}

// Assumed variables must be in the formula that is left, and stay there.
void import_assumptions(Core &core, std::span<const std::int32_t> assumptions) {
  core.assumptions.clear();
  for (const std::int32_t dimacs : assumptions) {
    const Lit lit = core.names.inner(dimacs);
    core.assumptions.push_back(lit);
    VarInfo &info = core.vars[lit.var()];
    info.frozen |= frozen_by_assumption;
    if (core.extension.is_witness[~lit]) {
      core.extension.tainted[lit] = 1;
      core.extension.any_tainted = true;
    }
    if (info.state != VarState::active && info.state != VarState::fixed) activate(core, lit.var());
  }
}

void release_assumptions(Core &core) {
  for (const Lit lit : core.assumptions) core.vars[lit.var()].frozen &= ~frozen_by_assumption;
}

void start(Core &core) {
  core.started = true;
  core.random = Random(static_cast<std::uint64_t>(core.options.seed));
  update_tiers(core);
  core.schedule.start(core.options, core.stats);
  init_mode(core);
  shuffle_order(core);
  seed_order(core);
}

}  // namespace

Solver::Solver() : core_(std::make_unique<Core>()) {
  core_->trail.levels.resize(1);
}
Solver::~Solver() = default;
Solver::Solver(Solver &&) noexcept = default;
Solver &Solver::operator=(Solver &&) noexcept = default;

void Solver::set_option(std::string_view name, int value) {
  const OptionRow *row = find_option(name);
  NB_REQUIRE(row, "unknown option %s", std::string(name).c_str());
  NB_REQUIRE(row->low <= value && value <= row->high, "option %s: %d is not in %d..%d",
             std::string(name).c_str(), value, row->low, row->high);
  core_->options.*row->field = value;
}

int Solver::option(std::string_view name) const {
  const OptionRow *row = find_option(name);
  NB_REQUIRE(row, "unknown option %s", std::string(name).c_str());
  return core_->options.*row->field;
}

std::vector<OptionInfo> Solver::options() const {
  std::vector<OptionInfo> result;
  for (const OptionRow &row : option_table)
    result.push_back({row.name, core_->options.*row.field, row.low, row.high, row.description});
  return result;
}

void Solver::connect_proof(ProofListener *listener) {
  NB_REQUIRE(!core_->stats.clauses_original, "a proof must be connected before the first clause");
  core_->proof.listener = listener;
}

void Solver::reserve_vars(std::int32_t n) {
  NB_REQUIRE(n >= 0 && n <= max_dimacs_var, "%d variables: 0..%d are possible", n, max_dimacs_var);
  leave_result(*core_);
  resize_vars(*core_, static_cast<std::uint32_t>(n));
}

std::int32_t Solver::num_vars() const {
  return static_cast<std::int32_t>(core_->names.user_vars());
}

void Solver::add_clause(std::span<const std::int32_t> clause) {
  const std::uint32_t largest = checked_vars(clause);
  leave_result(*core_);
  resize_vars(*core_, largest);
  add_original(*core_, clause);
}

void Solver::add_linear(std::span<const std::int32_t> literals,
                        std::span<const std::int64_t> weights, std::int64_t bound) {
  // Sums of this many weights of this size do not overflow.
  constexpr std::int64_t largest = std::int64_t{1} << 32;
  constexpr std::size_t longest = std::size_t{1} << 29;
  NB_REQUIRE(!core_->proof, "a proof has no lines for constraints that are no clauses");
  NB_REQUIRE(weights.empty() || weights.size() == literals.size(), "%zu literals, but %zu weights",
             literals.size(), weights.size());
  NB_REQUIRE(literals.size() <= longest, "%zu literals in a constraint", literals.size());
  for (const std::int64_t weight : weights)
    NB_REQUIRE(-largest <= weight && weight <= largest, "weight %lld, expected at most 2^32",
               static_cast<long long>(weight));
  const std::uint32_t vars = checked_vars(literals);
  leave_result(*core_);
  resize_vars(*core_, vars);
  std::vector<Term> terms;
  for (std::size_t i = 0; i < literals.size(); ++i)
    terms.push_back({core_->names.inner(literals[i]), weights.empty() ? 1 : weights[i]});
  nb::add_linear(*core_, std::move(terms), std::clamp(bound, -(largest << 30), largest << 30));
}

void Solver::add_parity(std::span<const std::int32_t> vars, bool odd) {
  NB_REQUIRE(!core_->proof, "a proof has no lines for constraints that are no clauses");
  const std::uint32_t largest = checked_vars(vars);
  leave_result(*core_);
  resize_vars(*core_, largest);
  std::vector<Var> open;
  for (const std::int32_t var : vars) {
    NB_REQUIRE(var > 0, "literal %d in a parity, expected a variable", var);
    open.push_back(core_->names.inner(var).var());
  }
  nb::add_parity(*core_, open, odd);
}

Status Solver::solve(std::span<const std::int32_t> assumptions, const Budget &budget) {
  Core &core = *core_;
  const std::uint32_t largest = checked_vars(assumptions);
  leave_result(core);
  resize_vars(core, largest);
  ++core.stats.solve_calls;
  set_budget(core, budget);
  core.proof.start();
  // Remembered from before the call; where no search is needed, nobody else would ask.
  if (core.control.interrupted.load()) {
    core.control.stop = StopReason::interrupt;
    return core.answer.status;
  }
  import_assumptions(core, assumptions);
  if (core.control.mail.load() || !core.control.replay.empty()) open_mail(core);
  if (!core.inconsistent) restore(core);
  if (propagate_root(core)) {
    if (!core.started) start(core);
    core.pacing.restart = core.stats.conflicts + core.options.restart_interval;
    core.answer.status = search(core);
  } else {
    core.answer.status = Status::unsatisfiable;
  }
  release_assumptions(core);
  if (core.answer.status == Status::unknown) backtrack(core, 0);
  if (core.proof) core.proof.listener->flush();
  report(core, core.answer.status == Status::satisfiable     ? '1'
               : core.answer.status == Status::unsatisfiable ? '0'
                                                             : '?');
  return core.answer.status;
}

Status Solver::status() const {
  return core_->answer.status;
}
StopReason Solver::stop_reason() const {
  return core_->control.stop;
}

int Solver::value(std::int32_t literal) const {
  const std::uint32_t var = checked_var(literal);
  NB_REQUIRE(core_->answer.status == Status::satisfiable,
             "no model: the last call was not satisfiable");
  NB_REQUIRE(var <= core_->names.user_vars(), "variable %u of %u", var, core_->names.user_vars());
  if (!core_->answer.model_ready) extend(*core_);
  const Lit lit = core_->names.inner(literal);
  const int value = core_->answer.model[lit.var().index()];
  return lit.negative() ? -value : value;
}

void Solver::connect_propagator(UserPropagator *propagator, bool passive) {
  NB_REQUIRE(!core_->proof, "a proof has no lines for what a propagator implies");
  leave_result(*core_);
  reset_observed();
  core_->external.propagator = propagator;
  core_->external.passive = passive;
  core_->external.told = core_->external.told_level = 0;
  begin_constraint(*core_);
}

void Solver::observe(std::int32_t var) {
  const std::uint32_t largest = checked_var(var);
  NB_REQUIRE(core_->external.propagator, "observe: there is no propagator");
  leave_result(*core_);
  resize_vars(*core_, largest);
  nb::observe(*core_, core_->names.inner(var).var());
}

void Solver::ignore(std::int32_t var) {
  if (checked_var(var) > core_->names.user_vars()) return;
  leave_result(*core_);
  nb::ignore(*core_, core_->names.inner(var).var());
}

void Solver::reset_observed() {
  leave_result(*core_);
  for (std::uint32_t i = 0; i < core_->external.observed.size(); ++i) nb::ignore(*core_, Var(i));
}

void Solver::request_observed(std::int32_t var, bool observed) {
  checked_var(var);
  if (observed)
    nb::request_observed(*core_, var);
  else
    core_->external.requests.push_back(-var);
}

void Solver::set_passive(bool passive) {
  core_->external.passive = passive;
  core_->external.quiet_trail = ~0u;
}

bool Solver::passive() const {
  return core_->external.passive;
}

bool Solver::is_decision(std::int32_t literal) const {
  if (checked_var(literal) > core_->names.user_vars()) return false;
  const Var var = core_->names.inner(literal).var();
  const Trail &trail = core_->trail;
  const std::uint32_t level = trail.assigned[var].level;
  return core_->value(Lit(var, false)) && level && trail.levels[level].decision.var() == var;
}

std::vector<signed char> Solver::model() const {
  NB_REQUIRE(core_->answer.status == Status::satisfiable,
             "no model: the last call was not satisfiable");
  if (!core_->answer.model_ready) extend(*core_);
  const std::vector<signed char> &model = core_->answer.model;
  if (core_->constraints.any && !satisfies_constraints(*core_, model))
    throw std::logic_error("internal error: the model violates a constraint");
  if (!core_->names.own_vars()) return model;
  std::vector<signed char> result(core_->names.user_vars());
  for (std::uint32_t i = 0; i < result.size(); ++i)
    result[i] = model[core_->names.inner(Var(i).dimacs()).var().index()];
  return result;
}

bool Solver::failed(std::int32_t assumption) const {
  const std::uint32_t var = checked_var(assumption);
  NB_REQUIRE(core_->answer.status == Status::unsatisfiable,
             "no core: the last call was not unsatisfiable");
  const auto &failed = core_->answer.failed;
  if (var > core_->names.user_vars()) return false;
  return std::find(failed.begin(), failed.end(), core_->names.inner(assumption)) != failed.end();
}

std::vector<std::int32_t> Solver::core() const {
  NB_REQUIRE(core_->answer.status == Status::unsatisfiable,
             "no core: the last call was not unsatisfiable");
  std::vector<std::int32_t> result;
  for (const Lit lit : core_->answer.failed) result.push_back(core_->names.outer(lit));
  return result;
}

bool Solver::inconsistent() const {
  return core_->inconsistent;
}

int Solver::fixed(std::int32_t literal) const {
  if (checked_var(literal) > core_->names.user_vars()) return 0;
  return core_->root_value(core_->names.inner(literal));
}

std::size_t Solver::append_facts(std::size_t from, std::vector<std::int32_t> &facts) const {
  const Trail &trail = core_->trail;
  const std::size_t roots = trail.level ? trail.levels[1].trail : trail.lits.size();
  for (std::size_t i = from; i < roots; ++i)
    if (!core_->names.is_own(trail.lits[i].var()))
      facts.push_back(core_->names.outer(trail.lits[i]));
  return std::max(from, roots);
}

bool Solver::active(std::int32_t literal) const {
  return checked_var(literal) <= core_->names.user_vars() &&
         core_->active(core_->names.inner(literal).var());
}

namespace {

// Without saving phases; constraints too.  False on a conflict.
bool propagates(Core &core) {
  for (;;) {
    if (propagate_probing(core).found()) return false;
    if (!core.constraints.any) return true;
    const bool conflict = propagate_constraints(core).found();
    forget_explanations(core);
    if (conflict) return false;
    if (core.trail.propagated != core.trail.size()) continue;
    if (!imply_external(core)) return false;
    if (core.trail.propagated == core.trail.size()) return true;
  }
}

}  // namespace

bool Solver::propagate(std::span<const std::int32_t> assumptions,
                       std::vector<std::int32_t> &implied) {
  Core &core = *core_;
  const std::uint32_t largest = checked_vars(assumptions);
  leave_result(core);
  resize_vars(core, largest);
  core.proof.start();
  implied.clear();
  import_assumptions(core, assumptions);
  // Propagation is asked for on the formula as added: undo all that took clauses away.
  core.keeps_clauses = true;
  if (!core.extension.empty()) {
    core.extension.tainted.assign(core.extension.tainted.size(), 1);
    core.extension.any_tainted = true;
    restore(core);
  }
  bool consistent = propagate_root(core);
  const During probing(core.activity, Doing::probing);
  const std::int64_t before = core.outside_ticks;
  try {
    if (consistent && core.external.propagator && !propagates(core)) {
      // What the counters of constraints have seen on the root they do not see again.
      derive_empty(core);
      consistent = false;
    }
    for (const Lit lit : core.assumptions) {
      if (!consistent) break;
      const Value value = core.value(lit);
      if (value < 0) {
        consistent = false;
      } else if (!value) {
        decide_literal(core, lit);
        consistent = propagates(core);
      }
    }
  } catch (const Abandon &) {
    // The propagator has failed, and says so itself.
    consistent = false;
  }
  release_assumptions(core);
  for (const Lit lit : core.trail.lits)
    if (!core.names.is_own(lit.var())) implied.push_back(core.names.outer(lit));
  backtrack(core, 0);
  core.stats.ticks_propagate += core.outside_ticks - before;
  return consistent;
}

std::vector<signed char> Solver::local_minimum(std::span<const signed char> from) {
  Core &core = *core_;
  NB_REQUIRE(!core.preprocessed, "local_minimum comes before the first call of solve");
  NB_REQUIRE(from.size() == core.num_vars(), "%zu values, expected %u", from.size(),
             core.num_vars());
  leave_result(core);
  std::vector<signed char> result(from.begin(), from.end());
  if (!propagate_root(core)) return result;
  if (!core.started) start(core);
  const Phases before = core.phases;
  for (std::uint32_t i = 0; i < core.num_vars(); ++i) core.phases.advice[Var(i)] = from[i];
  core.phases.mode = AdviceMode::initial;
  run(core, Technique::walk);
  for (std::uint32_t i = 0; i < core.num_vars(); ++i) {
    const Value fixed = core.value(Lit(Var(i), false));
    const Value value = fixed ? fixed : core.phases.saved[Var(i)];
    if (value) result[i] = value;
  }
  core.phases = before;
  return result;
}

bool Solver::propagate_units() {
  leave_result(*core_);
  return propagate_root(*core_);
}

void Solver::on_poll(std::function<bool()> poll) {
  core_->control.poll = std::move(poll);
}
void Solver::interrupt() noexcept {
  core_->control.interrupted.store(true);
}
void Solver::clear_interrupt() noexcept {
  core_->control.interrupted.store(false);
}
bool Solver::interrupted() const noexcept {
  return core_->control.interrupted.load();
}

void Solver::set_user_phases(std::span<const std::int32_t> literals) {
  const std::uint32_t largest = checked_vars(literals);
  Core &core = *core_;
  if (largest > core.names.user_vars()) {
    leave_result(core);
    resize_vars(core, largest);
  }
  core.phases.any_user |= !literals.empty();
  for (const std::int32_t dimacs : literals) {
    const Lit lit = core.names.inner(dimacs);
    core.phases.user[lit.var()] = lit.negative() ? -1 : 1;
  }
}

void Solver::clear_user_phases() {
  core_->phases.user.assign(core_->num_vars(), 0);
  core_->phases.any_user = false;
}

namespace {

Letter make_letter(std::int64_t conflicts, std::span<const signed char> phases,
                   std::span<const float> confidence, AdviceMode mode) {
  NB_REQUIRE(confidence.empty() || confidence.size() == phases.size(),
             "%zu phases, but %zu confidences", phases.size(), confidence.size());
  for (std::size_t i = 0; i < phases.size(); ++i)
    NB_REQUIRE(phases[i] >= -1 && phases[i] <= 1, "phase %d of variable %zu: 1, -1 or 0", phases[i],
               i + 1);
  Letter letter;
  letter.conflicts = conflicts;
  letter.phases.assign(phases.begin(), phases.end());
  letter.confidence.assign(confidence.begin(), confidence.end());
  letter.mode = mode;
  return letter;
}

}  // namespace

void Solver::advise(std::span<const signed char> phases, std::span<const float> confidence,
                    AdviceMode mode) {
  Letter letter = make_letter(0, phases, confidence, mode);
  const std::lock_guard guard(core_->control.mutex);
  core_->control.mailbox.push_back(std::move(letter));
  core_->control.mail.store(true);
}

void Solver::advise_at(std::int64_t conflicts, std::span<const signed char> phases,
                       std::span<const float> confidence, AdviceMode mode) {
  auto &replay = core_->control.replay;
  replay.push_back(make_letter(conflicts, phases, confidence, mode));
  std::stable_sort(replay.begin(), replay.end(),
                   [](const Letter &a, const Letter &b) { return a.conflicts > b.conflicts; });
}

std::vector<std::int64_t> Solver::handovers() const {
  return core_->control.handovers;
}

void Solver::set_bump_weights(std::span<const float> weights) {
  IndexVector<Var, float> &table = core_->order.weights;
  table.clear();
  if (weights.empty()) return;
  resize_vars(*core_, static_cast<std::uint32_t>(weights.size()));
  table.assign(core_->num_vars(), 1.0f);
  for (std::uint32_t i = 0; i < weights.size(); ++i) {
    NB_REQUIRE(weights[i] >= 0 && weights[i] <= 1e6f, "weight of variable %u is not in 0..1e6",
               i + 1);
    table[core_->names.inner(Var(i).dimacs()).var()] = weights[i];
  }
}

std::vector<StatisticInfo> Solver::statistics() const {
  std::vector<StatisticInfo> result;
  for (const StatisticRow &row : statistic_table)
    result.push_back({row.name, row.unit, core_->stats.*row.field, row.description});
  return result;
}

std::int64_t Solver::statistic(std::string_view name) const {
  for (const StatisticRow &row : statistic_table)
    if (row.name == name) return core_->stats.*row.field;
  throw ContractError("unknown statistic " + std::string(name));
}

std::int64_t Solver::statistic_ticks() const {
  return core_->stats.ticks;
}

void Solver::keep_to_rup() {
  core_->options.factor = core_->options.parity = 0;
}

void Solver::become_plain() {
  Options &options = core_->options;
  options.preprocess = options.inprocess = 0;
  options.lucky = options.rephase = options.reduce = options.stable = 0;
}

std::size_t Solver::clauses_held() const {
  auto count = static_cast<std::size_t>(core_->binaries_irredundant + core_->binaries_learned);
  const Arena &arena = core_->arena;
  for (ClauseRef ref = arena.first(); ref != arena.end(); ref = arena.next(ref)) ++count;
  return count;
}

std::size_t Solver::bytes() const {
  return core_->arena.bytes() + core_->watches.bytes();
}

void Solver::on_report(std::function<void(std::string_view)> sink) {
  core_->listeners.report = std::move(sink);
}

void Solver::on_learn(std::size_t max_size,
                      std::function<void(std::span<const std::int32_t>)> sink) {
  core_->listeners.learn_size = max_size;
  core_->listeners.learn = std::move(sink);
}

std::vector<std::int32_t> Solver::irredundant_clauses() const {
  const Core &core = *core_;
  std::vector<std::int32_t> result;
  if (core.inconsistent) return {0};
  const std::size_t roots = core.trail.level ? core.trail.levels[1].trail : core.trail.lits.size();
  for (std::size_t i = 0; i < roots; ++i) {
    result.push_back(core.names.listed(core.trail.lits[i]));
    result.push_back(0);
  }
  for (std::uint32_t code = 0; code < 2 * core.num_vars(); ++code) {
    const Lit lit = Lit::from_code(code);
    for (const Watch watch : core.watches[lit]) {
      if (!watch.is_binary() || watch.learned_binary() || !(lit < watch.blocking())) continue;
      result.insert(result.end(), {core.names.listed(lit), core.names.listed(watch.blocking()), 0});
    }
  }
  for (ClauseRef ref = core.arena.first(); ref != core.arena.end(); ref = core.arena.next(ref)) {
    const Clause &clause = core.arena[ref];
    if (clause.garbage || clause.learned) continue;
    for (const Lit lit : clause) result.push_back(core.names.listed(lit));
    result.push_back(0);
  }
  return result;
}

}  // namespace nb
