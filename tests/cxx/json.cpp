// SPDX-License-Identifier: MIT
// The reader of JSON: what it reads, and what it refuses at which place.
#include "base/json.hpp"

#include "base/error.hpp"
#include "unit.hpp"

using namespace nb;

TEST(json_of_every_kind_is_read) {
  const Json json = Json::parse(
      " {\"a\": [1, -2.5e3, true, false, null], \"b\": {\"c\": \"x\\n\\u00e4\\ud83d\\ude00\"}} \n");
  const Json::Array *const array = json["a"].array();
  EXPECT(array && array->size() == 5);
  EXPECT(*(*array)[1].number() == -2500 && *(*array)[2].boolean() && !*(*array)[3].boolean());
  EXPECT((*array)[4].is_null());
  EXPECT(*json["b"]["c"].text() == "x\n\xc3\xa4\xf0\x9f\x98\x80");
  EXPECT(json["none"].is_null() && json["a"]["b"].is_null() && !json["a"].number());
}

TEST(json_that_is_none_is_refused_with_its_place) {
  const auto refused = [](std::string_view text, std::uint64_t line, std::uint64_t column) {
    try {
      Json::parse(text);
    } catch (const ParseError &error) {
      return error.line == line && error.column == column;
    }
    return false;
  };
  EXPECT(refused("", 1, 1));
  EXPECT(refused("{\"a\": 1,\n \"a\": 2}", 2, 8));
  EXPECT(refused("[1, 2", 1, 6));
  EXPECT(refused("[1] 2", 1, 5));
  EXPECT(refused("\"x", 1, 3));
  EXPECT(refused("\"\\u12x4\"", 1, 4));
  EXPECT(refused("1e999", 1, 1));
  EXPECT(refused("nan", 1, 1));
  EXPECT(refused(std::string(100, '['), 1, 66));
}
