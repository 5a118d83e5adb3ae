// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "daemon/runtime/message.hpp"

namespace conclib::runtime {

/// A time at which an actor wants to be called, and the message that tells it so.
/// Threading: `in_heap` and `when` belong to Timers; so do `on_its_way` and `orphaned` from arming
/// until it has come out of the mailbox. The rest belongs to the actor's turn.
struct Tick final : Message {
  enum class Purpose : std::uint8_t {
    timer,            ///< One that the actor started.
    receive_timeout,  ///< No message came.
    ask_deadline,     ///< An ask may have waited for too long.
    restart           ///< It is time to make the actor anew.
  };
  /// Deadlines and restarts come also while the actor waits; a timer if it says so.
  Tick(Cell& of_cell, Purpose of_purpose, bool urgent = true)
      : Message(urgent ? MessageKind::urgent_tick : MessageKind::tick),
        cell(&of_cell),
        purpose(of_purpose) {}

  Cell* cell;
  Purpose purpose;
  std::uint64_t timer = 0;  ///< Of purpose `timer`: which one of its actor.
  /// From firing until the actor has taken it out of its mailbox.
  bool on_its_way = false;
  /// Nobody wants it any more: who takes it out of a mailbox destroys it (see discard_tick).
  bool orphaned = false;

  /// For when it was armed, until it comes or is cancelled; else max. What the actor's turn may
  /// look at without a lock, unlike `when`.
  TimePoint armed_for = TimePoint::max();

  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
  std::size_t in_heap = nowhere;
  TimePoint when = TimePoint::max();
};

/// Takes back a tick that came out of a mailbox, or destroys it if it is orphaned.
void discard_tick(Message* tick);

/// The times at which actors want to be called, in a heap.
/// Threading: any thread; nothing is called with the lock held. The functions that take a tick are
/// called on its actor's turn.
/// Ownership: a tick in the heap keeps its actor's cell alive.
class Timers {
 public:
  Timers(const Clock& clock, Outside& outside) : clock_(clock), outside_(outside) {}
  ~Timers();

  [[nodiscard]] TimePoint now() const { return clock_.now(); }
  /// Sets the time, or moves it. A tick that is on its way is left as it is.
  void arm(Tick& tick, TimePoint when);
  /// Takes the tick out if it is in. False: it is on its way to its mailbox, or in it.
  bool cancel(Tick& tick);
  /// Destroys a tick that nobody wants any more: now, or when it has come out of its mailbox.
  void retire(std::unique_ptr<Tick> tick);
  /// Pushes the ticks that are due now; when the next one is. One call at a time, not on a turn.
  std::optional<TimePoint> fire();
  /// Forgets all ticks.
  void clear();

 private:
  /// Takes out ticks that are due, up to `due_max`; each comes with its reference of the cell.
  void take_due(TimePoint now, std::vector<Tick*>& due);
  /// It could not be put into its mailbox.
  void take_back(Tick& tick);
  void place(std::size_t index, Tick* tick);
  void sift_up(std::size_t index);
  void sift_down(std::size_t index);
  void take_out(std::size_t index);

  /// So many ticks are taken out under one lock.
  static constexpr std::size_t due_max = 256;

  const Clock& clock_;
  Outside& outside_;
  std::mutex mutex_;
  std::vector<Tick*> heap_;
  /// The earliest call of fire() that was asked for and has not come.
  TimePoint asked_for_ = TimePoint::max();
};

}  // namespace conclib::runtime
