// SPDX-License-Identifier: MIT
#pragma once

#include <ctime>

#include "daemon/runtime/ports.hpp"

namespace conclib::runtime {

/// The monotonic clock of the system.
class SystemClock final : public Clock {
 public:
  SystemClock() {
    timespec resolution{};
    clock_getres(CLOCK_MONOTONIC_COARSE, &resolution);
    lag_ = since_boot(resolution);
  }
  [[nodiscard]] TimePoint now() const override { return std::chrono::steady_clock::now(); }
  /// A few nanoseconds where now() takes some twenty; behind by a tick of the kernel (1 to 10 ms).
  [[nodiscard]] TimePoint coarse_now() const override {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    return TimePoint(since_boot(time));
  }
  [[nodiscard]] std::chrono::nanoseconds coarse_lag() const override { return lag_; }

 private:
  static std::chrono::nanoseconds since_boot(const timespec& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }
  std::chrono::nanoseconds lag_;
};

}  // namespace conclib::runtime
