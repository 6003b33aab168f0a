// SPDX-License-Identifier: MIT
// The ways to ask, and which of them is worth most at the moment.
//
// Idea     A question is about one candidate or about all of them, and decisions go against the
//          candidates, which refutes many at once, or stay near the last model, close to which
//          another one is found soon.  Which way is best differs from formula to formula and
//          changes while it is questioned, so that each way is judged by the candidates that it
//          settled per tick, of late: the best one asks, the others have a try now and then.
// Source   an epsilon-greedy bandit with forgetting (Sutton and Barto, "Reinforcement Learning")
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
  Way choose() {
    ++chosen_;
    if (chosen_ <= warm_up * ways.size())
      current_ = chosen_ % ways.size();
    else if (chosen_ % trial == 0)
      current_ = chosen_ / trial % ways.size();
    else
      current_ = static_cast<std::size_t>(std::ranges::max_element(worth_) - worth_.begin());
    return ways[current_];
  }

  void learn(std::int64_t settled, std::int64_t ticks) {
    const double worth = static_cast<double>(settled) / static_cast<double>(ticks);
    worth_[current_] += (worth - worth_[current_]) * recent;
  }

 private:
  // Each way asks so often before the first choice; then every which question is a trial.
  static constexpr std::size_t warm_up = 2, trial = 16;
  static constexpr double recent = 0.3;
  std::array<double, ways.size()> worth_{};
  std::size_t chosen_ = 0, current_ = 0;
};

}  // namespace nb
