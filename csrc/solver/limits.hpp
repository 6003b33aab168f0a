// SPDX-License-Identifier: MIT
// When each scheduled technique is next due, and the laws by which intervals grow.
#pragma once

#include <cmath>
#include <cstdint>

namespace nb {

// Growth laws; `n` counts how often the technique ran.
inline double law_log(double n) {
  return std::log10(n + 9);
}
inline double law_nlogn(double n) {
  return n * law_log(n);
}
inline double law_nlog2n(double n) {
  return n * law_log(n) * law_log(n);
}
inline double law_nlog3n(double n) {
  return n * law_log(n) * law_log(n) * law_log(n);
}
inline double law_sqrt(double n) {
  return std::sqrt(n);
}
inline double law_quadratic(double n) {
  return n * n;
}

// Passes over the whole formula wait longer the larger it is.
inline double scale_by_clauses(std::int64_t irredundant) {
  const double size = std::log10(static_cast<double>(irredundant) + 10) - 5;
  return 25 + 4.5 * size * size;
}

// A pass that finds nothing waits, for twice as many rounds each time.
class Delay {
 public:
  // True: sit this round out.
  bool waiting() { return left_ && left_--; }
  void update(bool fruitful) { left_ = rounds_ = fruitful ? rounds_ / 2 : 2 * rounds_ + 1; }

 private:
  std::uint32_t rounds_ = 0, left_ = 0;
};

struct Limits {
  // Conflicts at which each is due.
  std::int64_t restart = 0;
  std::int64_t reduce = 0;
  std::int64_t rephase = 0;
  std::int64_t probe = 0;
  std::int64_t eliminate = 0;
  std::int64_t tier = 0;
  // The first mode switch is due at a number of conflicts, later ones at a number of ticks.
  std::int64_t mode_conflicts = 0;
  std::int64_t mode_ticks = 0;
  // Ticks of the first focused phase: the unit of all later ones.
  std::int64_t mode_unit = 0;
  std::int64_t mode_start_ticks = 0;
  // Search ticks when the pass ran last: what it may spend is a share of the ticks since.
  std::int64_t probe_ticks = 0;
  std::int64_t eliminate_ticks = 0;
  std::int64_t subsume_ticks = 0;
  std::int64_t vivify_ticks = 0;
  std::int64_t walk_ticks = 0;
  std::int64_t transitive_ticks = 0;
  std::int64_t sweep_ticks = 0;
  Delay sweep_delay;
  // Clauses that elimination may add for a variable; grows when all have been tried.
  int eliminate_bound = 0;
  // Root-level units when clauses were last cleaned of them.
  std::int64_t cleaned_units = 0;
};

}  // namespace nb
