// SPDX-License-Identifier: MIT
// The options of the solver as a struct of plain integers and a table that describes it.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace nb {

struct Options {
#define OPTION(name, value, low, high, description) int name = value;
#include "solver/options.def"
#undef OPTION
#define TECHNIQUE(name, letter, on, effort, least, worth, entry, description) \
  int name = on, name##_effort = effort;
#define ROUND(name, counter, interval, law, scale, test_interval, description) \
  int name##_interval = interval;
#include "solver/techniques.def"
};

struct OptionRow {
  std::string_view name;
  int Options::*field;
  int value, low, high;
  std::string_view description;
};

inline constexpr OptionRow own_option_table[] = {
#define OPTION(name, value, low, high, description) \
  {#name, &Options::name, value, low, high, description},
#include "solver/options.def"
#undef OPTION
};

static_assert(std::ranges::is_sorted(own_option_table, {}, &OptionRow::name),
              "keep options.def sorted");

// Those of techniques.def.
inline constexpr OptionRow technique_option_table[] = {
#define TECHNIQUE(name, letter, on, effort, least, worth, entry, description) \
  {#name, &Options::name, on, 0, 1, description},                             \
      {#name "_effort", &Options::name##_effort, effort, 0, 100000, "per mille of search ticks"},
#define ROUND(name, counter, interval, law, scale, test_interval, description) \
  {#name "_interval", &Options::name##_interval,                               \
   interval,          1,                                                       \
   1000000,           "conflicts between two " description ", before scaling"},
#include "solver/techniques.def"
};

inline constexpr auto option_table = [] {
  std::array<OptionRow, std::size(own_option_table) + std::size(technique_option_table)> rows{};
  const auto middle = std::ranges::copy(own_option_table, rows.begin()).out;
  std::ranges::copy(technique_option_table, middle);
  std::ranges::sort(rows, {}, &OptionRow::name);
  return rows;
}();

constexpr bool default_lies_in_range(const OptionRow &row) {
  return row.low <= row.value && row.value <= row.high && row.low < row.high;
}
static_assert(std::ranges::all_of(option_table, default_lies_in_range));
static_assert(std::ranges::adjacent_find(option_table, {}, &OptionRow::name) == option_table.end(),
              "an option is named once");

inline const OptionRow *find_option(std::string_view name) {
  const auto *row = std::ranges::lower_bound(option_table, name, {}, &OptionRow::name);
  return row != std::end(option_table) && row->name == name ? row : nullptr;
}

}  // namespace nb
