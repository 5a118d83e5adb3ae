// SPDX-License-Identifier: MIT
#include "daemon/queue/redis_clock.hpp"

#include <algorithm>
#include <chrono>

#include "proto/assert.hpp"

namespace conclib::queue {
namespace {

using std::chrono::milliseconds;

std::int64_t in_ms(runtime::TimePoint time) {
  return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
}

}  // namespace

void RedisClock::measured(std::uint64_t redis_ms, runtime::TimePoint sent,
                          runtime::TimePoint received) {
  offset_ms_ = static_cast<std::int64_t>(redis_ms) - in_ms(sent + (received - sent) / 2);
  known_ = true;
}

std::uint64_t RedisClock::to_redis_ms(runtime::TimePoint time) const {
  CONCLIB_ASSERT(known_);
  return static_cast<std::uint64_t>(std::max<std::int64_t>(in_ms(time) + offset_ms_, 0));
}

runtime::TimePoint RedisClock::to_monotonic(std::uint64_t redis_ms) const {
  CONCLIB_ASSERT(known_);
  // Half of what a TimePoint holds leaves room for all that is added to it later.
  constexpr auto longest =
      std::chrono::duration_cast<milliseconds>(runtime::TimePoint::duration::max() / 2).count();
  if (redis_ms > static_cast<std::uint64_t>(longest)) return runtime::TimePoint::max();
  const auto ms = static_cast<std::int64_t>(redis_ms) - offset_ms_;
  if (ms > longest) return runtime::TimePoint::max();
  return runtime::TimePoint(milliseconds(std::max(ms, -longest)));
}

}  // namespace conclib::queue
