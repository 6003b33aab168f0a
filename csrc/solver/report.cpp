// SPDX-License-Identifier: MIT
// Report: one line per event for people who watch.
//
// techniques.def says what the letters mean.
#include <cstdio>

#include "solver/search/search.hpp"

namespace nb {

void report(Core &core, char event) {
  if (!core.listeners.report) return;
  const std::chrono::duration<double> elapsed =
      std::chrono::steady_clock::now() - core.listeners.start;
  const Statistics &stats = core.stats;
  const Averages &averages = core.averages[core.stable];
  char line[200];
  const int length = std::snprintf(
      line, sizeof line,
      "%c %8.2f s %5zu MB level %-6.0f glue %-5.1f conflicts %-9lld restarts %-8lld learned %-7lld "
      "irredundant %-8lld variables %u",
      event, elapsed.count(), (core.arena.bytes() + core.watches.bytes()) >> 20,
      averages.level.value(), averages.glue_slow.value(), static_cast<long long>(stats.conflicts),
      static_cast<long long>(stats.restarts), static_cast<long long>(stats.clauses_learned),
      static_cast<long long>(stats.clauses_irredundant), core.active_vars);
  if (length > 0) core.listeners.report(std::string_view(line, static_cast<std::size_t>(length)));
}

}  // namespace nb
