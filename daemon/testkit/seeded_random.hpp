// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

#include "daemon/runtime/ports.hpp"

namespace conclib::testkit {

/// The same numbers for the same seed, on every platform: SplitMix64.
/// Threading: any thread.
class SeededRandom final : public runtime::Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}

  [[nodiscard]] std::uint64_t next() override {
    constexpr std::uint64_t step = 0x9e3779b97f4a7c15;
    auto z = state_.fetch_add(step, std::memory_order_relaxed) + step;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

 private:
  std::atomic<std::uint64_t> state_;
};

}  // namespace conclib::testkit
