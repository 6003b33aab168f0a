// SPDX-License-Identifier: MIT
// Counters, as a struct and as a table over it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace nb {

struct Statistics {
#define COUNT(name, unit, kind, description) std::int64_t name = 0;
#include "solver/statistics.def"
#undef COUNT
#define TECHNIQUE(name, letter, on, effort, least, worth, entry, description) \
  std::int64_t ticks_##name = 0;
#define ROUND(name, counter, interval, law, scale, test_interval, description) \
  std::int64_t counter = 0;
#include "solver/techniques.def"
};

enum class CounterKind { steer, tell };

struct StatisticRow {
  std::string_view name;
  std::int64_t Statistics::*field;
  std::string_view unit;
  CounterKind kind;
  std::string_view description;
};

inline constexpr StatisticRow own_statistic_table[] = {
#define COUNT(name, unit, kind, description) \
  {#name, &Statistics::name, #unit, CounterKind::kind, description},
#include "solver/statistics.def"
#undef COUNT
};

static_assert(std::ranges::is_sorted(own_statistic_table, {}, &StatisticRow::name),
              "keep statistics.def sorted");

// Those of techniques.def.
inline constexpr StatisticRow technique_statistic_table[] = {
#define TECHNIQUE(name, letter, on, effort, least, worth, entry, description) \
  {"ticks_" #name, &Statistics::ticks_##name, "cachelines", CounterKind::steer, "cost of " #name},
#define ROUND(name, counter, interval, law, scale, test_interval, description) \
  {#counter, &Statistics::counter, "rounds", CounterKind::steer, description},
#include "solver/techniques.def"
};

inline constexpr auto statistic_table = [] {
  constexpr std::size_t size =
      std::size(own_statistic_table) + std::size(technique_statistic_table);
  std::array<StatisticRow, size> rows{};
  const auto middle = std::ranges::copy(own_statistic_table, rows.begin()).out;
  std::ranges::copy(technique_statistic_table, middle);
  std::ranges::sort(rows, {}, &StatisticRow::name);
  return rows;
}();

}  // namespace nb
