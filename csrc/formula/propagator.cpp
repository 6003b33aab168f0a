// SPDX-License-Identifier: MIT
#include "formula/propagator.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace nb {
namespace {

constexpr std::uint64_t steps_between_polls = 1 << 16;
constexpr std::uint32_t none = 0xffffffffu;

}  // namespace

Propagator::Propagator(const Formula &formula, const std::function<bool()> &should_stop)
    : formula_(formula),
      should_stop_(should_stop),
      offsets_(formula.offsets()),
      values_(2 * static_cast<std::size_t>(formula.num_vars()), 0),
      first_(values_.size(), none),
      next_(2 * formula.num_clauses(), none) {
  NB_REQUIRE(formula.num_clauses() < none / 2, "%zu clauses are too many", formula.num_clauses());
  copy_without_repeated();
}

void Propagator::copy_without_repeated() {
  // The clause that last held the literal of a code.
  std::vector<std::uint32_t> &last = first_;
  literals_.reserve(formula_.num_literals());
  for (std::size_t index = 0; index < formula_.num_clauses(); index++) {
    const auto clause = formula_.clause(index);
    poll(clause.size());
    if (!own_offsets_.empty()) own_offsets_.push_back(static_cast<std::int64_t>(literals_.size()));
    bool repeated = false;
    for (const std::int32_t literal : clause) {
      std::uint32_t &seen = last[code(literal)];
      if (seen == index) {
        repeated = true;
        continue;
      }
      seen = static_cast<std::uint32_t>(index);
      literals_.push_back(literal);
    }
    if (repeated && own_offsets_.empty())
      own_offsets_.assign(formula_.offsets().begin(),
                          formula_.offsets().begin() + static_cast<std::ptrdiff_t>(index) + 1);
  }
  if (!own_offsets_.empty()) {
    own_offsets_.push_back(static_cast<std::int64_t>(literals_.size()));
    offsets_ = own_offsets_;
  }
  std::fill(last.begin(), last.end(), none);
}

bool Propagator::connect() {
  for (std::size_t index = 0; index < formula_.num_clauses(); index++) {
    poll(1);
    const auto [begin, end] = range(index);
    if (end - begin == 0) return false;
    if (end - begin == 1) {
      if (!assign(literals_[static_cast<std::size_t>(begin)])) return false;
      continue;
    }
    for (std::uint32_t which = 0; which < 2; which++)
      link(static_cast<std::uint32_t>(2 * index + which),
           literals_[static_cast<std::size_t>(begin) + which]);
  }
  if (!propagate()) return false;
  root_ = trail_.size();
  return true;
}

void Propagator::undo(std::size_t size) {
  for (; trail_.size() > size; trail_.pop_back()) {
    values_[code(trail_.back())] = 0;
    values_[code(-trail_.back())] = 0;
  }
  propagated_ = size;
}

bool Propagator::assign(std::int32_t literal) {
  if (const Value old = value(literal)) return old > 0;
  values_[code(literal)] = 1;
  values_[code(-literal)] = -1;
  trail_.push_back(literal);
  return true;
}

bool Propagator::propagate() {
  while (propagated_ < trail_.size()) {
    const std::int32_t falsified = -trail_[propagated_++];
    std::uint32_t watch = first_[code(falsified)];
    // What stays is linked again.
    first_[code(falsified)] = none;
    while (watch != none) {
      const std::uint32_t next = next_[watch];
      const auto [begin, end] = range(watch >> 1);
      std::int32_t *const lits = literals_.data() + begin;
      const auto size = end - begin;
      const std::uint32_t place = watch & 1;
      const std::int32_t partner = lits[1 - place];
      bool conflict = false;
      visited_++;
      poll(1);
      if (value(partner) <= 0) {
        std::int64_t other = 2;
        while (other < size && value(lits[other]) < 0) other++;
        scanned_ += static_cast<std::uint64_t>(other);
        poll(static_cast<std::uint64_t>(other));
        if (other < size)
          std::swap(lits[place], lits[other]);
        else
          conflict = !assign(partner);
      }
      link(watch, lits[place]);
      watch = next;
      if (conflict) {
        while (watch != none) {
          const std::uint32_t after = next_[watch];
          link(watch, falsified);
          watch = after;
        }
        return false;
      }
    }
  }
  return true;
}

void Propagator::poll(std::uint64_t steps) {
  steps_ += steps;
  if (steps_ < steps_between_polls) return;
  steps_ = 0;
  if (should_stop_ && should_stop_()) throw Interrupted();
}

void Propagator::link(std::uint32_t watch, std::int32_t literal) {
  std::uint32_t &first = first_[code(literal)];
  next_[watch] = first;
  first = watch;
}

}  // namespace nb
