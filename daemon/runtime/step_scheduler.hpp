// SPDX-License-Identifier: MIT
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "daemon/runtime/scheduler.hpp"
#include "daemon/runtime/turn.hpp"

namespace conclib::runtime {

/// Gives turns one by one when it is asked to, on the thread that asks: the same random numbers
/// give the same order of turns.
///
/// Threading: schedule() from any thread; the rest from one. What a foreign thread makes ready
/// comes at a time of its own, and the order depends on it.
class StepScheduler final : public Scheduler {
 public:
  explicit StepScheduler(Core& core);

  void start() override {}
  /// From now on step() runs nothing.
  void stop() override;
  void schedule(Cell& cell) override;
  void for_each_turn(const std::function<void(const Turn&)>& each) const override;

  /// Gives a turn to a ready actor, chosen at random, and puts its URN into `urn` (unless null).
  /// False: none is ready. Not from within a turn.
  [[nodiscard]] bool step(std::string* urn);

 private:
  /// Takes a ready actor out; null: there is none.
  [[nodiscard]] Cell* choose();

  Core& core_;
  Turn turn_;
  bool stopped_ = false;
  std::mutex mutex_;
  std::vector<Cell*> ready_;  // guarded by mutex_
};

}  // namespace conclib::runtime
