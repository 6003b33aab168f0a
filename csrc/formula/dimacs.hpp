// SPDX-License-Identifier: MIT
// DIMACS CNF: a reader that is fed chunks as they come, and a writer.
//
// Idea     One pass over the bytes.  Within a chunk a token is known to end before the chunk
//          does, so the inner loop tests for the end once a token; what is cut off at the end of
//          a chunk is carried over.  Decompression happens outside, by libraries.
// Cost     about 4 bytes a literal and 8 a clause, plus the growth of the literal array.
// Source   the format: "Satisfiability Suggested Format", DIMACS 1993, as the SAT competitions
//          and SATLIB use it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "formula/formula.hpp"

namespace nb {

class DimacsReader {
 public:
  // `relaxed`: wrong header counts and a missing header become warnings with the true numbers.
  explicit DimacsReader(bool relaxed) : relaxed_(relaxed) {}

  // Both throw ParseError with the place.  `feed` may be called with chunks of any size.
  void feed(std::span<const char> chunk);
  Formula finish();

  const std::vector<std::string> &warnings() const { return warnings_; }

 private:
  enum class State { text, comment, trailer };

  const char *parse(const char *at, const char *end);
  const char *parse_word(const char *at, const char *token_end);
  void parse_header_word(const char *at, const char *token_end);
  void parse_trailer(const char *at, const char *end);
  void add_literal(std::int64_t value, const char *at, const char *token_end);
  void new_line(const char *after);
  std::uint64_t column(const char *at) const;
  [[noreturn]] void fail(const char *at, std::string found, std::string expected) const;
  [[noreturn]] void fail_header_needed(const char *at, const char *token_end);
  static std::string quoted(const char *at, const char *token_end);

  bool relaxed_;
  State state_ = State::text;
  std::string carry_;

  // Place of the byte at `base_`: its line, and the bytes of that line before it.
  std::uint64_t line_ = 1;
  std::uint64_t line_bytes_ = 0;
  const char *base_ = nullptr;
  bool line_has_token_ = false;

  // Words of the header read so far: 0 none, 1 "p", 2 "cnf", 3 variables, 4 all.
  int header_words_ = 0;
  std::uint64_t header_line_ = 0;
  std::uint64_t header_column_ = 0;
  std::int64_t header_vars_ = 0;
  std::int64_t header_clauses_ = 0;

  std::int32_t limit_ = 0;
  std::int32_t largest_ = 0;
  std::uint64_t clause_line_ = 0;
  std::uint64_t clause_column_ = 0;
  std::vector<std::int32_t> literals_;
  std::vector<std::int64_t> offsets_{0};
  std::vector<std::string> warnings_;
};

// The text of clauses [first, last): literals and the final 0, each followed by a blank, except
// that the 0 is followed by `separator`.  Literals of variables v with flips[v - 1] != 0 are
// negated; an empty `flips` negates none.
std::string format_clauses(const Formula &formula, std::size_t first, std::size_t last,
                           char separator, std::span<const std::uint8_t> flips);

// "p cnf V C\n"
std::string format_header(const Formula &formula);

// Writes header and clauses to an open descriptor, in chunks.  False: the other end is closed.
// Throws SystemError if writing fails otherwise.
bool write_dimacs(const Formula &formula, int descriptor, std::span<const std::uint8_t> flips);

}  // namespace nb
