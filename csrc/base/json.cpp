// SPDX-License-Identifier: MIT
#include "base/json.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "base/error.hpp"

namespace nb {

namespace {

constexpr int deepest = 64;

void append_utf8(std::string &text, std::uint32_t code) {
  if (code < 0x80) {
    text.push_back(static_cast<char>(code));
    return;
  }
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr unsigned char heads[] = {0, 0xc0, 0xe0, 0xf0};
  text.push_back(static_cast<char>(heads[more] | (code >> (6 * more))));
  for (int i = more - 1; i >= 0; --i)
    text.push_back(static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3f)));
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  const std::string word(text);
  const bool digit =
      !word.empty() && word.find_first_not_of("+-.0123456789eE") == word.npos && word[0] != '+';
  char *stop = nullptr;
  const double number = digit ? std::strtod(word.c_str(), &stop) : 0;
  if (!digit || stop != word.c_str() + word.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  Json read() {
    Json json = value(0);
    skip_space();
    if (at_ != text_.size()) fail("more text", "the end");
    return json;
  }

 private:
  [[noreturn]] void fail(const std::string &found, const std::string &expected) const {
    const std::string_view before = text_.substr(0, at_);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t start = before.rfind('\n') + 1;
    throw ParseError(static_cast<std::uint64_t>(line), at_ - start + 1, found,
                     "expected " + expected);
  }

  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
  }
  bool take(char wanted) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  bool take_word(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  Json value(int depth) {
    if (depth > deepest) fail("a value within 64 others", "fewer levels");
    Json json;
    skip_space();
    if (take('{')) {
      json.value_ = object(depth);
    } else if (take('[')) {
      json.value_ = array(depth);
    } else if (at_ < text_.size() && text_[at_] == '"') {
      json.value_ = string();
    } else if (take_word("true")) {
      json.value_ = true;
    } else if (take_word("false")) {
      json.value_ = false;
    } else if (!take_word("null")) {
      json.value_ = number();
    }
    return json;
  }

  Json::Object object(int depth) {
    Json::Object object;
    if (take('}')) return object;
    do {
      skip_space();
      std::string key = string();
      if (!take(':')) fail("something else", "':'");
      if (!object.try_emplace(std::move(key), value(depth + 1)).second)
        fail("a key that came before", "each key once");
    } while (take(','));
    if (!take('}')) fail("something else", "',' or '}'");
    return object;
  }

  Json::Array array(int depth) {
    Json::Array array;
    if (take(']')) return array;
    do {
      array.push_back(value(depth + 1));
    } while (take(','));
    if (!take(']')) fail("something else", "',' or ']'");
    return array;
  }

  double number() {
    const std::size_t end = std::min(text_.find_first_not_of("+-.0123456789eE", at_), text_.size());
    const auto number = parse_number(text_.substr(at_, end - at_));
    if (!number) fail("something else", "a value");
    at_ = end;
    return *number;
  }

  std::string string() {
    if (!take('"')) fail("something else", "a string");
    std::string result;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return result;
      if (static_cast<unsigned char>(c) < 0x20) fail("a control character", "a string");
      if (c == '\\')
        escape(result);
      else
        result.push_back(c);
    }
    fail("the end within a string", "'\"'");
  }

  void escape(std::string &result) {
    constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    if (at_ == text_.size()) fail("the end within a string", "'\"'");
    const char c = text_[at_++];
    if (const std::size_t place = letters.find(c); place != letters.npos) {
      result.push_back(meanings[place]);
      return;
    }
    if (c != 'u') fail("an unknown escape", "a string");
    std::uint32_t code = hex();
    if (code >= 0xd800 && code < 0xdc00 && take_word("\\u"))
      code = 0x10000 + ((code - 0xd800) << 10) + ((hex() - 0xdc00) & 0x3ff);
    append_utf8(result, code);
  }

  std::uint32_t hex() {
    std::uint32_t code = 0;
    const char *const begin = text_.data() + at_;
    if (text_.size() - at_ < 4 || std::from_chars(begin, begin + 4, code, 16).ptr != begin + 4)
      fail("something else", "four hexadecimal digits");
    at_ += 4;
    return code;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

Json Json::parse(std::string_view text) {
  return JsonReader(text).read();
}

const Json &Json::operator[](std::string_view key) const {
  static const Json nothing;
  const Object *const entries = object();
  if (!entries) return nothing;
  const auto found = entries->find(key);
  return found == entries->end() ? nothing : found->second;
}

}  // namespace nb
