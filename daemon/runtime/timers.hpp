// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <vector>

#include "daemon/runtime/ports.hpp"
#include "daemon/runtime/ref.hpp"

namespace conclib::runtime {

class Cell;

/// When an actor wants its tick. One for each actor, however many things it waits for.
/// Threading: `armed` belongs to the actor's turn, the rest to Timers.
struct TimerEntry {
  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
  Cell* cell = nullptr;
  TimePoint when = TimePoint::max();
  std::size_t index = nowhere;
  /// From arm() until the actor has handled its tick.
  bool armed = false;
};

/// The times at which actors want to be looked at, in a heap.
/// Threading: any thread; nothing is called with the lock held.
/// Ownership: an entry in the heap keeps its actor's cell alive.
class Timers {
 public:
  Timers(const Clock& clock, Outside& outside) : clock_(clock), outside_(outside) {}
  ~Timers();

  /// Sets the time, or moves it. An entry whose tick is on its way is left as it is.
  void arm(TimerEntry& entry, TimePoint when);
  /// Takes the entry out; its tick may be on its way already.
  void cancel(TimerEntry& entry);
  /// Pushes the ticks that are due; when the next one is.
  std::optional<TimePoint> fire();
  /// Forgets all entries.
  void clear();

 private:
  void place(std::size_t index, TimerEntry* entry);
  void sift_up(std::size_t index);
  void sift_down(std::size_t index);
  void take_out(std::size_t index);

  const Clock& clock_;
  Outside& outside_;
  std::mutex mutex_;
  std::vector<TimerEntry*> heap_;
  /// The earliest call of fire() that was asked for and has not come.
  TimePoint asked_for_ = TimePoint::max();
};

}  // namespace conclib::runtime
