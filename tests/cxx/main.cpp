// SPDX-License-Identifier: MIT
#include <string_view>

#include "unit.hpp"

namespace nb::unit {

static int failures = 0;

std::vector<Test> &tests() {
  static std::vector<Test> all;
  return all;
}

void expect(bool condition, const char *file, int line, const char *text) {
  if (condition) return;
  ++failures;
  std::fprintf(stderr, "%s:%d: found false, expected %s\n", file, line, text);
}

}  // namespace nb::unit

// Runs the tests whose names begin with the argument, all without one.
int main(int argc, char **argv) {
  int count = 0;
  for (const auto &[name, body] : nb::unit::tests()) {
    if (argc > 1 && !std::string_view(name).starts_with(argv[1])) continue;
    ++count;
    body();
  }
  std::printf("%d tests, %d failures\n", count, nb::unit::failures);
  return nb::unit::failures || !count;
}
