// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "daemon/config/values.hpp"

using namespace std::chrono_literals;
using namespace conclib::config;

TEST_CASE("a duration is a whole number with a unit") {
  CHECK(parse_duration("500ms", 0ms, 24h) == 500ms);
  CHECK(parse_duration("10s", 0ms, 24h) == 10s);
  CHECK(parse_duration("1m", 0ms, 24h) == 1min);
  CHECK(parse_duration("2h", 0ms, 24h) == 2h);
  for (const auto* wrong : {"", "s", "10", "1.5s", "-1s", " 1s", "1s ", "1d",
                            "99999999999999999999s", "18446744073709551615h"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_duration(wrong, 0ms, 24h).has_value());
  }
  CHECK_FALSE(parse_duration("25h", 0ms, 24h).has_value());
}

TEST_CASE("a size is a whole number of bytes with a unit that may be left out") {
  CHECK(parse_bytes("4096", 0, 1ULL << 40) == 4096);
  CHECK(parse_bytes("64kb", 0, 1ULL << 40) == 65536);
  CHECK(parse_bytes("256mb", 0, 1ULL << 40) == 256ULL << 20);
  CHECK(parse_bytes("2gb", 0, 1ULL << 40) == 2ULL << 30);
  CHECK_FALSE(parse_bytes("2tb", 0, 1ULL << 40).has_value());
  CHECK_FALSE(parse_bytes("17179869184gb", 0, ~0ULL).has_value());
  CHECK_FALSE(parse_bytes("1kb", 2048, 1ULL << 40).has_value());
}

TEST_CASE("a count stays within its bounds") {
  CHECK(parse_count("1", 1, 4) == 1);
  CHECK(parse_count("4", 1, 4) == 4);
  CHECK(parse_count("5", 1, 4).error() == "'5' is not a whole number from 1 to 4");
  CHECK_FALSE(parse_count("+1", 1, 4).has_value());
  CHECK_FALSE(parse_count("", 0, 4).has_value());
}

TEST_CASE("what is written can be read again") {
  CHECK(duration_text(1500ms) == "1500ms");
  CHECK(duration_text(10s) == "10s");
  CHECK(duration_text(0ms) == "0ms");
  CHECK(bytes_text(1ULL << 20) == "1mb");
  CHECK(bytes_text(1025) == "1025");
  CHECK(bytes_text(0) == "0");
}
