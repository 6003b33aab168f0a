// SPDX-License-Identifier: MIT
// A reader of JSON: text in, a tree of values out.
//
// Bounds   64 levels of nesting, so that a hostile file cannot exhaust the stack; the text itself
//          bounds the rest.
// Numbers  are doubles; a number that no double holds is an error.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace nb {

class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::map<std::string, Json, std::less<>>;

  // Throws ParseError with line and column.
  static Json parse(std::string_view text);

  // Null if this is no object or has no such key.
  const Json &operator[](std::string_view key) const;

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(value_); }
  // The value if it is of that type, else nullptr.
  const bool *boolean() const { return std::get_if<bool>(&value_); }
  const double *number() const { return std::get_if<double>(&value_); }
  const std::string *text() const { return std::get_if<std::string>(&value_); }
  const Array *array() const { return std::get_if<Array>(&value_); }
  const Object *object() const { return std::get_if<Object>(&value_); }

 private:
  friend class JsonReader;
  std::variant<std::nullptr_t, bool, double, std::string, Array, Object> value_ = nullptr;
};

// A finite decimal number that is all of `text`.  Not std::from_chars, which has no floating-point
// form in the standard library of clang before version 20.
std::optional<double> parse_number(std::string_view text);

}  // namespace nb
