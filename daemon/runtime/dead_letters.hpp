// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/runtime/ports.hpp"

namespace conclib::runtime {

/// A message between actors of this worker that reached nobody.
struct DeadLetter {
  std::string urn;
  std::string type;
  std::string sender;
  proto::Status status = proto::Status::ok;
  std::string reason;
  TimePoint when;
};

/// The last messages that reached nobody. Those from the queue go to the dead letters in Redis.
/// Threading: any thread.
/// Limit: `letters_max` letters and `bytes_max` bytes of text; the oldest go first. The count goes
/// on. A reason is cut off at `reason_bytes_max`.
class DeadLetters {
 public:
  static constexpr std::size_t letters_max = 1000;
  static constexpr std::size_t bytes_max = std::size_t{1} << 20;
  static constexpr std::size_t reason_bytes_max = 4096;

  void add(DeadLetter letter);
  /// The kept ones, oldest first.
  [[nodiscard]] std::vector<DeadLetter> kept() const;
  /// How many there were in all.
  [[nodiscard]] std::uint64_t count() const;

 private:
  mutable std::mutex mutex_;
  std::deque<DeadLetter> letters_;
  std::size_t bytes_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace conclib::runtime
