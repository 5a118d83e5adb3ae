// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <memory>

#include <uv.h>

#include "daemon/redis/loop.hpp"

namespace conclib::test {

/// An event loop that the test's thread turns. What stands on it is to be destroyed before it.
class LoopRig {
 public:
  LoopRig() {
    // hiredis writes into broken connections.
    std::signal(SIGPIPE, SIG_IGN);
    uv_loop_init(&uv_);
    loop_ = std::make_unique<redis::Loop>(&uv_);
    tick_ = std::make_unique<redis::Timer>(*loop_, [] {});
    tick_->start(std::chrono::milliseconds(5), std::chrono::milliseconds(5));
  }
  ~LoopRig() {
    tick_.reset();
    uv_run(&uv_, UV_RUN_DEFAULT);
    // Fails if a handle was left open.
    if (uv_loop_close(&uv_) != 0) std::abort();
  }
  LoopRig(const LoopRig&) = delete;
  LoopRig& operator=(const LoopRig&) = delete;

  [[nodiscard]] redis::Loop& loop() { return *loop_; }

  /// Turns the loop until `condition` holds; false if it does not within `most`.
  bool eventually(const std::function<bool()>& condition,
                  std::chrono::seconds most = std::chrono::seconds(20)) {
    const auto deadline = std::chrono::steady_clock::now() + most;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      uv_run(&uv_, UV_RUN_ONCE);
    }
    return true;
  }
  /// Turns the loop for a time.
  void run_for(std::chrono::milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) uv_run(&uv_, UV_RUN_ONCE);
  }

 private:
  uv_loop_t uv_{};
  std::unique_ptr<redis::Loop> loop_;
  std::unique_ptr<redis::Timer> tick_;
};

}  // namespace conclib::test
