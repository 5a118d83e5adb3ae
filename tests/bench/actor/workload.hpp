// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace conclib::bench {

/// How much the programs of `conclib-bench actor` do; the same on conclib and on CAF.
struct Workload {
  unsigned threads = 2;  ///< Of the pool that runs the actors.
  bool quick = false;    ///< So little that only right or wrong shows, no figure.

  /// What a program does: `full` of it, or a thousandth.
  [[nodiscard]] std::uint64_t amount(std::uint64_t full) const {
    return quick ? full / 1000 : full;
  }

  /// The programs have these in common.
  static constexpr std::uint64_t ping_pong_messages = 2'000'000;
  static constexpr unsigned producers = 4;
  static constexpr std::uint64_t messages_per_producer = 240'000;
  static constexpr unsigned productions = 5;
  static constexpr std::uint64_t asks = 1'000'000;
  static constexpr std::uint64_t spawned = 300'000;
  /// CAF's time to steal a ready actor grows with how many are ready, so they are made in batches.
  static constexpr std::uint64_t spawn_batch = 100;
  static constexpr std::uint64_t resident = 200'000;
  static constexpr std::uint64_t skynet_children = 10;
  static constexpr std::uint64_t skynet_leaves = 1'000'000;
  static constexpr std::uint64_t random_sends = 1'000'000;
  static constexpr std::uint64_t random_actors = 10'000;
};

/// The sequence of receivers in the program `random`: cheap, and the same everywhere.
class RandomSequence {
 public:
  /// Less than `bound`, which is less than 2^32.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) {
    state_ ^= state_ << 13U;
    state_ ^= state_ >> 7U;
    state_ ^= state_ << 17U;
    return ((state_ >> 32U) * bound) >> 32U;
  }

 private:
  std::uint64_t state_ = 0x9e3779b97f4a7c15;
};

}  // namespace conclib::bench
