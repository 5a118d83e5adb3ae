// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>

namespace conclib::bench {

/// Where the actors of a program say when its measured part begins and ends.
/// Threading: begin() before finish(), each once; await() on the thread that measures.
class FinishLine {
 public:
  void begin() { began_ = std::chrono::steady_clock::now(); }
  void finish() {
    ended_ = std::chrono::steady_clock::now();
    finished_.set_value();
  }
  /// Seconds from begin() to finish(); waits for it.
  [[nodiscard]] double await() {
    finished_.get_future().wait();
    return std::chrono::duration<double>(ended_ - began_).count();
  }

 private:
  std::chrono::steady_clock::time_point began_;
  std::chrono::steady_clock::time_point ended_;
  std::promise<void> finished_;
};

/// Finishes when the last of many has arrived. Threading: arrive() from any thread.
class Countdown {
 public:
  Countdown(FinishLine& line, std::uint64_t expected) : line_(line), left_(expected) {}
  void arrive() {
    if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) line_.finish();
  }

 private:
  FinishLine& line_;
  std::atomic<std::uint64_t> left_;
};

}  // namespace conclib::bench
