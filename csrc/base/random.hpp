// SPDX-License-Identifier: MIT
// Seeded pseudo-random numbers: a 64-bit linear congruential generator, high bits used.
#pragma once

#include <cstdint>

namespace nb {

class Random {
 public:
  explicit Random(std::uint64_t seed = 0) : state_(seed) {
    // Spread small seeds over all bits (the finalizer of splitmix64).
    state_ = (state_ + 0x9e3779b97f4a7c15u);
    state_ = (state_ ^ (state_ >> 30)) * 0xbf58476d1ce4e5b9u;
    state_ = (state_ ^ (state_ >> 27)) * 0x94d049bb133111ebu;
    state_ ^= state_ >> 31;
  }
  std::uint64_t next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return state_;
  }
  std::uint32_t next32() { return static_cast<std::uint32_t>(next() >> 32); }
  // Uniform in [0, bound); `bound` > 0.
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>((std::uint64_t{next32()} * bound) >> 32);
  }
  bool flip() { return next() >> 63; }
  // Uniform in [0, 1): 1 is never returned.
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace nb
