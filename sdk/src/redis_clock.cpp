// SPDX-License-Identifier: MIT
#include "sdk/src/redis_clock.hpp"

#include <chrono>
#include <cstdlib>

namespace conclib::sdk {
namespace {

constexpr std::int64_t refresh_interval_ms = 30'000;

std::int64_t in_ms(Deadline point) {
  return std::chrono::duration_cast<Milliseconds>(point.time_since_epoch()).count();
}

}  // namespace

void RedisClock::learn(const redisReply& time, Deadline start, Deadline end) {
  if (time.type != REDIS_REPLY_ARRAY || time.elements != 2) return;
  const auto number = [&](std::size_t i) {
    const auto& element = *time.element[i];
    return element.type == REDIS_REPLY_STRING ? std::strtoll(element.str, nullptr, 10) : 0;
  };
  const auto redis_ms = number(0) * 1000 + number(1) / 1000;
  const auto middle = start + (end - start) / 2;
  offset_ms_.store(redis_ms - in_ms(middle), std::memory_order_relaxed);
  refresh_at_ms_.store(in_ms(end) + refresh_interval_ms, std::memory_order_relaxed);
}

std::uint64_t RedisClock::at(Deadline point) const {
  return static_cast<std::uint64_t>(in_ms(point) + offset_ms_.load(std::memory_order_relaxed));
}

bool RedisClock::take_refresh(Deadline now) {
  auto refresh_at = refresh_at_ms_.load(std::memory_order_relaxed);
  if (in_ms(now) < refresh_at) return false;
  return refresh_at_ms_.compare_exchange_strong(refresh_at, in_ms(now) + refresh_interval_ms,
                                                std::memory_order_relaxed);
}

}  // namespace conclib::sdk
