// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace conclib::redis {

/// How long to wait before the next attempt: a random time up to a bound that doubles with each
/// failure ("full jitter"), so that many who failed together do not come back together.
/// Threading: one thread.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds longest, std::uint64_t seed)
      : first_(first), longest_(longest), bound_(first), random_(seed) {}

  /// The time to wait after one more failure; at least 1 ms.
  [[nodiscard]] std::chrono::milliseconds next();
  /// It worked: begin at the first bound again.
  void reset() { bound_ = first_; }

 private:
  std::chrono::milliseconds first_;
  std::chrono::milliseconds longest_;
  std::chrono::milliseconds bound_;
  std::mt19937_64 random_;
};

}  // namespace conclib::redis
