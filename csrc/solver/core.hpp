// SPDX-License-Identifier: MIT
// The state of the solver: its parts, by value.  Techniques are free functions on it; the head
// of each says which parts it reads and writes.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/ema.hpp"
#include "base/random.hpp"
#include "base/reluctant.hpp"
#include "proof/proof.hpp"
#include "solver/limits.hpp"
#include "solver/options.hpp"
#include "solver/result.hpp"
#include "solver/state/arena.hpp"
#include "solver/state/extension.hpp"
#include "solver/state/order.hpp"
#include "solver/state/phases.hpp"
#include "solver/state/trail.hpp"
#include "solver/state/watch.hpp"
#include "solver/statistics.hpp"

namespace nb {

// unused: in no clause yet.  Only active variables are decided.
enum class VarState : std::uint8_t { unused, active, fixed, eliminated, substituted };

struct VarInfo {
  VarState state = VarState::unused;
  // Assumed in this call: must not be eliminated now.
  std::uint8_t frozen = 0;
  // A clause with it was removed or added since it was last tried.
  std::uint8_t eliminate = 1;
  std::uint8_t subsume = 1;
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
};

// The proof's listener and the numbering of clauses.
class ProofLink {
 public:
  ProofListener *listener = nullptr;
  // While clauses are being added, derived ones wait: original clauses come first, so that
  // their ids are 1, 2, ... in the order of the formula.
  bool loading = true;

  explicit operator bool() const { return listener; }
  void original(std::span<const std::int32_t> clause);
  void add(std::span<const Lit> clause);
  void erase(std::span<const Lit> clause);
  void erase_original(std::span<const std::int32_t> clause);
  void start();

 private:
  void emit(bool addition, std::span<const std::int32_t> clause);
  std::uint64_t next_id_ = 1;
  bool complete_ = false;
  std::vector<std::int32_t> scratch_;
  // Zero-terminated, preceded by 1 (add) or 0 (erase).
  std::vector<std::int32_t> waiting_;
};

struct Core {
  Options options;
  Statistics stats;
  Limits limits;

  Trail trail;
  Arena arena;
  Watches watches;
  Phases phases;
  Order order;
  IndexVector<Var, VarInfo> vars;
  Extension extension;

  Analysis analysis;
  Averages averages[2];
  GlueUsage glue_usage[2];
  Reluctant reluctant;
  Random random;

  Control control;
  ProofLink proof;

  // No clause is left unless the formula is unsatisfiable without assumptions.
  bool inconsistent = false;
  bool stable = false;
  // Schedules and orders have been set up by a first call of solve.
  bool started = false;
  // What is done once before the first search has been done.
  bool preprocessed = false;
  // Rounds of probing are scheduled.
  bool simplifies = true;
  // Unit propagation of the clauses as added was asked for, so no pass takes clauses away any more.
  bool keeps_clauses = false;
  // Propagation must not save phases (probing, vivification).
  bool probing = false;
  // Clauses are connected by occurrence instead of by watch (see inprocess/dense.hpp).
  bool dense = false;
  // Long clauses marked as garbage may still be watched.
  bool garbage_watched = false;

  // Literals assigned in the longest conflict-free trail since the last backtrack.
  std::uint32_t consistent = 0;
  // Conflicts when the last learned clauses were made (for eager subsumption).
  std::vector<ClauseRef> recent;
  std::int64_t binaries_irredundant = 0, binaries_learned = 0;
  std::uint32_t active_vars = 0;

  // Units when a literal was probed last without failing, and where probing goes on.
  IndexVector<Lit, std::int64_t> probed;
  std::uint32_t probe_next = 0, transitive_next = 0, sweep_next = 0;
  // Complete rounds of sweeping; each looks farther.
  int sweep_round = 0;

  std::vector<Lit> assumptions;
  std::vector<Lit> failed;
  Status status = Status::unknown;
  std::vector<signed char> model;
  bool model_ready = false;

  std::function<void(std::string_view)> report_sink;
  std::function<void(std::span<const std::int32_t>)> learn_sink;
  std::size_t learn_size = 0;
  std::chrono::steady_clock::time_point start_time = std::chrono::steady_clock::now();

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
