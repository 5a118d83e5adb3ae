// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/runtime/actor_type.hpp"
#include "daemon/runtime/dead_letters.hpp"
#include "daemon/runtime/message_pool.hpp"
#include "daemon/runtime/registry.hpp"
#include "daemon/runtime/remote_asks.hpp"
#include "daemon/runtime/running_slot.hpp"
#include "daemon/runtime/runtime.hpp"
#include "daemon/runtime/scheduler.hpp"
#include "daemon/runtime/timers.hpp"
#include "daemon/runtime/wait_graph.hpp"

namespace conclib::runtime {

/// What one thread counts. Those of a turn are written by its thread alone, without atomic
/// additions; those of the core by all other threads.
struct Counters {
  using Counter = std::atomic<std::uint64_t>;
  Counter handled{0};
  Counter failed{0};
  Counter unexpected{0};
  Counter refused{0};
  Counter expired{0};
  Counter queued{0};  ///< Requests put into a mailbox.
  Counter taken{0};   ///< Requests taken out of one.
  Counter made{0};    ///< Objects of actors.
  Counter ended{0};
  Counter actor_failures{0};  ///< Left to the policy of the actor.
  Counter restarts{0};

  /// Adds one, on the only thread that writes the counter.
  static void count(Counter& counter) {
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
};

/// The parts of a runtime, for each other. They are made in this order and destroyed in reverse.
struct Core {
  Core(RuntimeOptions with, const Clock& on_clock, Random& from_random, Outside& to_outside,
       const log::Log& to_log);

  /// Memory for the messages of one thread. While no other thread makes one.
  [[nodiscard]] MessagePool& make_pool() {
    return *pools.emplace_back(std::make_unique<MessagePool>());
  }

  /// First, for everything below may give memory back to them.
  std::vector<std::unique_ptr<MessagePool>> pools;
  RuntimeOptions options;
  const Clock& clock;
  Random& random;
  Outside& outside;
  const log::Log& log;

  /// The next number in the order in which actors start, from 1.
  [[nodiscard]] std::uint64_t next_start() {
    return starts.fetch_add(1, std::memory_order_relaxed) + 1;
  }
  /// What runs for the actor with this URN, if something does.
  [[nodiscard]] std::optional<RunningSlot::Seen> find_running(std::string_view urn) const;
  /// Has all actors end, in the reverse order of their start, without taking what waits for them.
  void stop_all();
  /// Has Runtime::fire_timers called at that time.
  void schedule_sweep(TimePoint when);
  /// Has the running handlers looked at in a while. Cheap, before each turn.
  void keep_watch() {
    if (!watching.load(std::memory_order_relaxed)) begin_watch();
  }
  /// Passivates what was idle for too long; when the next look is due, or max.
  [[nodiscard]] TimePoint sweep(TimePoint now);
  /// Reports handlers that run for longer than their limit; when the next look is due, or max.
  [[nodiscard]] TimePoint look_for_stuck(TimePoint now);
  void begin_watch();

  Counters counters;
  std::atomic<std::uint64_t> starts{0};
  std::atomic<bool> watching{false};
  std::atomic<std::uint64_t> stuck{0};
  /// The upper half of the ids of messages that begin here: random.
  std::uint64_t id_prefix = 0;
  std::atomic<std::uint32_t> turns_made{0};
  TypeTable types;
  Timers timers;
  RemoteAsks remote_asks;
  Registry registry;
  WaitGraph wait_graph;
  DeadLetters dead_letters;
  /// The pool of those that do not block, and one for each type that does.
  std::vector<std::unique_ptr<Scheduler>> schedulers;

 private:
  /// What look_for_stuck() saw last, by the number of its execution. The loop's thread.
  struct Watched {
    TimePoint first_seen;
    bool reported = false;
    bool seen = false;
  };
  std::map<std::pair<const Turn*, std::uint64_t>, Watched> watched_;
};

}  // namespace conclib::runtime
