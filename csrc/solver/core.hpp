// SPDX-License-Identifier: MIT
// The state of the solver: its parts, by value.  Techniques are free functions on it; the head
// of each says which parts it reads and writes.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <limits>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/ema.hpp"
#include "base/random.hpp"
#include "base/reluctant.hpp"
#include "proof/proof.hpp"
#include "solver/options.hpp"
#include "solver/pacing.hpp"
#include "solver/result.hpp"
#include "solver/schedule.hpp"
#include "solver/state/arena.hpp"
#include "solver/state/constraints.hpp"
#include "solver/state/extension.hpp"
#include "solver/state/external.hpp"
#include "solver/state/names.hpp"
#include "solver/state/order.hpp"
#include "solver/state/phases.hpp"
#include "solver/state/trail.hpp"
#include "solver/state/watch.hpp"
#include "solver/statistics.hpp"
#include "solver/techniques.hpp"

namespace nb {

// unused: in no clause yet.  Only active variables are decided.
enum class VarState : std::uint8_t { unused, active, fixed, eliminated, substituted };

// Why a variable must stay in the formula.
inline constexpr std::uint8_t frozen_by_assumption = 1, frozen_by_constraint = 2,
                              frozen_by_propagator = 4;

struct VarInfo {
  VarState state = VarState::unused;
  // Bits of the above: must not be eliminated or substituted.
  std::uint8_t frozen = 0;
  // A clause with it was removed or added since it was last tried.
  std::uint8_t eliminate = 1;
  std::uint8_t subsume = 1;
  // A clause with it came since factoring tried it last.
  std::uint8_t factor = 1;
  // Tried in this round of sweeping.
  std::uint8_t swept = 0;
};

// Scratch of conflict analysis; empty outside of it.
struct Analysis {
  std::vector<Lit> clause;
  std::vector<Var> analyzed;
  // Variables with poisoned or removable marks.
  std::vector<Var> minimized;
  std::vector<Var> shrinkable;
  std::vector<std::uint32_t> levels;
  std::vector<std::uint64_t> level_stamps;
  std::vector<std::pair<std::uint64_t, Var>> sorted, sort_scratch;
  std::uint64_t stamp = 0;
};

// Moving averages, one set a mode.
struct Averages {
  Ema glue_fast{33}, glue_slow{1e5}, decision_rate{1e4}, size{1e4}, level{1e4};
};

// How often learned clauses of each glue were used, one table a mode; gives the tiers.
struct GlueUsage {
  static constexpr std::size_t max = 64;
  std::uint64_t count[max + 1] = {};
  std::uint64_t total = 0;
  std::uint32_t tier1 = 2, tier2 = 6;
};

struct Letter {
  std::int64_t conflicts = 0;
  std::vector<signed char> phases;
  std::vector<float> confidence;
  AdviceMode mode = AdviceMode::off;
};

// How often the caller is asked whether to go on.
inline constexpr auto poll_interval = std::chrono::milliseconds(50);

// What other threads and the caller's budget have to say.
struct Control {
  std::atomic<bool> interrupted{false};
  std::atomic<bool> mail{false};
  std::mutex mutex;
  std::vector<Letter> mailbox;
  // Letters to be opened at a number of conflicts, the earliest last.
  std::vector<Letter> replay;
  std::vector<std::int64_t> handovers;
  // Absolute values of the counters at which the call ends.
  std::int64_t conflicts = 0, decisions = 0, propagations = 0, ticks = 0;
  bool has_deadline = false;
  std::chrono::steady_clock::time_point deadline;
  std::uint32_t polls = 0;
  std::function<bool()> poll;
  std::chrono::steady_clock::time_point next_poll;
  StopReason stop = StopReason::none;
  // Asked once, when the search has come so far; true ends the call.
  std::int64_t milestone_conflicts = no_milestone, milestone_ticks = no_milestone;
  std::function<bool()> milestone;
  static constexpr std::int64_t no_milestone = std::numeric_limits<std::int64_t>::max();
};

// The proof's listener and the numbering of clauses.
class ProofLink {
 public:
  explicit ProofLink(const Names &names) : names_(names) {}

  ProofListener *listener = nullptr;
  // While clauses are being added, derived ones wait: original clauses come first, so that
  // their ids are 1, 2, ... in the order of the formula.
  bool loading = true;

  explicit operator bool() const { return listener; }
  void original(std::span<const std::int32_t> clause);
  void add(std::span<const Lit> clause);
  void erase(std::span<const Lit> clause);
  // The same in the numbers of the proof.
  void add_named(std::span<const std::int32_t> clause);
  void erase_named(std::span<const std::int32_t> clause);
  void start();

 private:
  void emit(bool addition, std::span<const std::int32_t> clause);

