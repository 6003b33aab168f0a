// SPDX-License-Identifier: MIT
// Pacing: the laws by which intervals grow, and the marks that no row of techniques.def has.
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

struct Pacing {
  // Conflicts before which there is no restart.
  std::int64_t restart = 0;
  // The first mode switch is due at a number of conflicts, later ones at a number of ticks.
  std::int64_t mode_conflicts = 0;
  std::int64_t mode_ticks = 0;
  // Ticks of the first focused phase: the unit of all later ones.
  std::int64_t mode_unit = 0;
  std::int64_t mode_start_ticks = 0;
  // Clauses that elimination may add for a variable; grows when all have been tried.
  int eliminate_bound = 0;
  // Root-level units when clauses were last cleaned of them.
  std::int64_t cleaned_units = 0;
};

}  // namespace nb
