// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

namespace conclib::runtime {

class Cell;
class Turn;

/// Gives ready actors their turns, one turn of an actor at a time.
/// Threading: schedule() and for_each_turn() from any thread; start() and stop() from one.
class Scheduler {
 public:
  Scheduler() = default;
  virtual ~Scheduler() = default;
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  virtual void start() = 0;
  /// Returns after the turns that are running. Nothing runs afterwards.
  virtual void stop() = 0;

  /// Gives the actor a turn. It must not be scheduled yet: its mailbox says when it has to be.
  virtual void schedule(Cell& cell) = 0;

  /// Calls `each` with each of its turns, of which it may look at the counters and the slot.
  virtual void for_each_turn(const std::function<void(const Turn&)>& each) const = 0;
};

}  // namespace conclib::runtime
