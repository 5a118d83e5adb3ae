// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "daemon/config/toml.hpp"

using conclib::config::parse_toml;

namespace {

std::string refusal(std::string_view text) {
  const auto entries = parse_toml(text);
  REQUIRE_FALSE(entries.has_value());
  return entries.error().text;
}

std::string only_value(std::string_view text) {
  const auto entries = parse_toml(text);
  REQUIRE_MESSAGE(entries.has_value(), entries.error().text);
  REQUIRE(entries->size() == 1);
  return entries->front().value;
}

}  // namespace

TEST_CASE("tables, dotted and quoted keys make one path") {
  const auto entries = parse_toml("a = 1\r\n[b.c]\nd = 2\n[b.\"e f\"] # end\ng.h = 3");
  REQUIRE(entries.has_value());
  REQUIRE(entries->size() == 3);
  CHECK(entries->at(0).dotted() == "a");
  CHECK(entries->at(1).dotted() == "b.c.d");
  CHECK(entries->at(1).line == 3);
  CHECK(entries->at(2).path == std::vector<std::string>{"b", "e f", "g", "h"});
}

TEST_CASE("strings keep what stands between their quotes") {
  CHECK(only_value(R"(k = "a # b")") == "a # b");
  CHECK(only_value(R"(k = "a \"b\" \\ \t c")") == "a \"b\" \\ \t c");
  CHECK(only_value(R"(k = 'a \n "b"')") == R"(a \n "b")");
  CHECK(only_value("k = \"\"").empty());
}

TEST_CASE("numbers and booleans are given as their text") {
  CHECK(only_value("k = 1_000") == "1000");
  CHECK(only_value("k = -1.5# comment") == "-1.5");
  CHECK(only_value("k=true") == "true");
}

TEST_CASE("what is not understood is refused with its line") {
  CHECK(refusal("\nk") == "line 2: '=' is missing after the key");
  CHECK(refusal("k =") == "line 1: a value is missing after '='");
  CHECK(refusal("k = 10s") == "line 1: text needs quotes: \"10s\"");
  CHECK(refusal("k = \"a") == "line 1: the closing \" is missing");
  CHECK(refusal("k = \"a\" b") == "line 1: 'b' is one thing too many");
  CHECK(refusal("k = \"\\x\"").find("line 1: after '\\' only") == 0);
  CHECK(refusal("k = [1]").find("line 1: arrays") == 0);
  CHECK(refusal("[a").find("line 1: the closing ]") == 0);
  CHECK(refusal("[[a]]").find("line 1: arrays of tables") == 0);
  CHECK(refusal("= 1") == "line 1: '=' cannot stand in a key");
  CHECK(refusal("k = 1\nk = 2") == "line 2: 'k' stands here a second time");
  CHECK(refusal("k = \"\xff\"") == "line 1: this is not UTF-8");
}
