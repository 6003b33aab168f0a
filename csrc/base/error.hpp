// SPDX-License-Identifier: MIT
// Errors as exceptions.  A message says where, what was found and what was expected.
#pragma once

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace nb {

#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
inline std::string format_message(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  va_list again;
  va_copy(again, arguments);
  const int length = std::vsnprintf(nullptr, 0, format, arguments);
  va_end(arguments);
  std::string message(length > 0 ? static_cast<std::size_t>(length) : 0, '\0');
  if (length > 0) std::vsnprintf(message.data(), message.size() + 1, format, again);
  va_end(again);
  return message;
}

// The caller broke a rule that the documentation states (ValueError in Python).
class ContractError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

// A text is not what it should be.  `line` and `column` count from 1; 0 means "no place".
class ParseError : public std::runtime_error {
 public:
  ParseError(std::uint64_t line, std::uint64_t column, std::string found, std::string expected)
      : std::runtime_error(found + ", " + expected),
        line(line),
        column(column),
        found(std::move(found)),
        expected(std::move(expected)) {}

  std::uint64_t line;
  std::uint64_t column;
  std::string found;
  std::string expected;
};

// A proof, checkpoint or other file is damaged or refused.
class FileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The system refused to read or write; `number` is its errno.
class SystemError : public std::system_error {
 public:
  explicit SystemError(int number) : std::system_error(number, std::generic_category()) {}
};

// Work was stopped from outside (an interrupt or a limit) before it was done.
class Interrupted : public std::runtime_error {
 public:
  Interrupted() : std::runtime_error("interrupted") {}
};

}  // namespace nb
