// SPDX-License-Identifier: MIT
// The options of the solver as a struct of plain integers and a table that describes it.
#pragma once

#include <algorithm>
#include <string_view>

namespace nb {

struct Options {
#define OPTION(name, value, low, high, description) int name = value;
#include "solver/options.def"
#undef OPTION
};

struct OptionRow {
  std::string_view name;
  int Options::*field;
  int value, low, high;
  std::string_view description;
};

inline constexpr OptionRow option_table[] = {
#define OPTION(name, value, low, high, description) \
  {#name, &Options::name, value, low, high, description},
#include "solver/options.def"
#undef OPTION
};

constexpr bool default_lies_in_range(const OptionRow &row) {
  return row.low <= row.value && row.value <= row.high && row.low < row.high;
}
static_assert(std::ranges::is_sorted(option_table, {}, &OptionRow::name),
              "keep options.def sorted");
static_assert(std::ranges::all_of(option_table, default_lies_in_range));

inline const OptionRow *find_option(std::string_view name) {
  const auto *row = std::ranges::lower_bound(option_table, name, {}, &OptionRow::name);
  return row != std::end(option_table) && row->name == name ? row : nullptr;
}

}  // namespace nb
