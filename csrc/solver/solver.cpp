// SPDX-License-Identifier: MIT
#include "solver/solver.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

#include "solver/inprocess/inprocess.hpp"
#include "solver/search/constraints.hpp"
#include "solver/search/search.hpp"
#include "solver/solver_calls.hpp"
#include "solver/state/database.hpp"

namespace nb {

void leave_result(Core &core) {
  core.answer.status = Status::unknown;
  core.answer.model_ready = false;
  core.answer.failed.clear();
  backtrack(core, 0);
}

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

void set_up_search(Core &core) {
  core.started = true;
  core.random = Random(static_cast<std::uint64_t>(core.options.seed));
  update_tiers(core);
  core.schedule.start(core.options, core.stats);
  init_mode(core);
  shuffle_order(core);
  seed_order(core);
}

namespace {

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
  // An interrupt from before the call; if no search is needed, nobody else would ask for it.
  if (core.control.interrupted.load()) {
    core.control.stop = StopReason::interrupt;
    return core.answer.status;
  }
  import_assumptions(core, assumptions);
  if (core.control.mail.load() || !core.control.replay.empty()) open_mail(core);
  if (!core.inconsistent) restore(core);
  if (propagate_root(core)) {
    if (!core.started) set_up_search(core);
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

// Options, counters and listeners

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

void Solver::at_milestone(std::int64_t conflicts, std::int64_t ticks, std::function<bool()> ask) {
  Control &control = core_->control;
  control.milestone_conflicts = conflicts;
  control.milestone_ticks = ticks;
  control.milestone = std::move(ask);
}

void Solver::on_report(std::function<void(std::string_view)> sink) {
  core_->listeners.report = std::move(sink);
}

void Solver::on_learn(std::size_t max_size,
                      std::function<void(std::span<const std::int32_t>)> sink) {
  core_->listeners.learn_size = max_size;
  core_->listeners.learn = std::move(sink);
}

}  // namespace nb
