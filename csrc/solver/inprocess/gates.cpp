// SPDX-License-Identifier: MIT
#include "solver/inprocess/gates.hpp"

#include <algorithm>
#include <bit>

namespace nb {

namespace {

// Looking up clauses is linear; beyond this many it would be quadratic in earnest.
constexpr std::size_t largest_lists = 200;

bool same(std::span<const Lit> clause, std::span<const Lit> sorted) {
  if (clause.size() != sorted.size()) return false;
  return std::ranges::all_of(
      clause, [&](Lit lit) { return std::ranges::find(sorted, lit) != sorted.end(); });
}

}  // namespace

std::ptrdiff_t GateFinder::lookup(const Occurrences &occurrences, std::span<const Lit> sorted) {
  for (std::size_t i = 0; i < occurrences.size(); ++i)
    if (same(occurrences[i], sorted)) return static_cast<std::ptrdiff_t>(i);
  return -1;
}

// x = AND(inputs): (x v -inputs) among `longs`, (-x v input) among `binaries`.  With one input it
// is an equivalence.
bool GateFinder::find_and(Occurrences &longs, Occurrences &binaries,
                          IndexVector<Lit, std::uint8_t> &marks) {
  for (std::size_t i = 0; i < binaries.size(); ++i)
    if (binaries[i].size() == 1) marks[binaries[i][0]] = 1;
  std::ptrdiff_t found = -1;
  for (std::size_t i = 0; i < longs.size() && found < 0; ++i)
    if (std::ranges::all_of(longs[i], [&](Lit lit) { return marks[~lit] != 0; }))
      found = static_cast<std::ptrdiff_t>(i);
  for (std::size_t i = 0; i < binaries.size(); ++i)
    if (binaries[i].size() == 1) marks[binaries[i][0]] = 0;
  if (found < 0) return false;
  const auto base = static_cast<std::size_t>(found);
  longs.gate[base] = 1;
  for (const Lit lit : longs[base]) marks[~lit] = 1;
  for (std::size_t i = 0; i < binaries.size(); ++i) {
    if (binaries[i].size() != 1 || !marks[binaries[i][0]]) continue;
    // One clause for each input, even if it occurs twice.
    marks[binaries[i][0]] = 0;
    binaries.gate[i] = 1;
  }
  return true;
}

// x = c ? t : e  is  (-x -c t) (-x c e) (x -c -t) (x c -e).
bool GateFinder::find_if_then_else(Occurrences &positive, Occurrences &negative) {
  for (std::size_t i = 0; i < negative.size(); ++i) {
    if (negative[i].size() != 2) continue;
    for (std::size_t j = i + 1; j < negative.size(); ++j) {
      if (negative[j].size() != 2) continue;
      for (const int a : {0, 1})
        for (const int b : {0, 1}) {
          const Lit condition = negative[j][static_cast<std::size_t>(b)];
          if (negative[i][static_cast<std::size_t>(a)] != ~condition) continue;
          const Lit then = negative[i][static_cast<std::size_t>(1 - a)];
          const Lit otherwise = negative[j][static_cast<std::size_t>(1 - b)];
          if (then.var() == otherwise.var()) continue;
          const Lit first[] = {~condition, ~then}, second[] = {condition, ~otherwise};
          const std::ptrdiff_t k = lookup(positive, first);
          if (k < 0) continue;
          const std::ptrdiff_t l = lookup(positive, second);
          if (l < 0) continue;
          negative.gate[i] = negative.gate[j] = 1;
          positive.gate[static_cast<std::size_t>(k)] = 1;
          positive.gate[static_cast<std::size_t>(l)] = 1;
          return true;
        }
    }
  }
  return false;
}

// All sign patterns of the right parity over the same variables.
bool GateFinder::find_xor(Occurrences &positive, Occurrences &negative) {
  constexpr std::size_t largest_arity = 4;
  std::vector<std::size_t> ours, theirs;
  std::vector<Lit> pattern;
  for (std::size_t i = 0; i < positive.size(); ++i) {
    const std::size_t arity = positive[i].size();
    if (arity < 2 || arity > largest_arity) continue;
    ours.clear();
    theirs.clear();
    bool all = true;
    for (std::uint32_t flips = 0; all && flips < (1u << arity); ++flips) {
      pattern.assign(positive[i].begin(), positive[i].end());
      for (std::size_t j = 0; j < arity; ++j)
        if (flips >> j & 1) pattern[j] = ~pattern[j];
      const bool even = std::popcount(flips) % 2 == 0;
      const std::ptrdiff_t found = lookup(even ? positive : negative, pattern);
      all = found >= 0;
      (even ? ours : theirs).push_back(static_cast<std::size_t>(found));
    }
    if (!all) continue;
    for (const std::size_t index : ours) positive.gate[index] = 1;
    for (const std::size_t index : theirs) negative.gate[index] = 1;
    return true;
  }
  return false;
}

bool GateFinder::find(Occurrences &positive, Occurrences &negative,
                      IndexVector<Lit, std::uint8_t> &marks) {
  if (find_and(positive, negative, marks) || find_and(negative, positive, marks)) return true;
  if (positive.size() + negative.size() > largest_lists) return false;
  return find_if_then_else(positive, negative) || find_xor(positive, negative);
}

}  // namespace nb
