// SPDX-License-Identifier: MIT
// What a call of `solve` ends with, and what may end it early.
#pragma once

#include <cstdint>

namespace nb {

// The numbers are the exit codes of SAT competitions.
enum class Status { unknown = 0, satisfiable = 10, unsatisfiable = 20 };

// Why a call ended with `unknown`.
enum class StopReason { none, conflicts, decisions, propagations, ticks, seconds, interrupt };

// Budgets of one call; negative is unlimited.  `ticks` estimate cache lines touched and are the
// same on every machine; `seconds` is wall time and makes a run depend on the machine.
struct Budget {
  std::int64_t conflicts = -1;
  std::int64_t decisions = -1;
  std::int64_t propagations = -1;
  std::int64_t ticks = -1;
  double seconds = -1;
};

// Where the caller's advice takes the place of the solver's constant phase.
//   first    only the first value of a variable
//   initial  every place that would use the constant phase
//   always   every decision
enum class AdviceMode { off, first, initial, always };

}  // namespace nb
