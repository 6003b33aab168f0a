// SPDX-License-Identifier: MIT
// When each round of techniques.def is next due.
#pragma once

#include "solver/techniques.hpp"

namespace nb {

class Schedule {
 public:
  // The first round of each kind comes after one interval.
  void start(const Options &options, const Statistics &stats) {
    for (std::size_t i = 0; i < num_rounds; ++i)
      next_[i] = stats.conflicts + (options.test_schedule ? round_table[i].test_interval
                                                          : options.*round_table[i].interval);
  }
  bool due(Round round, const Statistics &stats) const {
    return stats.conflicts >= next_[static_cast<std::size_t>(round)];
  }
  // Counts the round and sets when the one after it is due.
  void done(Round round, const Options &options, Statistics &stats) {
    const RoundRow &row = row_of(round);
    const auto n = static_cast<double>(++(stats.*row.counter));
    const double law = row.law(n) * row.scale;
    next_[static_cast<std::size_t>(round)] =
        stats.conflicts + (options.test_schedule
                               ? row.test_interval
                               : static_cast<std::int64_t>(options.*row.interval * law));
  }

 private:
  std::int64_t next_[num_rounds] = {};
};

}  // namespace nb
