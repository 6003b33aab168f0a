// SPDX-License-Identifier: MIT
// Counters, as a struct and as a table over it.
#pragma once

#include <cstdint>
#include <string_view>

namespace nb {

struct Statistics {
#define COUNT(name, unit, kind) std::int64_t name = 0;
#include "solver/statistics.def"
#undef COUNT
};

enum class CounterKind { steer, tell };

struct StatisticRow {
  std::string_view name;
  std::int64_t Statistics::*field;
  std::string_view unit;
  CounterKind kind;
};

inline constexpr StatisticRow statistic_table[] = {
#define COUNT(name, unit, kind) {#name, &Statistics::name, #unit, CounterKind::kind},
#include "solver/statistics.def"
#undef COUNT
};

}  // namespace nb
