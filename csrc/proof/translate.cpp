// SPDX-License-Identifier: MIT
#include "proof/translate.hpp"

#include <charconv>

#include "base/error.hpp"

namespace nb {
namespace {

// Literals are written as 2 * variable + sign, so that no code is 0 or 1.
constexpr std::uint64_t largest_code = 0xffffffffu;

}  // namespace

void ProofTranslator::end_of_lemma() {
  if (deleting_) {
    deleted_++;
  } else {
    added_++;
    if (empty_) refutes_ = true;
  }
  state_ = State::kind;
}

void ProofTranslator::literal(std::uint64_t code, std::string &out) {
  const std::uint64_t index = (code >> 1) - 1;
  if (index < flips_.size() && flips_[index]) code ^= 1;
  if (text_) {
    char digits[24];
    char *start = digits;
    if (code & 1) *start++ = '-';
    char *end = std::to_chars(start, digits + sizeof digits, code >> 1).ptr;
    *end++ = ' ';
    out.append(digits, end);
  } else {
    // Renaming changes the lowest bit only, so the number keeps its length.
    for (; code > 127; code >>= 7) out.push_back(static_cast<char>((code & 127) | 128));
    out.push_back(static_cast<char>(code));
  }
}

std::string ProofTranslator::feed(std::span<const char> piece) {
  std::string out;
  out.reserve(text_ ? piece.size() * 3 : piece.size());
  for (const char character : piece) {
    const auto byte = static_cast<unsigned char>(character);
    position_++;
    if (state_ == State::kind) {
      if (byte != 'a' && byte != 'd')
        throw FileError(format_message("byte %llu of the proof is 0x%02x, expected 'a' or 'd'",
                                       static_cast<unsigned long long>(position_), byte));
      deleting_ = byte == 'd';
      empty_ = true;
      number_ = 0;
      shift_ = 0;
      state_ = State::number;
      if (!text_)
        out.push_back(character);
      else if (deleting_)
        out.append("d ");
      continue;
    }
    number_ |= static_cast<std::uint64_t>(byte & 127) << shift_;
    shift_ += 7;
    if (byte & 128) {
      if (shift_ > 28)
        throw FileError(format_message("byte %llu of the proof: a literal of more than 32 bits",
                                       static_cast<unsigned long long>(position_)));
      continue;
    }
    if (number_ == 0) {
      out.append(text_ ? std::string_view("0\n") : std::string_view("\0", 1));
      end_of_lemma();
    } else {
      if (number_ < 2 || number_ > largest_code)
        throw FileError(format_message("byte %llu of the proof: %llu is not the code of a literal",
                                       static_cast<unsigned long long>(position_),
                                       static_cast<unsigned long long>(number_)));
      empty_ = false;
      literal(number_, out);
    }
    number_ = 0;
    shift_ = 0;
  }
  return out;
}

}  // namespace nb
