// SPDX-License-Identifier: MIT
// The solver as its users see it: clauses in, a verdict out, again and again.
//
//              add_clause, set_option, ...            solve = satisfiable: value
//   CONFIGURING --------------------------> READY ----> solve = unsatisfiable: failed, core
//   (connect_proof, before any clause)        ^         solve = unknown: stop_reason
//                                             |__________________|   add clauses, solve again
//
// Literals are DIMACS integers here; everything behind `Core` uses the codes of literal.hpp.
// One solver belongs to one thread at a time, but for `interrupt`, `clear_interrupt` and `advise`,
// which any thread may call while `solve` runs.  A broken rule throws ContractError and leaves
// the solver as it was.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "proof/proof.hpp"
#include "solver/result.hpp"
#include "solver/user_propagator.hpp"

namespace nb {

struct Core;

struct OptionInfo {
  std::string_view name;
  int value, low, high;
  std::string_view description;
};

struct StatisticInfo {
  std::string_view name;
  std::string_view unit;
  std::int64_t value;
  std::string_view description;
};

class Solver {
 public:
  Solver();
  ~Solver();
  Solver(Solver &&) noexcept;
  Solver &operator=(Solver &&) noexcept;

  // Options by name (options.def).  Unknown names and values out of range throw.
  void set_option(std::string_view name, int value);
  int option(std::string_view name) const;
  std::vector<OptionInfo> options() const;

  // `listener` receives everything derived; it must outlive the solver and come before any clause.
  // `original` is called for each clause as it is added.  `erase` receives the id 0: clauses are
  // found by their literals.
  void connect_proof(ProofListener *listener);

  // Variables 1..n exist (and get a value in models), whether clauses name them or not.
  void reserve_vars(std::int32_t n);
  std::int32_t num_vars() const;
  void add_clause(std::span<const std::int32_t> clause);

  // The weights of the true literals (empty: all 1) add up to at most `bound`; an odd number of the
  // variables is true, or an even one.  No proof may be connected.
  void add_linear(std::span<const std::int32_t> literals, std::span<const std::int64_t> weights,
                  std::int64_t bound);
  void add_parity(std::span<const std::int32_t> vars, bool odd);

  // The user's own reasoning; it must outlive the solver or the next `connect_propagator`.  No
  // proof may be connected.  What was learned with a propagator stays learned without it.
  // `passive`: it is asked about models only.
  void connect_propagator(UserPropagator *propagator, bool passive);
  void observe(std::int32_t var);
  void ignore(std::int32_t var);
  void reset_observed();
  // From its methods only: the same, at the next chance, and what it may ask.
  void request_observed(std::int32_t var, bool observed);
  void set_passive(bool passive);
  bool passive() const;
  bool is_decision(std::int32_t literal) const;

  Status solve(std::span<const std::int32_t> assumptions = {}, const Budget &budget = {});
  Status status() const;
  StopReason stop_reason() const;

  // After `satisfiable`: 1 if the literal is true, -1 if it is false.
  int value(std::int32_t literal) const;
  // The model: element v - 1 is 1 or -1 for variable v.
  std::vector<signed char> model() const;
  // After `unsatisfiable`: is this assumption part of the core?
  bool failed(std::int32_t assumption) const;
  std::vector<std::int32_t> core() const;
  // No clause together with the root-level consequences found so far is satisfiable.
  bool inconsistent() const;

  // The value of a literal in every model, as far as known: 1, -1, or 0.
  int fixed(std::int32_t literal) const;
  // Append the literals that are true in every model, as far as known, from the one at place
  // `from` on, in the order in which they were found.  Returns how many there are in all.
  std::size_t append_facts(std::size_t from, std::vector<std::int32_t> &facts) const;
  // Is the variable still in the formula: not fixed, eliminated or substituted?
  bool active(std::int32_t literal) const;

  // Unit propagation of the assumptions alone.  False if they run into a conflict; `implied`
  // receives all literals true at the end, in the order of propagation, assumptions included.
  bool propagate(std::span<const std::int32_t> assumptions, std::vector<std::int32_t> &implied);

  // The best assignment that local search finds from `start` (1 or -1, of variable v at v - 1),
  // before the first call of `solve`, which it does not change.
  std::vector<signed char> local_minimum(std::span<const signed char> start);

  // Unit propagation of what was added, at the root.  False if that refutes the formula.
  bool propagate_units();

  // Asked every 50 ms or so while `solve` runs, on its thread; true ends the call as an interrupt
  // does, but is not remembered.  It must not throw.
  void on_poll(std::function<bool()> poll);
  // Asked once while `solve` runs, on its thread, as soon as it has seen so many conflicts or spent
  // so many ticks in all; true ends the call as an interrupt does, but is not remembered.  It may
  // read statistics.  A search that goes on is the search without it.  It must not throw.
  void at_milestone(std::int64_t conflicts, std::int64_t ticks, std::function<bool()> ask);
  // Remembered until cleared; `solve` then returns unknown within milliseconds.
  void interrupt() noexcept;
  void clear_interrupt() noexcept;
  bool interrupted() const noexcept;

  // The user's wish: tried first at every decision on these variables.  It replaces earlier wishes
  // for these variables and no others.
  void set_user_phases(std::span<const std::int32_t> literals);
  void clear_user_phases();

  // Advice for variable v is phases[v - 1] (1, -1, or 0: none) with the confidence beside it
  // (empty: all 1).  Taken at the start of `solve` or at the next restart.
  void advise(std::span<const signed char> phases, std::span<const float> confidence,
              AdviceMode mode);
  // The same, taken at the first restart at or after this many conflicts: replays a hand-over.
  void advise_at(std::int64_t conflicts, std::span<const signed char> phases,
                 std::span<const float> confidence, AdviceMode mode);
  // Conflicts at which advice was taken, in order.
  std::vector<std::int64_t> handovers() const;
  // Factor on the activity bump of each variable (element v - 1); empty: all 1.
  void set_bump_weights(std::span<const float> weights);

  std::vector<StatisticInfo> statistics() const;
  // Moving averages of the mode that the search is in, by name: glue, learned size, level,
  // decisions for each conflict.
  std::vector<std::pair<std::string_view, double>> averages() const;
  std::int64_t statistic(std::string_view name) const;
  // Clauses of two literals or more that are stored, those about to be freed included.
  std::size_t clauses_held() const;
  // Bytes held by clauses and watches.
  std::size_t bytes() const;
  std::int64_t statistic_ticks() const;
  // No technique whose lemmas need a RAT argument (definitions of own variables), until its option
  // is set again: not every checker of LRAT knows RAT.
  void keep_to_rup();
  // No inprocessing and no schedule but restarts: for small helpers.
  void become_plain();

  // One line per event (mode switch, reduce, ...), without line end.
  void on_report(std::function<void(std::string_view)> sink);
  // Learned clauses of at most `max_size` literals.
  void on_learn(std::size_t max_size, std::function<void(std::span<const std::int32_t>)> sink);

  // The irredundant clauses as they are now, as zero-terminated literals in one array: the
  // formula that is left, with root-level units.  Satisfiable if and only if the formula is; not
  // equivalent to it if variables were eliminated.
  std::vector<std::int32_t> irredundant_clauses() const;

 private:
  std::unique_ptr<Core> core_;
};

}  // namespace nb
