// SPDX-License-Identifier: MIT
#include "proof/proof_reader.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/error.hpp"

namespace nb {

namespace {

constexpr std::pair<ProofForm, std::string_view> form_names[] = {
    {ProofForm::drat_text, "drat-text"},
    {ProofForm::drat_binary, "drat-binary"},
    {ProofForm::lrat_text, "lrat-text"},
    {ProofForm::lrat_binary, "lrat-binary"},
};

bool is_space(unsigned char byte) {
  return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

bool is_digit(unsigned char byte) {
  return byte >= '0' && byte <= '9';
}

// More digits or bits than any number in a proof has.
constexpr std::uint64_t too_large = std::uint64_t{1} << 59;

std::string printed(unsigned char byte) {
  if (byte > ' ' && byte < 127) return std::string("'") + static_cast<char>(byte) + "'";
  return format_message("byte 0x%02x", static_cast<unsigned>(byte));
}

}  // namespace

std::string_view name_of(ProofForm form) {
  for (const auto &[known, name] : form_names)
    if (known == form) return name;
  return "unknown";
}

std::optional<ProofForm> proof_form_named(std::string_view name) {
  for (const auto &[form, known] : form_names)
    if (known == name) return form;
  return std::nullopt;
}

void ProofReader::fail(std::string found, std::string expected) const {
  if (is_text())
    throw ParseError(line_, token_byte_ - line_start_ + 1, std::move(found), std::move(expected));
  throw ParseError(0, token_byte_ + 1, std::move(found), std::move(expected));
}

bool ProofReader::feed(std::span<const unsigned char> bytes) {
  if (done_) return false;
  if (is_text())
    feed_text(bytes);
  else
    feed_binary(bytes);
  return !done_;
}

void ProofReader::finish() {
  if (done_) return;
  token_byte_ = byte_;
  if (is_text()) {
    if (token_ != Token::none && token_ != Token::comment) end_token();
  } else if (shift_) {
    fail("the file ends within a number", "expected its last byte");
  }
  if (done_ || state_ == State::step) return;
  fail("the file ends within a step", "expected a 0 to end it");
}

void ProofReader::feed_text(std::span<const unsigned char> bytes) {
  for (const unsigned char byte : bytes) {
    ++byte_;
    if (is_digit(byte)) {
      if (token_ == Token::comment) continue;
      if (token_ == Token::none) token_byte_ = byte_ - 1, magnitude_ = 0, negative_ = false;
      if (token_ == Token::letter) fail("a digit right after a letter", "expected a space");
      token_ = Token::number;
      if (magnitude_ >= too_large)
        fail("a number of too many digits", "expected a literal or an id");
      magnitude_ = 10 * magnitude_ + (byte - '0');
    } else if (is_space(byte)) {
      if (token_ != Token::none && token_ != Token::comment) {
        end_token();
        if (done_) return;
      }
      if (byte == '\n') {
        token_ = Token::none;
        ++line_;
        line_start_ = byte_;
      }
    } else if (token_ == Token::comment) {
      continue;
    } else if (token_ != Token::none) {
      token_byte_ = byte_ - 1;
      fail(printed(byte), "expected a space or a digit");
    } else {
      token_byte_ = byte_ - 1;
      if (byte == '-') {
        token_ = Token::sign;
        negative_ = true;
        magnitude_ = 0;
      } else if (byte == 'c' && state_ == State::step) {
        token_ = Token::comment;
      } else if (byte == 'd' || byte == 'a') {
        token_ = Token::letter;
        letter_ = byte;
      } else {
        fail(printed(byte), "expected a number, d or a comment");
      }
    }
  }
}

void ProofReader::end_token() {
  const Token token = std::exchange(token_, Token::none);
  if (token == Token::sign) fail("a minus sign alone", "expected a number");
  if (token == Token::letter)
    take_letter(letter_);
  else
    take_number(magnitude_, negative_);
}

void ProofReader::feed_binary(std::span<const unsigned char> bytes) {
  for (const unsigned char byte : bytes) {
    ++byte_;
    if (state_ == State::step) {
      token_byte_ = byte_ - 1;
      take_letter(byte);
      continue;
    }
    if (!shift_) token_byte_ = byte_ - 1, magnitude_ = 0;
    if (shift_ > 56) fail("a number of too many bytes", "expected a literal or an id");
    magnitude_ |= static_cast<std::uint64_t>(byte & 127) << shift_;
    if (byte & 128) {
      shift_ += 7;
      continue;
    }
    // a code of 1 is no number, and a last byte of 0 after others no shortest code
    if (magnitude_ == 1 || (shift_ && !byte)) fail(printed(byte), "expected the code of a number");
    shift_ = 0;
    take_number(magnitude_ >> 1, magnitude_ & 1);
    if (done_) return;
  }
}

void ProofReader::begin_step() {
  ++step_;
  step_line_ = line_;
  step_byte_ = token_byte_;
  literals_.clear();
  numbers_.clear();
}

void ProofReader::take_letter(unsigned char letter) {
  if (state_ == State::step) {
    if (form_ == ProofForm::lrat_text) fail(printed(letter), "expected the id of a step");
    if (letter == 'd') {
      begin_step();
      state_ = is_lrat() ? State::erase_ids : State::erase_literals;
      return;
    }
    if (letter == 'a' && !is_text()) {
      begin_step();
      state_ = is_lrat() ? State::after_id : State::literals;
      return;
    }
    fail(printed(letter),
         is_text() ? "expected a literal or d" : "expected a or d to begin a step");
  }
  if (letter == 'd' && state_ == State::after_id && is_text()) {
    state_ = State::erase_ids;
    return;
  }
  fail(printed(letter), "expected a number");
}

std::int32_t ProofReader::as_literal(std::uint64_t magnitude, bool negative) const {
  if (magnitude > static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max()))
    fail(format_message("variable %llu", static_cast<unsigned long long>(magnitude)),
         "expected at most 2147483647");
  const auto name = static_cast<std::int32_t>(magnitude);
  return negative ? -name : name;
}

void ProofReader::take_number(std::uint64_t magnitude, bool negative) {
  if (magnitude == 0 && negative) fail("-0", "expected a literal or 0");
  const auto number =
      negative ? -static_cast<std::int64_t>(magnitude) : static_cast<std::int64_t>(magnitude);
  if (state_ == State::step) {
    begin_step();
    state_ = State::literals;
    if (is_lrat()) {
      if (number <= 0) fail("a step's id that isn't positive", "expected 1 or more");
      id_ = magnitude;
      state_ = State::after_id;
      return;
    }
  }
  switch (state_) {
    case State::after_id:
      if (!is_text()) {
        if (number <= 0) fail("a step's id that isn't positive", "expected 1 or more");
        id_ = magnitude;
        state_ = State::literals;
        return;
      }
      state_ = State::literals;
      [[fallthrough]];
    case State::literals:
      if (number != 0) {
        literals_.push_back(as_literal(magnitude, negative));
      } else if (is_lrat()) {
        state_ = State::hints;
      } else {
        state_ = State::step;
        done_ = !steps_.on_add(0, literals_, {});
      }
      return;
    case State::hints:
      if (number != 0) {
        numbers_.push_back(number);
      } else {
        state_ = State::step;
        done_ = !steps_.on_add(id_, literals_, numbers_);
      }
      return;
    case State::erase_literals:
      if (number != 0) {
        literals_.push_back(as_literal(magnitude, negative));
      } else {
        state_ = State::step;
        done_ = !steps_.on_erase(literals_, {});
      }
      return;
    case State::erase_ids:
      if (number < 0) fail("a negative id", "expected the id of a clause or 0");
      if (number != 0) {
        numbers_.push_back(number);
      } else {
        state_ = State::step;
        done_ = !steps_.on_erase({}, numbers_);
      }
      return;
    case State::step:
      return;
  }
}

}  // namespace nb
