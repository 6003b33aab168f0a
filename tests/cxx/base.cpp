// SPDX-License-Identifier: MIT
// Heap, radix sort, reluctant doubling and averages.
#include <algorithm>
#include <cmath>

#include "base/ema.hpp"
#include "base/heap.hpp"
#include "base/radix_sort.hpp"
#include "base/random.hpp"
#include "base/reluctant.hpp"
#include "formula/literal.hpp"
#include "unit.hpp"

using namespace nb;

TEST(heap_pops_in_order_of_scores_and_then_of_keys) {
  Random random(1);
  ScoreHeap<Var> heap;
  constexpr std::uint32_t count = 300;
  heap.resize(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    heap.set_score(Var(i), random.below(40));
    heap.push(Var(i));
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    const Var var(random.below(count));
    heap.set_score(var, random.below(40));
    if (i % 3 == 0 && heap.contains(var)) heap.remove(var);
    EXPECT(heap.ordered());
  }
  const std::size_t left = heap.size();
  std::size_t popped = 0;
  for (Var last = heap.top(); !heap.empty(); ++popped) {
    const Var top = heap.top();
    const double above = heap.score(last), score = heap.score(top);
    EXPECT(above > score || (above == score && last.index() <= top.index()));
    heap.pop();
    EXPECT(!heap.contains(top));
    last = top;
  }
  EXPECT(popped == left);
}

TEST(heap_keeps_its_order_when_scores_are_rescaled) {
  ScoreHeap<Var> heap;
  heap.resize(3);
  for (const std::uint32_t i : {0u, 1u, 2u}) {
    heap.set_score(Var(i), 1e150 * (i + 1));
    heap.push(Var(i));
  }
  EXPECT(heap.largest() == 3 * 1e150);
  heap.rescale(1e-150);
  EXPECT(heap.ordered() && heap.top() == Var(2));
}

TEST(radix_sort_sorts_and_keeps_equal_items_in_order) {
  Random random(2);
  // On both sides of the size from which bytes are counted.
  for (const std::size_t size : {0, 1, 255, 256, 5000}) {
    std::vector<std::pair<std::uint64_t, std::size_t>> items, scratch;
    for (std::size_t i = 0; i < size; ++i)
      items.emplace_back(random.next() >> (random.below(8) * 8), i);
    std::vector<std::pair<std::uint64_t, std::size_t>> expected = items;
    std::sort(expected.begin(), expected.end());
    radix_sort(items, scratch, [](const auto &item) { return item.first; });
    EXPECT(items == expected);
  }
}

TEST(reluctant_doubling_follows_lubys_sequence) {
  Reluctant reluctant;
  reluctant.enable(10, 0);
  std::vector<int> gaps;
  for (int conflicts = 1, since = 1; gaps.size() < 15; ++conflicts, ++since) {
    reluctant.tick();
    if (!reluctant.triggered()) continue;
    EXPECT(since % 10 == 0);
    gaps.push_back(since / 10);
    since = 0;
  }
  EXPECT((gaps == std::vector<int>{1, 1, 2, 1, 1, 2, 4, 1, 1, 2, 1, 1, 2, 4, 8}));
}

TEST(reluctant_doubling_is_silent_when_disabled) {
  Reluctant reluctant;
  reluctant.enable(1, 0);
  reluctant.tick();
  reluctant.disable();
  for (int i = 0; i < 100; ++i) reluctant.tick();
  EXPECT(!reluctant.triggered());
}

TEST(averages_start_without_bias_and_forget) {
  Ema average(100);
  for (int i = 0; i < 5; ++i) {
    average.update(7);
    EXPECT(std::abs(average.value() - 7) < 1e-9);
  }
  for (int i = 0; i < 2000; ++i) average.update(3);
  EXPECT(std::abs(average.value() - 3) < 1e-6);
}
