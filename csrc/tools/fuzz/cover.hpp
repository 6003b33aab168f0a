// SPDX-License-Identifier: MIT
// Settings in which every two options meet in all combinations of their lowest, default and
// highest values.
//
// Source   Cohen, Dalal, Fredman and Patton, "The AETG System", TSE 1997 (greedy rows)
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "base/random.hpp"
#include "solver/options.hpp"

namespace nb::fuzz {

class Cover {
 public:
  // A row holds a value for each option of `option_table`, in its order.
  static const std::vector<std::vector<int>> &rows() {
    static const std::vector<std::vector<int>> made = Cover().make();
    return made;
  }

 private:
  static constexpr std::size_t levels = 3;

  Cover() {
    for (const OptionRow &row : option_table) values_.push_back({row.low, row.high, row.value});
    met_.assign(size() * levels * size() * levels, false);
  }

  std::size_t size() const { return values_.size(); }
  // A default that is one of the ends is no level of its own.
  bool distinct(std::size_t option, std::size_t level) const {
    const auto &value = values_[option];
    return std::find(value.begin(), value.begin() + static_cast<std::ptrdiff_t>(level),
                     value[level]) == value.begin() + static_cast<std::ptrdiff_t>(level);
  }
  std::vector<bool>::reference met(std::size_t a, std::size_t x, std::size_t b, std::size_t y) {
    return met_[(a * levels + x) * size() * levels + b * levels + y];
  }

  std::vector<std::vector<int>> make() {
    std::vector<std::vector<int>> rows;
    while (open_pair()) rows.push_back(row());
    return rows;
  }

  // The first pair of values that no row has, into first_ and second_.
  bool open_pair() {
    for (std::size_t a = 0; a < size(); ++a)
      for (std::size_t b = a + 1; b < size(); ++b)
        for (std::size_t x = 0; x < levels; ++x)
          for (std::size_t y = 0; y < levels; ++y) {
            if (!distinct(a, x) || !distinct(b, y) || met(a, x, b, y)) continue;
            first_ = {a, x};
            second_ = {b, y};
            return true;
          }
    return false;
  }

  // Begins with the open pair; each other option takes the value that meets most new ones.
  std::vector<int> row() {
    std::vector<std::size_t> order, level(size(), levels);
    for (std::size_t option = 0; option < size(); ++option)
      if (option != first_.option && option != second_.option) order.push_back(option);
    for (std::size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[random_.below(static_cast<std::uint32_t>(i))]);
    level[first_.option] = first_.level;
    level[second_.option] = second_.level;
    for (const std::size_t option : order) {
      std::array<int, levels> fresh{};
      for (std::size_t x = 0; x < levels; ++x)
        for (std::size_t other = 0; other < size(); ++other)
          fresh[x] += level[other] < levels && !met(option, x, other, level[other]);
      std::size_t best = 0;
      for (std::size_t x = 1; x < levels; ++x)
        if (distinct(option, x) && fresh[x] > fresh[best]) best = x;
      level[option] = best;
    }
    std::vector<int> result;
    for (std::size_t a = 0; a < size(); ++a) {
      result.push_back(values_[a][level[a]]);
      for (std::size_t b = 0; b < size(); ++b) met(a, level[a], b, level[b]) = true;
    }
    return result;
  }

  struct Choice {
    std::size_t option = 0, level = 0;
  };

  std::vector<std::array<int, levels>> values_;
  std::vector<bool> met_;
  Choice first_, second_;
  Random random_{1};
};

}  // namespace nb::fuzz
