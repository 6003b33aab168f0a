// SPDX-License-Identifier: MIT
#include "solver/inprocess/neighbourhood.hpp"

namespace nb {

bool Neighbourhood::flip(int variable) {
  const auto index = static_cast<std::size_t>(variable);
  const auto &satisfied = occurrences_[2 * index + !values_[index]];
  ticks_ += 1 + static_cast<std::int64_t>(satisfied.size() >> 3);
  for (const std::uint32_t clause : satisfied)
    if (true_[clause] < 2) return false;
  turn(index);
  return true;
}

bool Neighbourhood::overturn(int variable, int kept) {
  ++call_;
  turned_.clear();
  if (kept) turned_in_[static_cast<std::size_t>(std::abs(kept))] = call_;
  turn_for_now(static_cast<std::size_t>(std::abs(variable)));
  constexpr std::size_t most_turns = 32;
  while (!broken_.empty()) {
    const std::uint32_t clause = broken_.back();
    broken_.pop_back();
    if (true_[clause]) continue;
    const std::size_t next = turned_.size() < most_turns ? best_repair(clause) : 0;
    if (next) {
      turn_for_now(next);
      continue;
    }
    while (!turned_.empty()) {
      turn(turned_.back());
      turned_.pop_back();
    }
    broken_.clear();
    return false;
  }
  return true;
}

void Neighbourhood::connect(std::size_t vars) {
  values_.assign(vars + 1, false);
  turned_in_.assign(vars + 1, 0);
  call_ = 0;
  if (occurrences_.size() < 2 * vars + 2) occurrences_.resize(2 * vars + 2);
  for (std::size_t i = 0; i < 2 * vars + 2; ++i) occurrences_[i].clear();
  std::uint32_t begin = 0;
  for (std::uint32_t i = 0; i < flat_.size(); ++i) {
    if (!flat_[i]) {
      clauses_.push_back(begin);
      begin = i + 1;
      continue;
    }
    const auto index = 2 * static_cast<std::size_t>(std::abs(flat_[i])) + (flat_[i] < 0);
    occurrences_[index].push_back(static_cast<std::uint32_t>(clauses_.size()));
  }
  clauses_.push_back(begin);
  true_.assign(clauses_.size(), 0);
}

void Neighbourhood::count() {
  for (std::size_t c = 0; c + 1 < clauses_.size(); ++c) {
    true_[c] = 0;
    for (std::uint32_t i = clauses_[c]; flat_[i]; ++i) true_[c] += value(flat_[i]);
  }
}

void Neighbourhood::turn(std::size_t index) {
  for (const std::uint32_t clause : occurrences_[2 * index + !values_[index]]) --true_[clause];
  for (const std::uint32_t clause : occurrences_[2 * index + values_[index]]) ++true_[clause];
  values_[index] = !values_[index];
}

// Turns the variable and notes what that breaks.
void Neighbourhood::turn_for_now(std::size_t index) {
  turn(index);
  turned_.push_back(index);
  turned_in_[index] = call_;
  const auto &left = occurrences_[2 * index + values_[index]];
  ticks_ += 1 + static_cast<std::int64_t>(left.size() >> 3);
  for (const std::uint32_t clause : left)
    if (!true_[clause]) broken_.push_back(clause);
}

// The variable of the clause whose turn breaks fewest others, or 0.
std::size_t Neighbourhood::best_repair(std::uint32_t clause) {
  std::size_t best = 0, fewest = SIZE_MAX;
  ++ticks_;
  for (std::uint32_t i = clauses_[clause]; flat_[i]; ++i) {
    const auto index = static_cast<std::size_t>(std::abs(flat_[i]));
    if (turned_in_[index] == call_) continue;
    std::size_t breaks = 0;
    const auto &satisfied = occurrences_[2 * index + !values_[index]];
    ticks_ += static_cast<std::int64_t>(satisfied.size() >> 3);
    for (const std::uint32_t other : satisfied) breaks += true_[other] == 1;
    if (breaks < fewest) {
      best = index;
      fewest = breaks;
    }
  }
  return best;
}

}  // namespace nb
