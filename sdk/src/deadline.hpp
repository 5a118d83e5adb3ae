// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>

namespace conclib::sdk {

/// All waiting is bounded by points in time on the monotonic clock.
using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;
using Milliseconds = std::chrono::milliseconds;

/// Time until the deadline, rounded up, never negative.
[[nodiscard]] inline Milliseconds time_left(Deadline deadline) {
  const auto left = std::chrono::ceil<Milliseconds>(deadline - Clock::now());
  return std::max(left, Milliseconds::zero());
}

}  // namespace conclib::sdk
