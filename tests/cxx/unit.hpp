// SPDX-License-Identifier: MIT
// A test is a function that registers itself; what it expects and does not find is printed.
#pragma once

#include <cstdio>
#include <vector>

namespace nb::unit {

struct Test {
  const char *name;
  void (*body)();
};

std::vector<Test> &tests();
void expect(bool condition, const char *file, int line, const char *text);

struct Register {
  Register(const char *name, void (*body)()) { tests().push_back({name, body}); }
};

}  // namespace nb::unit

#define TEST(name)                                              \
  static void name();                                           \
  static const nb::unit::Register register_##name(#name, name); \
  static void name()

#define EXPECT(condition) nb::unit::expect(condition, __FILE__, __LINE__, #condition)
