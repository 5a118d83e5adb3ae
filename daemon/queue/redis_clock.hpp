// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "daemon/runtime/ports.hpp"

namespace conclib::queue {

/// What time it is at Redis, told from the monotonic clock: the difference as last measured by
/// TIME. Pure. Threading: one thread.
class RedisClock {
 public:
  /// Takes an answer of TIME, in ms since 1970, to a question sent and answered at these times.
  void measured(std::uint64_t redis_ms, runtime::TimePoint sent, runtime::TimePoint received);
  [[nodiscard]] bool is_known() const { return known_; }

  /// Only when it is known.
  [[nodiscard]] std::uint64_t to_redis_ms(runtime::TimePoint time) const;
  /// The other way; beyond what a TimePoint holds: its maximum.
  [[nodiscard]] runtime::TimePoint to_monotonic(std::uint64_t redis_ms) const;

 private:
  bool known_ = false;
  std::int64_t offset_ms_ = 0;
};

}  // namespace conclib::queue
