// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "daemon/runtime/cell.hpp"

namespace conclib::runtime {

/// The live keyed actors of one type in the order of their last use. Those that were idle for
/// longer than the type allows, and the least recently used of too many, are asked to end (Control
/// passivate), which they do if nothing waits for them. One that was asked is not asked again
/// before it has been used: so one that is asked and stays is touched.
///
/// Only for types with a limit. A type without live_max does not touch an actor again within an
/// eighth of its idle time, or a second if that is less, so that the lock is rarely taken; it may
/// ask an actor by as much too early.
/// Threading: sweep() and live() from any thread, the rest on the turn of `cell`. Nothing is called
/// with the lock held.
/// Ownership: an actor stands in the list from enter() to leave(), which keeps its cell.
class Recency {
 public:
  struct Limits {
    std::chrono::nanoseconds idle_max{0};  ///< 0: no limit.
    std::uint32_t live_max = 0;            ///< 0: no limit.
  };
  explicit Recency(Limits limits);

  /// It has an object from now on. Asks others to end if there are too many. Returns when sweep()
  /// has to be called next; max: not on this account.
  [[nodiscard]] TimePoint enter(Cell& cell, TimePoint now);
  /// It took a message. Asks others to end if there are too many. Harmless when it is not in the
  /// list.
  void touch(Cell& cell, TimePoint now);
  /// It had a turn but no message, and stays, whether it was asked to end or not. Asks nobody:
  /// those that wait for something and so all stay would ask each other for ever. Else as touch().
  void stay(Cell& cell, TimePoint now);
  /// Its object ends. Asks others as touch() does. Harmless when it is not in the list.
  void leave(Cell& cell);
  /// Asks those to end whose time is over; when to call it again, or max.
  [[nodiscard]] TimePoint sweep(TimePoint now);
  /// How many there are, with those that were asked to end.
  [[nodiscard]] std::uint32_t live() const;

 private:
  /// Limit of how many are asked under one lock, and by one that enters, is used or leaves.
  static constexpr std::size_t batch_max = 64;
  static constexpr std::size_t asked_by_one_max = 2;
  using TooMany = std::array<Ref<Cell>, asked_by_one_max>;

  [[nodiscard]] bool is_linked(const Cell& cell) const;
  [[nodiscard]] static bool is_asked(const Cell& cell);
  /// Takes it out of the list or from those that were asked; false: it was in neither.
  bool take_out(Cell& cell);
  void link_front(Cell& cell, TimePoint now);
  void unlink(Cell& cell);
  /// Takes out the least recently used, to be asked.
  [[nodiscard]] Ref<Cell> take_last();
  /// Takes out those that are to be asked because there are too many.
  [[nodiscard]] TooMany take_too_many();
  static void ask_to_end(const TooMany& cells);
  static void ask_to_end(Cell& cell);

  const Limits limits_;
  const std::chrono::nanoseconds touched_again_after_;
  mutable std::mutex mutex_;
  // Those that were not asked. One that was is in no list: it is its own neighbour.
  Cell* most_recent_ = nullptr;
  Cell* least_recent_ = nullptr;
  std::uint32_t linked_ = 0;
  std::uint32_t asked_ = 0;
};

}  // namespace conclib::runtime
