// SPDX-License-Identifier: MIT
// Which deliberate bug is asked for: the environment variable NB_MUTANT, read once.  This file is
// part of a copy of the sources that tests/mutants/run.py makes, and of nothing else.
#pragma once

#include <cstdlib>
#include <string_view>

namespace nb {

inline const std::string_view asked_mutant = [] {
  const char *const name = std::getenv("NB_MUTANT");
  return std::string_view(name ? name : "");
}();

}  // namespace nb

#define NB_MUTANT(name) (nb::asked_mutant == name)
