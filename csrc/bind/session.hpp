// SPDX-License-Identifier: MIT
// Session: a core with what Python users expect around it.
//
// Clauses, the user's phases and new variables wait here and reach the core at the next call that
// needs them, so that the model or core of the last call outlives them, as in PySAT.  One call at
// a time: a second one into a busy session throws std::runtime_error, but for `interrupt`,
// `clear_interrupt` and `advise`.
//
// Ctrl-C and Python callbacks are looked at from inside the search every 50 ms.  An exception that
// comes up there is kept, ends the call, and is raised when the core has come to rest.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bind/bind.hpp"
#include "bind/clauses.hpp"
#include "bind/python_propagator.hpp"
#include "formula/formula.hpp"
#include "proof/proof.hpp"
#include "solver/solver.hpp"

namespace nb::bind {

class Session {
 public:
  Session();

  // The one call that a session is in.
  class Turn {
   public:
    explicit Turn(Session &session);
    ~Turn() { session_.busy_.store(false); }
    Turn(const Turn &) = delete;
    Turn &operator=(const Turn &) = delete;

   private:
    Session &session_;
  };

  // Whom to ask during a call whether to go on.
  class Asking {
   public:
    Asking(Session &session, bool check_signals, const pybind11::object &should_stop);
    ~Asking();
    Asking(const Asking &) = delete;
    Asking &operator=(const Asking &) = delete;

   private:
    Session &session_;
  };

  // Clauses and variables.  All but `load` return the number of clauses that came.
  std::size_t add_clause(const pybind11::object &clause);
  std::size_t add_clauses(const pybind11::object &clauses);
  std::size_t add_csr(const pybind11::buffer &literals, const pybind11::buffer &offsets);
  // Clauses and inequalities (literals, weights, bound) together, or none of them on an error.
  std::size_t add_formula(const pybind11::object &clauses, const pybind11::iterable &linears);
  void add_linear(const pybind11::object &literals, const pybind11::object &weights,
                  std::int64_t bound);
  // An odd number of the literals is true, or an even one.
  void add_parity(const pybind11::object &literals, bool odd);
  std::size_t num_constraints() const { return constraints_.size(); }

  // The user's propagator, in place of the one before.  The calls below it may come from its own
  // methods while the session is busy.
  void connect_propagator(const pybind11::object &propagator);
  void observe(std::int32_t var, bool observed);
  void reset_observed();
  void set_passive(bool passive);
  bool passive();
  bool is_decision(std::int32_t literal);
  // Begin anew with the clauses, constraints and wishes of `other`, which is left empty.
  void succeed(Session &other);
  // Straight into the core; such clauses are not in `clauses()`.  False if it was stopped half way.
  bool load(const Formula &formula, bool check_signals, const pybind11::object &should_stop);
  // What `other` has got since this session followed it last; its phases too.
  void follow(Session &other);
  void reserve(std::int64_t vars);
  std::int32_t num_vars() const { return std::max(num_vars_, advised_vars_.load()); }
  std::size_t num_clauses() const { return num_clauses_; }
  // As added, zero-terminated.
  pybind11::array clauses(const pybind11::object &assumptions);
  // False if unit propagation refutes the formula.
  bool propagate_units();

  // Proofs: "drat", "drat-text", "lrat", "lrat-text" to `sink`, or "keep": DRAT text, here.  Before
  // any clause.
  void connect_proof(const std::string &form, const pybind11::object &sink);
  pybind11::list kept_proof();

  // 10, 20 or 0.  Negative budgets are none.  `check_signals`: this is the main thread.
  int solve(const pybind11::object &assumptions, const Budget &budget, bool check_signals,
            const pybind11::object &should_stop);
  std::string stop_reason();
  pybind11::list model();
  pybind11::array model_values();
  // The same as int8 in a `bytes`, for callers without numpy.
  pybind11::bytes model_bytes();
  // None after UNSAT without assumptions.
  pybind11::object core();
  std::pair<bool, pybind11::list> propagate(const pybind11::object &assumptions);

  void interrupt() noexcept { solver_.interrupt(); }
  void clear_interrupt() noexcept { solver_.clear_interrupt(); }
  bool interrupted() const noexcept { return solver_.interrupted(); }

  // Wishes for these variables; others stay as they are.
  void set_phases(const pybind11::object &literals);
  void clear_phases();
  void advise(const pybind11::array &phases, const pybind11::object &confidence,
              const std::string &mode, std::int64_t at);
  std::vector<std::int64_t> handovers();

  pybind11::dict statistics();
  // The counters when the running call last asked whether to go on.  Callable while it runs.
  pybind11::dict progress();
  pybind11::dict options();
  void set_option(const std::string &name, int value);
  void keep_to_rup() { solver_.keep_to_rup(); }
  // `ask` gets the counters once, at so many conflicts or ticks; true ends the call.
  void at_milestone(std::int64_t conflicts, std::int64_t ticks, const pybind11::object &ask);
  void on_report(const pybind11::object &sink);
  void on_learn(const pybind11::object &sink, std::size_t max_length);
  pybind11::array irredundant_clauses();
  std::size_t bytes();
  bool busy() const { return busy_.load(); }

 private:
  // An inequality, or a parity of variables, whose bound is then 1 or 0.
  struct Constraint {
    Literals literals;
    std::vector<std::int64_t> weights;
    std::int64_t bound;
    bool is_parity;
  };

  void take(Literals &&literals, std::size_t clauses);
  void take(Constraint &&constraint);
  // False if the caller stopped it half way.
  bool flush();
  void tell_core(const Constraint &constraint);
  void keep_result();
  bool poll();
  template <class Call>
  void inside(Call call);
  // Call back into Python and keep what it throws.
  template <class Call>
  void guarded(Call call) noexcept;
  void raise_kept();
  void refute_core();
  void wish(std::int32_t literal);

  // The listener outlives the core that talks to it.
  std::unique_ptr<ProofListener> proof_;
  std::unique_ptr<PythonPropagator> propagator_;
  std::string kept_proof_;
  Solver solver_;

  std::atomic<bool> busy_{false};
  // The core ran out of memory half way.
  bool broken_ = false;
  // The exception that a callback threw during the call.
  std::exception_ptr kept_;
  std::atomic<bool> failed_{false};
  // Counters for other threads, in the order of the table.
  std::mutex progress_lock_;
  std::vector<StatisticInfo> progress_;
  bool check_signals_ = false;
  pybind11::object should_stop_, report_sink_, learn_sink_, milestone_, proof_sink_;

  Literals clauses_;
  // How far the core has got with `clauses_`.
  std::size_t flushed_ = 0;
  std::size_t num_clauses_ = 0;
  std::vector<Constraint> constraints_;
  std::size_t flushed_constraints_ = 0, followed_constraints_ = 0;
  std::int32_t num_vars_ = 0;
  // Advice may come while another thread solves, and names variables, too.
  std::atomic<std::int32_t> advised_vars_{0};
  // How far this session has got with the one it follows.
  std::size_t followed_ = 0;
  // Wishes by variable (element v - 1) (0: none), and those that the core does not know yet.
  std::vector<signed char> wishes_;
  Literals fresh_wishes_;
  bool wishes_cleared_ = false;

  // Of the last solve; `model_` only once it was asked for or would have been lost.
  Status status_ = Status::unknown;
  Literals assumptions_, core_;
  std::vector<signed char> model_;
  bool model_kept_ = false;
};

}  // namespace nb::bind
