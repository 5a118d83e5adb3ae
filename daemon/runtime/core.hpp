// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "daemon/runtime/actor_type.hpp"
#include "daemon/runtime/registry.hpp"
#include "daemon/runtime/remote_asks.hpp"
#include "daemon/runtime/runtime.hpp"
#include "daemon/runtime/scheduler.hpp"
#include "daemon/runtime/timers.hpp"

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

  /// Adds one, on the only thread that writes the counter.
  static void count(Counter& counter) {
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
};

/// The parts of a runtime, for each other. They are made in this order and destroyed in reverse.
struct Core {
  Core(RuntimeOptions with, const Clock& on_clock, Outside& to_outside, const log::Log& to_log);

  RuntimeOptions options;
  const Clock& clock;
  Outside& outside;
  const log::Log& log;

  Counters counters;
  /// The upper half of the ids of messages that begin here: random.
  std::uint64_t id_prefix = 0;
  std::atomic<std::uint32_t> turns_made{0};
  TypeTable types;
  Timers timers;
  RemoteAsks remote_asks;
  Registry registry;
  /// The pool of those that do not block, and one for each type that does.
  std::vector<std::unique_ptr<Scheduler>> schedulers;
};

}  // namespace conclib::runtime
