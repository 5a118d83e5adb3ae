// SPDX-License-Identifier: MIT
#include "daemon/queue/redis_clock.hpp"

#include <limits>

#include <doctest/doctest.h>

using conclib::queue::RedisClock;
using conclib::runtime::TimePoint;
using namespace std::chrono_literals;

TEST_CASE("Redis's time is told from the middle of the question and its answer") {
  RedisClock clock;
  CHECK_FALSE(clock.is_known());
  const TimePoint start(1h);
  clock.measured(5'000'000, start, start + 10ms);
  CHECK(clock.is_known());
  CHECK(clock.to_redis_ms(start + 5ms) == 5'000'000);
  CHECK(clock.to_redis_ms(start + 1005ms) == 5'001'000);
  CHECK(clock.to_monotonic(5'001'000) == start + 1005ms);
}

TEST_CASE("times beyond what can be told are the ends of time") {
  RedisClock clock;
  clock.measured(5'000'000, TimePoint(1h), TimePoint(1h));
  CHECK(clock.to_monotonic(std::numeric_limits<std::uint64_t>::max()) == TimePoint::max());
  CHECK(clock.to_monotonic(std::numeric_limits<std::int64_t>::max()) == TimePoint::max());
  CHECK(clock.to_monotonic(0) < TimePoint(1h));
  CHECK(clock.to_redis_ms(TimePoint(-24h)) == 0);
}
