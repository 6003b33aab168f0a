// SPDX-License-Identifier: MIT
// The question whether to go on, asked at every clause of a pass.
#pragma once

#include <cstddef>
#include <functional>

#include "base/error.hpp"

namespace nb {

class Poll {
 public:
  // Borrowed.  Asked every some ten thousand clauses.
  explicit Poll(const std::function<bool()> &should_stop) : should_stop_(should_stop) {}

  // Throws Interrupted when the answer is yes.
  void operator()(std::size_t clause) const {
    if (clause % 16384 == 0 && should_stop_ && should_stop_()) throw Interrupted();
  }

 private:
  const std::function<bool()> &should_stop_;
};

}  // namespace nb
