// SPDX-License-Identifier: MIT
// The command line, in the form in which programs call Kissat and CaDiCaL.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "solver/result.hpp"

namespace nb::tools {

struct Arguments {
  std::string formula = "-", proof;
  bool help = false, version = false;
  bool quiet = false, verbose = false, witness = true, statistics = false, force = false;
  bool relaxed = false, binary = true, lrat = false;

  double seconds = -1, memory_mib = -1;
  std::int64_t conflicts = -1, decisions = -1, ticks = -1;
  unsigned threads = 0;

  bool neural = true;
  std::string model;
  std::optional<double> threshold;
  std::optional<bool> gate, repair;
  AdviceMode advice = AdviceMode::initial;
  std::int64_t advice_at = -1;

  // Options of the core by name, in the order given; the last one counts.
  std::vector<std::pair<std::string, int>> core;
};

// A wrong call: one line that says what is wrong.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws UsageError.
Arguments parse_arguments(int argc, char **argv);
std::string help_text();

}  // namespace nb::tools
