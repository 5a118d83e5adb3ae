// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include <hiredis/hiredis.h>

#include "sdk/src/deadline.hpp"

namespace conclib::sdk {

/// Redis's clock, as the difference to our monotonic one.
/// Threading: any thread.
class RedisClock {
 public:
  /// Takes the answer to a TIME that was sent at `start` and received at `end`. Others are ignored.
  void learn(const redisReply& time, Deadline start, Deadline end);

  /// What Redis's clock shows at that point of ours, in ms since 1970.
  [[nodiscard]] std::uint64_t at(Deadline point) const;

  /// Whether the difference is old and this caller shall learn it anew; tells one caller only.
  [[nodiscard]] bool take_refresh(Deadline now);

 private:
  std::atomic<std::int64_t> offset_ms_{0};
  std::atomic<std::int64_t> refresh_at_ms_{0};
};

}  // namespace conclib::sdk
