// SPDX-License-Identifier: MIT
#include "proto/ended.hpp"

#include <doctest/doctest.h>

namespace conclib::proto {

using namespace std::string_view_literals;

TEST_CASE("the end of an actor is a map of status and text") {
  CHECK(encode_ended({}) == "\x82\xa6status\x00\xa4text\xa0"sv);
  CHECK(encode_ended({Status::actor_failed, "no disk"}) ==
        "\x82\xa6status\xcc\xc8\xa4text\xa7no disk"sv);
}

TEST_CASE("the end of an actor is read as it was written") {
  const auto ended = decode_ended(encode_ended({Status::actor_failed, "no disk"}));
  REQUIRE(ended.has_value());
  CHECK(ended->status == Status::actor_failed);
  CHECK(ended->text == "no disk");
}

TEST_CASE("unknown fields of an end are ignored, absent ones are those of a stop") {
  const auto more = decode_ended("\x82\xa5kind_\xa3red\xa6status\x6e"sv);
  REQUIRE(more.has_value());
  CHECK(more->status == Status::actor_not_found);
  CHECK(more->text.empty());
  const auto none = decode_ended("\x80"sv);
  REQUIRE(none.has_value());
  CHECK(none->status == Status::ok);
}

TEST_CASE("what is not the end of an actor is BAD_REPLY") {
  for (const auto bytes : {""sv, "\x01"sv, "\xc0"sv, "\x81\xa6status"sv, "\x81\xa6status\xa1x"sv,
                           "\x81\xa4text\x01"sv, "\x81\xa6status\xce\x00\x01\x00\x00"sv}) {
    CAPTURE(bytes);
    const auto ended = decode_ended(bytes);
    REQUIRE_FALSE(ended.has_value());
    CHECK(ended.error().code == Status::bad_reply);
  }
}

}  // namespace conclib::proto
