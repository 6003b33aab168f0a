// SPDX-License-Identifier: MIT
// The ways to ask, and which of them is worth most at the moment.
//
// Idea     A question is about one candidate or about all of them.  Decisions go against the
//          candidates, which refutes many at once, or stay near the last model, because another
//          model is soon found close to it.  The best way differs between formulas and changes
//          in the course of one, so each way is judged by the candidates that it lately settled
//          per tick: the best way asks, the others have a try now and then.
//          Half a candidate is added to what each settled, so that ways without any success share
//          the ticks evenly.
// Effort   Each way has its own conflicts for a question.  They double after questions that ran
//          out of them: at once if it was about all, after a few in a row if it was about one,
//          since the next one is about another candidate.  They halve after an answer.  A hard
//          question is no place to dictate all phases: ways that stay near a model stay short.
// Source   a greedy bandit with forgetting (Sutton and Barto, "Reinforcement Learning")
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace nb {

// about     one candidate, or all that are open (a model falsifies at least one)
enum class About : std::uint8_t { one, all };
// against   open candidates are decided against, others as the solver likes
// near      everything as in the last model
// turned    open candidates are decided against, others as in the last model
enum class Stance : std::uint8_t { against, near, turned };

struct Way {
  About about;
  Stance stance;
};

inline constexpr std::array<Way, 6> ways{{
    {About::one, Stance::against},
    {About::all, Stance::against},
    {About::one, Stance::near},
    {About::all, Stance::near},
    {About::one, Stance::turned},
    {About::all, Stance::turned},
}};

class WayChoice {
 public:
  // Conflicts of a question at first, and ticks that handling its answer costs.
  void start(std::int64_t conflicts, std::int64_t overhead) {
    first_ = conflicts;
    overhead_ = static_cast<double>(overhead);
    for (Record &record : records_) record.conflicts = conflicts;
  }

  Way choose() {
    ++chosen_;
    if (chosen_ <= ways.size())
      current_ = chosen_ - 1;
    else if (chosen_ % trial == 0 && !records_[chosen_ / trial % ways.size()].resting)
      current_ = chosen_ / trial % ways.size();
    else
      current_ = static_cast<std::size_t>(std::ranges::max_element(records_, {}, &Record::value) -
                                          records_.begin());
    return ways[current_];
  }

  std::int64_t conflicts() const { return records_[current_].conflicts; }

  // What the question came to.  `answered`: it did not run out of conflicts.
  void learn(bool answered, std::int64_t settled, std::int64_t ticks) {
    Record &record = records_[current_];
    record.settled = memory * record.settled + static_cast<double>(settled);
    record.ticks = memory * record.ticks + static_cast<double>(ticks) + overhead_;
    record.worth = (record.settled + 0.5) / record.ticks;
    if (settled)
      for (Record &each : records_) each.resting = false;
    if (answered) {
      record.failures = 0;
      record.conflicts = std::max(first_, record.conflicts / 2);
      return;
    }
    const Way way = ways[current_];
    if (++record.failures < (way.about == About::one ? patience : 1)) return;
    record.failures = 0;
    const bool free = way.stance == Stance::against;
    record.resting = !free && record.conflicts >= short_questions * first_;
    if (!record.resting) record.conflicts = std::min(2 * record.conflicts, most_conflicts);
  }

 private:
  struct Record {
    double settled = 0, ticks = 0, worth = 0;
    std::int64_t conflicts = 0;
    int failures = 0;
    // Short questions were not enough; they are tried again when a candidate has been settled.
    bool resting = false;
    double value() const { return resting ? -1 : worth; }
  };

  // Every which question is a trial of a way that is not the best.
  static constexpr std::size_t trial = 32;
  static constexpr int patience = 4, short_questions = 4;
  static constexpr double memory = 0.8;
  static constexpr std::int64_t most_conflicts = std::int64_t{1} << 40;
  std::array<Record, ways.size()> records_{};
  std::int64_t first_ = 0;
  double overhead_ = 0;
  std::size_t chosen_ = 0, current_ = 0;
};

}  // namespace nb
