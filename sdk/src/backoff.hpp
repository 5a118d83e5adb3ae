// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <thread>

#include "sdk/src/deadline.hpp"

namespace conclib::sdk {

/// Pauses between attempts: 10 ms, doubling up to 200 ms, each made shorter or longer by up to a
/// half, so that many clients do not come back at the same moment.
class Backoff {
 public:
  /// Sleeps, and leaves half of what is left until `until` for another attempt. False, at once:
  /// there is no time for one.
  [[nodiscard]] bool wait(Deadline until) {
    const auto now = Clock::now();
    if (until - now < Milliseconds(2)) return false;
    // The low bits of the clock differ between callers, and that is all that is asked of them.
    const auto jitter = static_cast<std::int64_t>(
        (static_cast<std::uint64_t>(now.time_since_epoch().count()) * 0x9E3779B97F4A7C15U) >> 54U);
    const auto pause = std::chrono::microseconds(pause_ms_ * (512 + jitter));
    pause_ms_ = std::min<std::int64_t>(pause_ms_ * 2, 200);
    std::this_thread::sleep_until(std::min<Deadline>(now + pause, now + (until - now) / 2));
    return true;
  }

 private:
  std::int64_t pause_ms_ = 10;
};

}  // namespace conclib::sdk
