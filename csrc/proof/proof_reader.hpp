// SPDX-License-Identifier: MIT
// Reads proof files, piece by piece as they come out of a decompressor, and hands on their steps.
// DRAT and LRAT, each as text and in the usual binary form:
//
//   drat text    LITERALS 0          d LITERALS 0
//   drat binary  'a' LITERALS 0      'd' LITERALS 0
//   lrat text    ID LITERALS 0 HINTS 0     ID d IDS 0
//   lrat binary  'a' ID LITERALS 0 HINTS 0     'd' IDS 0
//
// Text has lines of comments that begin with c.  In binary a number n is the variable-length code
// (seven bits a byte, low ones first) of 2 * |n| + (n < 0), and 0 is one zero byte; ids and hints
// are written like literals, as CaDiCaL does since it gives RAT hints.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nb {

enum class ProofForm { drat_text, drat_binary, lrat_text, lrat_binary };

std::string_view name_of(ProofForm form);
std::optional<ProofForm> proof_form_named(std::string_view name);

// Told about each step.  Returning false ends the reading: the rest doesn't matter.
class ProofSteps {
 public:
  virtual ~ProofSteps() = default;
  // `id` and `hints` only in LRAT
  virtual bool on_add(std::uint64_t id, std::span<const std::int32_t> clause,
                      std::span<const std::int64_t> hints) = 0;
  // `clause` in DRAT, `ids` in LRAT
  virtual bool on_erase(std::span<const std::int32_t> clause,
                        std::span<const std::int64_t> ids) = 0;
};

class ProofReader {
 public:
  ProofReader(ProofForm form, ProofSteps &steps) : form_(form), steps_(steps) {}

  // Both throw ParseError: with line and column for text, else line 0 and the byte as column.
  // False once a step returned false; what is fed then is ignored.
  bool feed(std::span<const unsigned char> bytes);
  // The file ends here, which must not be within a step.
  void finish();

  ProofForm form() const { return form_; }
  // Of the last step begun: counted from 1, and where it is.
  std::uint64_t step() const { return step_; }
  std::uint64_t step_line() const { return step_line_; }
  std::uint64_t step_byte() const { return step_byte_; }
  std::uint64_t bytes() const { return byte_; }

 private:
  // What is expected next.
  enum class State { step, literals, hints, erase_literals, erase_ids, after_id };

  void feed_text(std::span<const unsigned char> bytes);
  void feed_binary(std::span<const unsigned char> bytes);
  void end_token();
  void begin_step();
  void take_letter(unsigned char letter);
  void take_number(std::uint64_t magnitude, bool negative);
  std::int32_t as_literal(std::uint64_t magnitude, bool negative) const;
  bool is_lrat() const { return form_ == ProofForm::lrat_text || form_ == ProofForm::lrat_binary; }
  bool is_text() const { return form_ == ProofForm::drat_text || form_ == ProofForm::lrat_text; }
  [[noreturn]] void fail(std::string found, std::string expected) const;

  ProofForm form_;
  ProofSteps &steps_;
  bool done_ = false;

  State state_ = State::step;
  std::uint64_t id_ = 0;
  std::vector<std::int32_t> literals_;
  std::vector<std::int64_t> numbers_;

  // the token at hand: of text its sign and digits, of binary the bits so far
  enum class Token { none, sign, number, letter, comment };
  Token token_ = Token::none;
  bool negative_ = false;
  unsigned char letter_ = 0;
  std::uint64_t magnitude_ = 0;
  unsigned shift_ = 0;

  std::uint64_t step_ = 0;
  std::uint64_t step_line_ = 0;
  std::uint64_t step_byte_ = 0;
  std::uint64_t byte_ = 0;
  std::uint64_t line_ = 1;
  std::uint64_t line_start_ = 0;
  std::uint64_t token_byte_ = 0;
};

}  // namespace nb
