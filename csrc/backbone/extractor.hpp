// SPDX-License-Identifier: MIT
// Backbones: the literals that are true in every model, by one solver that is asked again and
// again.
//
// Idea     Candidates are the literals true in all models seen so far.  Models and walks of flips
//          from them take candidates away; what follows from the formula proves them:
//            - facts of the solver and of unit propagation,
//            - failed literals: the negation of a candidate propagates into a conflict,
//            - questions: no model falsifies any of a chunk of candidates.
//          Proven literals are facts for the solver and for propagation on the formula as read,
//          which finds what they imply for variables that the solver has eliminated.
// Order    Candidates are asked in the order of the caller's log-odds, the most probable members
//          of the backbone first, or by index.  A chunk grows after each proof.
// Effort   see ways.hpp
// Needs    a formula that outlives the extractor
// Source   Janota, Lynce, Marques-Silva, "Algorithms for computing backbones of propositional
//          formulae", AI Communications 2015; Biere, Froleyks, Wang, "CaDiBack", SAT 2023
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "backbone/ways.hpp"
#include "base/random.hpp"
#include "formula/flips.hpp"
#include "formula/formula.hpp"
#include "formula/propagator.hpp"
#include "solver/solver.hpp"

namespace nb {

// What the search for a backbone has done, as events.
struct BackboneCounts {
  std::int64_t calls = 0, satisfiable = 0, unsatisfiable = 0, unanswered = 0;
  // Candidates settled by flips, by models, by failed literals, by questions, and by what followed
  // from those.
  std::int64_t flipped = 0, refuted = 0, failed = 0, asked = 0, implied = 0;
};

class Extractor {
 public:
  // `poll` is called every 20 ms or so; true ends what is going on.
  Extractor(const Formula &formula, std::uint64_t seed, std::function<bool()> poll);

  // After a stop: go on with what is asked next.
  void resume() { stop_ = false; }
  // The clauses into the solver; false: stopped.
  bool load();
  // Of each variable, how many more of `count` minima of local search have it true than false, from
  // random assignments; before the first model.
  std::vector<float> local_minima(int count);
  // The first model within so many conflicts (negative: no limit).  nullopt: limit or stop.
  std::optional<bool> find_model(std::int64_t conflicts);
  // Candidates of variables with a 0 are not asked about.
  void restrict_to(std::span<const std::uint8_t> wanted);
  // Log-odds that each variable is true.
  void set_order(std::span<const float> log_odds);
  // Prove or refute all candidates within so many conflicts; false: limit or stop.
  bool settle(std::int64_t conflicts);

  // One call of the solver.  Conflicts as above.
  std::optional<bool> ask(std::span<const std::int32_t> assumptions, std::int64_t conflicts);
  // What decisions try first: 1, -1, or 0 for the solver's choice.
  void prefer(std::span<const Value> phases);
  // The model of the last satisfiable call.
  std::span<const Value> model() const { return model_; }
  FlipWalk &walk() { return walk_; }
  Random &random() { return random_; }

  const Formula &formula() const { return formula_; }
  std::span<const Value> candidates() const { return candidates_; }
  std::span<const Value> proven() const { return proven_; }
  std::size_t open() const { return open_; }
  // Proven literals in the order of their proofs.
  std::span<const std::int32_t> proofs() const { return proofs_; }
  // Conflicts, and something for each call, so that limits end on huge formulas as well.
  std::int64_t spent() const { return spent_; }
  // Of the solver; `spent` counts calls and facts besides.
  std::int64_t conflicts() const { return solver_.statistic("conflicts"); }
  const BackboneCounts &counts() const { return counts_; }
  Solver &solver() { return solver_; }
  // Conflicts of the first questions.
  std::int64_t question_conflicts = 200;
  // Keep this many of the models found, the first ones.
  std::size_t keep_models = 0;
  const std::vector<std::vector<Value>> &models() const { return models_; }

 private:
  bool stopped();
  bool out_of_limits() { return spent_ >= limit_ || stopped(); }
  void take_model();
  void observe();
  void refute(std::uint32_t var);
  void prove(std::int32_t literal);
  void follow_facts();
  void fail_literals();
  void sort_candidates();
  // Does the caller's order say that the candidate is in the backbone, nine to one?
  bool likely(std::size_t var) const {
    constexpr float nine_to_one = 2.2f;
    return !log_odds_.empty() &&
           log_odds_[var] * static_cast<float>(candidates_[var]) > nine_to_one;
  }
  void question();
  void choose_chunk();
  std::optional<bool> falsify(std::int64_t conflicts);
  void retire_selector();
  void set_stance();
  static std::size_t var_of(std::int32_t literal) {
    return static_cast<std::size_t>(literal < 0 ? -literal : literal) - 1;
  }

  const Formula &formula_;
  std::function<bool()> poll_;
  std::function<bool()> never_;
  std::chrono::steady_clock::time_point next_poll_{};
  bool stop_ = false;
  Solver solver_;
  std::optional<Propagator> propagator_;
  FlipWalk walk_;
  Random random_;
  WayChoice ways_;

  std::vector<Value> candidates_, proven_, model_, last_, phases_;
  std::vector<float> log_odds_;
  // Open candidates in the order of questions; settled ones are taken out now and then.
  std::vector<std::uint32_t> order_;
  // Asked about one by one without an answer; in the clause of the selector.
  std::vector<std::uint8_t> postponed_, selected_;
  std::vector<std::int32_t> proofs_, chunk_, fresh_;
  std::vector<std::vector<Value>> models_;
  std::size_t open_ = 0;
  // How far the facts of the solver and of propagation have been taken over.
  std::size_t facts_seen_ = 0, implied_seen_ = 0;

  std::int64_t spent_ = 0, limit_ = 0, call_cost_ = 1;
  std::size_t chunk_size_ = 1;
  // What the last proof took.
  std::int64_t last_proof_ = 0;
  // The last answer was a proof, so that the same way goes on with a larger chunk.
  bool growing_ = false;
  Way way_{About::one, Stance::against};
  // The last variable; the one under which at least one of the selected candidates is false, or
  // 0; and the literals of its clauses.
  std::int32_t top_ = 0, selector_ = 0;
  std::size_t outdated_ = 0;
  // Models for which no walk is tried, as walks from earlier ones refuted nothing.
  std::uint32_t pause_ = 0, longest_pause_ = 0;
  BackboneCounts counts_;
};

}  // namespace nb
