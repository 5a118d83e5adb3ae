// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "conclib/plugin.h"
#include "daemon/runtime/actor_timers.hpp"
#include "daemon/runtime/message.hpp"
#include "daemon/runtime/restarts.hpp"

/// A message whose handling goes on after receive has returned.
struct conclib_work {
  conclib::runtime::Inherited inherited;
  /// Not finished before the work has ended; null for a message that did not come from the queue.
  conclib::runtime::Delivery* delivery = nullptr;
  bool exclusive = false;
  bool is_ask = false;
  std::string type;  ///< Of the message.
  conclib::runtime::TimePoint since;
};

namespace conclib::runtime {

/// What an actor is engaged in beside the message that it handles: most have nothing of it.
/// Threading: on the actor's turn.
struct Engagements {
  explicit Engagements(Cell& cell)
      : timers(cell),
        ask_deadline(cell, Tick::Purpose::ask_deadline),
        restart(cell, Tick::Purpose::restart) {}

  /// Asks that wait for their answers, newest first.
  PendingAsk* first_ask = nullptr;
  std::uint32_t asks = 0;
  /// Answers to asks of an object that is no more, which are on their way.
  std::uint32_t late_answers = 0;
  ActorTimers timers;
  /// Stands in the timers while there are asks.
  Tick ask_deadline;
  /// Stands in the timers while the actor waits to be made anew.
  Tick restart;

  std::vector<std::unique_ptr<conclib_work>> works;
  std::uint32_t exclusive_works = 0;

  /// In the order in which they were made; each child keeps its parent, and the registry the child.
  Cell* first_child = nullptr;
  Cell* last_child = nullptr;

  /// Who waits for its end: actors of this worker, and others through the queue.
  std::vector<PendingAsk*> watchers;
  std::vector<std::unique_ptr<Delivery>> remote_watchers;
  std::vector<PendingAsk*> stoppers;
  /// How it ends, while it is ending.
  struct Ending {
    proto::Status status = proto::Status::ok;
    std::string text;
    std::string stop_failure;
    bool call_stop = true;   ///< Its stop function is called.
    bool restart = false;    ///< It is made anew afterwards.
    bool escalate = false;   ///< Its parent fails, too.
    bool passivate = false;  ///< Nobody needs to know.
  };
  Ending ending;
  bool stop_wanted = false;  ///< It must not be made anew any more,
  bool ends_soon = false;    ///< or only once: who stops it waits behind its messages.
  Restarts restarts;

  /// Whether something is still to come for the object.
  [[nodiscard]] bool waits() const { return asks > watching || late_answers > 0 || !works.empty(); }
  /// How many of the asks are watches, for which nobody waits.
  std::uint32_t watching = 0;
};

}  // namespace conclib::runtime
