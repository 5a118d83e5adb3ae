// SPDX-License-Identifier: MIT
#pragma once

#include <mutex>
#include <string_view>
#include <vector>

#include "daemon/runtime/actor_type.hpp"
#include "daemon/runtime/cell.hpp"
#include "daemon/runtime/recency.hpp"

namespace conclib::runtime {

/// Cells without a runtime around them: nobody gives them turns, the test reads their mailboxes.
/// Threading: make() and take() by one thread for each cell.
class LoneCells {
 public:
  LoneCells();

  Ref<Cell> make(std::string_view urn);
  /// The next message in its mailbox, or null. The caller's.
  static Message* take(Cell& cell);
  /// Whether the next message is the control `what`; takes it out.
  static bool take_control(Cell& cell, Control::What what);

 private:
  ActorType type_;
};

/// An outside of which only the clock is used: keeps for when it was asked to fire the timers.
/// Any thread.
class TimerWishes final : public Outside {
 public:
  void complete(Completion) override {}
  [[nodiscard]] proto::Result<void> push(OutboundMessage) override { return {}; }
  void schedule(TimePoint when) override {
    const std::lock_guard lock(mutex_);
    wishes_.push_back(when);
  }
  [[nodiscard]] std::vector<TimePoint> wishes() {
    const std::lock_guard lock(mutex_);
    return wishes_;
  }

 private:
  std::mutex mutex_;
  std::vector<TimePoint> wishes_;
};

}  // namespace conclib::runtime
