// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>

#include "daemon/runtime/ports.hpp"

namespace conclib::testkit {

/// A clock that the test moves. The wall clock goes with it, from 2030-01-01 on.
/// Threading: any thread reads.
class FakeClock final : public runtime::Clock {
 public:
  [[nodiscard]] runtime::TimePoint now() const override {
    return runtime::TimePoint(begin + elapsed_.load());
  }
  [[nodiscard]] std::chrono::nanoseconds elapsed() const { return elapsed_.load(); }
  [[nodiscard]] std::chrono::milliseconds wall() const {
    return wall_begin + std::chrono::duration_cast<std::chrono::milliseconds>(elapsed());
  }
  /// Never back.
  void move_to(runtime::TimePoint when) {
    if (when > now()) elapsed_ = when.time_since_epoch() - begin;
  }

 private:
  /// Not zero, for a time point of zero often means none.
  static constexpr std::chrono::nanoseconds begin = std::chrono::hours(1);
  static constexpr std::chrono::milliseconds wall_begin = std::chrono::seconds(1'893'456'000);

  std::atomic<std::chrono::nanoseconds> elapsed_{std::chrono::nanoseconds::zero()};
};

}  // namespace conclib::testkit
