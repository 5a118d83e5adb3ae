// SPDX-License-Identifier: MIT
#include "proto/urn.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace conclib::proto;

TEST_CASE("a URN is taken apart into type, key and child") {
  const auto urn = parse_urn("cart/42/a#lines");
  REQUIRE(urn);
  CHECK(urn->type == "cart");
  CHECK(urn->key == "42/a");
  CHECK(urn->child == "lines");
  CHECK(urn->placed() == "cart/42/a");
}

TEST_CASE("types of every allowed form are accepted") {
  for (const auto* text : {"example_actor", "urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8", "_x",
                           "0", "a.b:c-d_e", "cart/\xc3\xa9t\xc3\xa9", "a/b?c=d&{e}"}) {
    CAPTURE(text);
    CHECK(parse_urn(text));
  }
}

TEST_CASE("what is no URN is refused with the reason") {
  for (const auto* text :
       {"", "/key", "cart/", "cart/42#", "#child", "ca rt", "cart/4 2", "-x", ".x", "cart/4#2#3",
        "cart/\x01", "cart/\x7f", "c\xc3\xa9", "cart/\xff"}) {
    CAPTURE(text);
    const auto urn = parse_urn(text);
    REQUIRE_FALSE(urn);
    CHECK(urn.error().code == Status::bad_argument);
    CHECK(urn.error().text.find("not valid") != std::string::npos);
  }
}

TEST_CASE("the length of a URN is bounded") {
  CHECK(parse_urn(std::string(255, 'x')));
  CHECK_FALSE(parse_urn(std::string(256, 'x')));
}

TEST_CASE("an error shows hostile bytes as question marks") {
  const auto text = parse_urn("a\nb\x1b[31m").error().text;
  CHECK(text.find('\n') == std::string::npos);
  CHECK(text.find('\x1b') == std::string::npos);
}

TEST_CASE("UTF-8 excludes overlong forms, surrogates and cut sequences") {
  CHECK(is_utf8("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"));
  CHECK_FALSE(is_utf8("\xc0\x80"));
  CHECK_FALSE(is_utf8("\xe0\x80\x80"));
  CHECK_FALSE(is_utf8("\xed\xa0\x80"));
  CHECK_FALSE(is_utf8("\xf4\x90\x80\x80"));
  CHECK_FALSE(is_utf8("\xe2\x82"));
  CHECK_FALSE(is_utf8("\x80"));
}

TEST_CASE("names are short and plain") {
  CHECK(is_name("my-app_1"));
  CHECK_FALSE(is_name(""));
  CHECK_FALSE(is_name("a b"));
  CHECK_FALSE(is_name("a:b"));
  CHECK_FALSE(is_name(std::string(65, 'x')));
}
