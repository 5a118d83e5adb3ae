// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "daemon/worker/control.hpp"

using namespace conclib::worker;
using conclib::config::ExitCode;
using Kind = ControlLine::Kind;

TEST_CASE("every control line can be read again") {
  CHECK(encode_control({.kind = Kind::ready, .text = {}}) == "ready\n");
  CHECK(encode_control({.kind = Kind::beat, .text = {}}) == "beat\n");
  CHECK(encode_control({.kind = Kind::fatal, .code = ExitCode::redis, .text = "no\nRedis"}) ==
        "fatal 66 no Redis\n");
  CHECK(decode_control("ready")->kind == Kind::ready);
  CHECK(decode_control("beat")->kind == Kind::beat);
  const auto fatal = decode_control("fatal 66 no Redis");
  REQUIRE(fatal.has_value());
  CHECK(fatal->kind == Kind::fatal);
  CHECK(fatal->code == ExitCode::redis);
  CHECK(fatal->text == "no Redis");
}

TEST_CASE("a fatal line with a code that nobody knows is an internal error") {
  CHECK(decode_control("fatal 99 what")->code == ExitCode::internal);
}

TEST_CASE("lines that are not known are ignored") {
  for (const auto* line : {"", "READY", "ready ", "fatal", "fatal 66", "fatal x y", "reload 3"}) {
    CAPTURE(line);
    CHECK_FALSE(decode_control(line).has_value());
  }
}

TEST_CASE("lines are found however the bytes are cut") {
  ControlReader reader;
  CHECK(reader.feed("rea").empty());
  const auto first = reader.feed("dy\nbeat\nsomething new\nfatal 65 bad");
  REQUIRE(first.size() == 2);
  CHECK(first[0].kind == Kind::ready);
  CHECK(first[1].kind == Kind::beat);
  const auto second = reader.feed(".so\n");
  REQUIRE(second.size() == 1);
  CHECK(second[0].text == "bad.so");
}

TEST_CASE("a line that does not end is dropped and the next one is read") {
  ControlReader reader;
  CHECK(reader.feed("fatal 66 " + std::string(100'000, 'x')).empty());
  const auto lines = reader.feed("\nbeat\n");
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].kind == Kind::beat);
}

TEST_CASE("a text of any length makes a line that can be read") {
  ControlReader reader;
  const auto lines = reader.feed(encode_control(
      {.kind = Kind::fatal, .code = ExitCode::plugin, .text = std::string(100'000, 'x')}));
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].text.size() == 2048);
}
