// SPDX-License-Identifier: MIT
// The rows of techniques.def as tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "solver/options.hpp"
#include "solver/pacing.hpp"
#include "solver/statistics.hpp"

namespace nb {

enum class Technique : std::uint8_t {
#define TECHNIQUE(name, letter, on, effort, least, worth, entry, description) name,
#include "solver/techniques.def"
};

enum class Round : std::uint8_t {
#define ROUND(name, counter, interval, law, scale, test_interval, description) name,
#include "solver/techniques.def"
};

struct TechniqueRow {
  std::string_view name;
  char letter;
  int Options::*on;
  int Options::*effort;
  std::int64_t least, worth, entry;
  std::int64_t Statistics::*ticks;
  std::string_view description;
};

inline constexpr TechniqueRow technique_table[] = {
#define TECHNIQUE(name, letter, on, effort, least, worth, entry, description) \
  {#name,      letter, &Options::name, &Options::name##_effort,               \
   least,      worth,  entry,          &Statistics::ticks_##name,             \
   description},
#include "solver/techniques.def"
};

struct RoundRow {
  std::string_view name;
  std::int64_t Statistics::*counter;
  int Options::*interval;
  double (*law)(double);
  int scale;
  int test_interval;
};

inline constexpr RoundRow round_table[] = {
#define ROUND(name, counter, interval, law, scale, test_interval, description) \
  {#name, &Statistics::counter, &Options::name##_interval, law_##law, scale, test_interval},
#include "solver/techniques.def"
};

struct EventRow {
  char letter;
  std::string_view description;
};

inline constexpr EventRow event_table[] = {
#define EVENT(letter, description) {letter, description},
#include "solver/techniques.def"
};

constexpr const TechniqueRow &row_of(Technique technique) {
  return technique_table[static_cast<std::size_t>(technique)];
}
constexpr const RoundRow &row_of(Round round) {
  return round_table[static_cast<std::size_t>(round)];
}

inline constexpr std::size_t num_techniques = std::size(technique_table);
inline constexpr std::size_t num_rounds = std::size(round_table);

}  // namespace nb
