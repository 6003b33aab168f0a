// SPDX-License-Identifier: MIT
// Three kinds of check, three meanings.
//
//   NB_REQUIRE  the caller's fault; always compiled; throws ContractError (ValueError in Python)
//   NB_ASSERT   our fault, cheap; debug builds and check builds
//   NB_CHECK    our fault, costly; builds with NB_CHECK_LEVEL at least the given level
#pragma once

#include <cstdio>
#include <cstdlib>

#include "base/error.hpp"

#ifndef NB_CHECK_LEVEL
#define NB_CHECK_LEVEL 0
#endif

namespace nb {

[[noreturn]] inline void assertion_failed(const char *file, int line, const char *text) {
  std::fprintf(stderr, "neuroback: internal error: %s:%d: %s\n", file, line, text);
  std::abort();
}

}  // namespace nb

#define NB_REQUIRE(condition, ...)                                  \
  do {                                                              \
    if (!(condition)) [[unlikely]]                                  \
      throw ::nb::ContractError(::nb::format_message(__VA_ARGS__)); \
  } while (0)

#if !defined(NDEBUG) || NB_CHECK_LEVEL > 0
#define NB_ASSERT(condition)                                                  \
  do {                                                                        \
    if (!(condition)) ::nb::assertion_failed(__FILE__, __LINE__, #condition); \
  } while (0)
#else
#define NB_ASSERT(condition) \
  do {                       \
  } while (0)
#endif

#define NB_CHECK(level, statement)                      \
  do {                                                  \
    if constexpr (NB_CHECK_LEVEL >= (level)) statement; \
  } while (0)
