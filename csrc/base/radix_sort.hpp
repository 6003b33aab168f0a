// SPDX-License-Identifier: MIT
// Sort by an unsigned number, byte by byte; bytes that are the same everywhere cost nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace nb {

// All ranks differ.  `scratch` is overwritten; rank(item) is a std::uint64_t.
template <class T, class Rank>
void radix_sort(std::vector<T> &items, std::vector<T> &scratch, Rank rank) {
  // Counting needs a table of 256 for each byte, too much for a few items.
  constexpr std::size_t few = 256;
  if (items.size() < few) {
    std::sort(items.begin(), items.end(),
              [&](const T &a, const T &b) { return rank(a) < rank(b); });
    return;
  }
  std::uint64_t all = ~std::uint64_t{0}, any = 0;
  for (const T &item : items) {
    all &= rank(item);
    any |= rank(item);
  }
  scratch.resize(items.size());
  for (unsigned shift = 0; shift < 64; shift += 8) {
    if (!(((all ^ any) >> shift) & 255)) continue;
    std::size_t start[256] = {};
    for (const T &item : items) ++start[(rank(item) >> shift) & 255];
    std::size_t sum = 0;
    for (std::size_t &place : start) {
      const std::size_t count = place;
      place = sum;
      sum += count;
    }
    for (const T &item : items) scratch[start[(rank(item) >> shift) & 255]++] = item;
    items.swap(scratch);
  }
}

}  // namespace nb
