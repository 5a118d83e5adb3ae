// SPDX-License-Identifier: MIT
#include "daemon/redis/backoff.hpp"

#include <algorithm>

#include <doctest/doctest.h>

using conclib::redis::Backoff;
using namespace std::chrono_literals;

TEST_CASE("waits stay below a bound that doubles up to the longest") {
  Backoff backoff(10ms, 80ms, 1);
  for (const auto bound : {10ms, 20ms, 40ms, 80ms, 80ms, 80ms}) {
    const auto wait = backoff.next();
    CHECK(wait >= 1ms);
    CHECK(wait <= bound);
  }
}

TEST_CASE("waits use the whole of their bound") {
  Backoff backoff(1000ms, 1000ms, 2);
  auto shortest = 1000ms;
  auto longest = 0ms;
  for (int i = 0; i < 200; ++i) {
    const auto wait = backoff.next();
    shortest = std::min(shortest, wait);
    longest = std::max(longest, wait);
  }
  CHECK(shortest < 100ms);
  CHECK(longest > 900ms);
}

TEST_CASE("after a success the first bound counts again") {
  Backoff backoff(10ms, 10000ms, 3);
  for (int i = 0; i < 10; ++i) static_cast<void>(backoff.next());
  backoff.reset();
  CHECK(backoff.next() <= 10ms);
}
