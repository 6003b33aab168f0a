// SPDX-License-Identifier: MIT
// Repair: advice made jointly consistent before it is used.
//
// Idea     Predictions are made one by one, so together they are often impossible: two literals
//          of a binary clause both false.  Take the advised literals from the most to the least
//          confident and propagate each: what it implies joins the advice or overrules weaker
//          advice, and a literal that meets a conflict gives way to its negation, which the
//          stronger ones imply.
// Leaves   a set of literals closed under unit propagation of the formula, without a conflict; the
//          formula untouched.  A value that was advised keeps its confidence; any other has
//          that of the decision it follows from.
// Cost     sorting, and unit propagation that ends after five visits a literal of the formula and
//          ten million more (or 25 a literal, if that is less); advice not reached until then is
//          dropped, the least confident first.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "formula/formula.hpp"
#include "formula/literal.hpp"

namespace nb {

struct Repaired {
  // One per variable: 1, -1 or 0, and the confidence.
  std::vector<Value> values;
  std::vector<float> confidence;
  // Advised variables that kept their value, have the other one now, or none.
  std::uint32_t kept = 0, overruled = 0, dropped = 0;
  // Variables without advice that have a value now, without those that the formula's units fix.
  std::uint32_t joined = 0;
  // Unit propagation refutes the formula itself; then the advice is returned as it came.
  bool refuted = false;
  // All advice was looked at.
  bool complete = true;
};

// `advice` holds 1, -1 or 0 for every variable, `confidence` any number; equally confident
// literals are taken in the order of their variables.  `should_stop` is asked every some ten
// thousand steps; throws Interrupted when it says yes.
Repaired repair(const Formula &formula, std::span<const Value> advice,
                std::span<const float> confidence, const std::function<bool()> &should_stop = {});

}  // namespace nb
