// SPDX-License-Identifier: MIT
// Reluctant doubling: the Luby sequence times a period, computed without recursion.
//
// Source   Knuth, The Art of Computer Programming 4, Fascicle 6, 7.2.2.2.
#pragma once

#include <cstdint>

namespace nb {

class Reluctant {
 public:
  void enable(std::uint64_t period, std::uint64_t limit) {
    u_ = v_ = 1;
    period_ = countdown_ = period;
    limit_ = limit;
    triggered_ = false;
  }
  void disable() {
    period_ = 0;
    triggered_ = false;
  }
  // One conflict.
  void tick() {
    if (!period_ || triggered_ || --countdown_) return;
    const std::uint64_t lowest = u_ & (~u_ + 1);
    if (lowest == v_) {
      ++u_;
      v_ = 1;
    } else {
      v_ *= 2;
    }
    if (limit_ && v_ * period_ > limit_) u_ = v_ = 1;
    countdown_ = v_ * period_;
    triggered_ = true;
  }
  // Is a restart due?  Asking clears it.
  bool triggered() {
    const bool result = triggered_;
    triggered_ = false;
    return result;
  }

 private:
  std::uint64_t u_ = 1, v_ = 1, period_ = 0, countdown_ = 0, limit_ = 0;
  bool triggered_ = false;
};

}  // namespace nb
