// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/runtime/ports.hpp"

namespace conclib::runtime {

/// What an actor type says about failures; in the words of conclib_actor_type.
struct Supervision {
  enum class OnFailure : std::uint8_t { restart, resume, stop, escalate };
  OnFailure on_failure = OnFailure::restart;
  std::uint32_t restarts_max = 0;  ///< 0: no limit.
  std::chrono::milliseconds restarts_within{60'000};
  std::chrono::milliseconds backoff_min{100};
  std::chrono::milliseconds backoff_max{10'000};
};

/// The restarts of one actor in a row.
/// Threading: on the actor's turn.
class Restarts {
 public:
  /// Another one: how long to wait before it, or nothing if there were too many. The first within
  /// `restarts_within` is at once; then backoff_min, doubled each time up to backoff_max, of which
  /// a random half is taken off at most ("equal jitter": `random` decides), so that actors that
  /// failed together do not all come back together.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> next(const Supervision& policy,
                                                             TimePoint now, std::uint64_t random);
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  std::vector<TimePoint> recent_;  ///< Those within `restarts_within`, if they are limited.
  std::uint32_t in_a_row_ = 0;
  TimePoint last_{};  ///< When the last one was to be.
  std::uint64_t count_ = 0;
};

}  // namespace conclib::runtime