  const Names &names_;
  std::uint64_t next_id_ = 1;
  bool complete_ = false;
  std::vector<std::int32_t> scratch_;
  // Zero-terminated, preceded by 1 (add) or 0 (erase).
  std::vector<std::int32_t> waiting_;
};

// What the solver is about.
//   search    clauses are watched; assignments save phases
//   probing   clauses are watched; assignments are tried and taken back, phases stay
//   dense     clauses are connected by occurrence instead (inprocess/dense.hpp)
enum class Doing : std::uint8_t { search, probing, dense };

// Written by `During` alone, so that whatever is begun ends.
class Activity {
 public:
  bool operator==(Doing doing) const { return now_ == doing; }

 private:
  friend class During;
  Doing now_ = Doing::search;
};

class During {
 public:
  During(Activity &activity, Doing doing) : activity_(activity), before_(activity.now_) {
    NB_ASSERT(before_ == Doing::search);
    activity_.now_ = doing;
  }
  ~During() { activity_.now_ = before_; }
  During(const During &) = delete;
  During &operator=(const During &) = delete;

 private:
  Activity &activity_;
  const Doing before_;
};

// A technique that finds nothing waits, for twice as many rounds each time.
class Delay {
 public:
  // True: sit this round out.
  bool waiting() { return left_ && left_--; }
  void update(bool fruitful) { left_ = rounds_ = fruitful ? rounds_ / 2 : 2 * rounds_ + 1; }

 private:
  std::uint32_t rounds_ = 0, left_ = 0;
};

struct Pass {
  // Things found by all runs.
  std::int64_t found = 0;
  Delay delay;
};

struct Passes {
  Pass rows[num_techniques];
  Pass &operator[](Technique technique) { return rows[static_cast<std::size_t>(technique)]; }
  const Pass &operator[](Technique technique) const {
    return rows[static_cast<std::size_t>(technique)];
  }
};

// Where passes go on next time.
struct Cursors {
  std::uint32_t probe = 0, transitive = 0, sweep = 0;
  // Complete rounds of sweeping; each looks farther.
  int sweep_rounds = 0;
  // Units when a literal was probed last without failing.
  IndexVector<Lit, std::int64_t> probed;
};

// What the last call ended with.
struct Answer {
  Status status = Status::unknown;
  // Assumptions that are false together, after `unsatisfiable`.
  std::vector<Lit> failed;
  // 1 or -1 for each variable; made when first asked for.
  std::vector<signed char> model;
  bool model_ready = false;
};

// Who watches from outside.
struct Listeners {
  std::function<void(std::string_view)> report;
  std::function<void(std::span<const std::int32_t>)> learn;
  // Longer learned clauses are not reported.
  std::size_t learn_size = 0;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
};

struct Core {
  Options options;
  Statistics stats;
  Pacing pacing;
  Schedule schedule;
  Passes passes;
  Cursors cursors;

  Trail trail;
  Arena arena;
  Watches watches;
  Phases phases;
  Order order;
  Names names;
  Constraints constraints;
  External external;
  IndexVector<Var, VarInfo> vars;
  Extension extension;

  Analysis analysis;
  Averages averages[2];
  GlueUsage glue_usage[2];
  Reluctant reluctant;
  Random random;

  Control control;
  ProofLink proof{names};
  Answer answer;
  Listeners listeners;

  Activity activity;
  // Which averages, order and phases the search uses: switched by search/mode.cpp.
  bool stable = false;
  // No clause is left unless the formula is unsatisfiable without assumptions.
  bool inconsistent = false;
  // Schedules and orders have been set up by a first call of solve.
  bool started = false;
  // What is done once before the first search has been done.
  bool preprocessed = false;
  // Unit propagation of the clauses as added was asked for, so no pass takes clauses away any more.
  bool keeps_clauses = false;

  // Literals assigned in the longest conflict-free trail since the last backtrack.
  std::uint32_t consistent = 0;
  // The last few learned clauses (for eager subsumption).
  std::vector<ClauseRef> recent;
  std::int64_t binaries_irredundant = 0, binaries_learned = 0;
  std::uint32_t active_vars = 0;
  // Ticks of propagation outside of the search, whoever asked for it.
  std::int64_t outside_ticks = 0;

  std::vector<Lit> assumptions;
  std::vector<Lit> scratch;

  Value value(Lit lit) const { return trail.values[lit]; }
  Value root_value(Lit lit) const {
    const Value value = trail.values[lit];
    return value && !trail.assigned[lit.var()].level ? value : Value{0};
  }
  std::uint32_t num_vars() const { return static_cast<std::uint32_t>(vars.size()); }
  bool active(Var var) const { return vars[var].state == VarState::active; }
};

}  // namespace nb
