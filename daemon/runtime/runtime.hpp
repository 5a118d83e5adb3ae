// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conclib/plugin.h"
#include "daemon/log/log.hpp"
#include "daemon/runtime/dead_letters.hpp"
#include "daemon/runtime/ports.hpp"

namespace conclib::runtime {

struct RuntimeOptions {
  std::uint32_t partitions = 16;
  /// Threads that give turns to actors that do not block.
  unsigned threads = 2;
  std::uint32_t mailbox_messages_max = 10'000;
  std::size_t mailbox_bytes_max = std::size_t{64} << 20;
  /// Messages that one actor handles before the next actor has its turn.
  unsigned messages_per_turn = 64;
  std::chrono::milliseconds ask_timeout{5000};
  /// A keyed actor that takes no message for so long is passivated, unless its type says otherwise;
  /// 0: never.
  std::chrono::milliseconds passivate_after{std::chrono::minutes(10)};
  /// A handler that runs longer is reported as stuck, unless its type says otherwise.
  std::chrono::milliseconds handler_limit{5000};
  /// No threads: step() gives the turns, also to actors that block.
  bool stepped = false;
  /// Messages of its actors to types that it does not know go outside, instead of failing with
  /// NO_ACTOR at once.
  bool unknown_types_outside = false;
};

/// An actor type of a plugin as the runtime needs it. All pointers outlive the runtime.
struct TypeSpec {
  const conclib_actor_type* type = nullptr;
  conclib_plugin_handle* plugin = nullptr;
  void* plugin_data = nullptr;
  const conclib_host* host = nullptr;
  std::string plugin_name;
};

struct RuntimeStats {
  std::uint64_t actors = 0;
  std::uint64_t messages_handled = 0;
  std::uint64_t messages_failed = 0;
  std::uint64_t messages_unexpected = 0;
  std::uint64_t messages_refused = 0;
  std::uint64_t messages_expired = 0;
  std::uint64_t in_mailboxes = 0;
  std::uint64_t failures = 0;  ///< Of actors, which their policies had to decide.
  std::uint64_t restarts = 0;
  std::uint64_t stuck = 0;         ///< Handlers reported as stuck.
  std::uint64_t dead_letters = 0;  ///< Between actors of this worker.
};

/// A live actor, as an operator sees it.
struct ActorState {
  std::string urn;
  std::string class_name;
  std::uint64_t restarts = 0;
  std::uint32_t waiting = 0;  ///< Messages in its mailbox.
};

/// The actors of one worker: their mailboxes, the threads that run them, and where messages go.
///
/// Threading: as said for each function. Destroy it only after stop() has returned.
class Runtime {
 public:
  Runtime(RuntimeOptions options, const Clock& clock, Random& random, Outside& outside,
          const log::Log& log);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  /// Fills in the functions of the host's table that act on actors and messages: tell, ask,
  /// respond, drop, time_left_ms, stop_self, last_error, and set_error for a context. The rest of
  /// the table is the plugin loader's.
  static void fill_host_table(conclib_host& host);

  /// Adds a type; refuses a URN that is not valid or is there already. Before start().
  [[nodiscard]] proto::Result<void> add_type(TypeSpec type);
  /// URNs of the types, sorted.
  [[nodiscard]] std::vector<std::string> type_urns() const;

  /// Starts the threads.
  void start();
  /// Of a stepped runtime: gives a turn to one of the ready actors, which `random` chooses, and
  /// puts its URN into `urn` (unless null). False: none is ready. One thread, not from within a
  /// turn.
  [[nodiscard]] bool step(std::string* urn = nullptr);

  /// The partition is this worker's from now on: makes its actors with a fixed URN (before any
  /// message reaches them) and lets local actors reach it in memory. One thread (the loop's).
  void open(std::uint32_t partition);
  /// Takes a request from the queue of an open partition. It comes back through Outside::complete.
  /// The caller has checked envelope, partition and reply key. The loop's thread.
  void deliver(std::unique_ptr<QueuedRequest> queued);
  /// Drops a queued ask that has not begun: it is completed as CANCELLED. The loop's thread.
  void cancel(std::uint32_t partition, std::string_view urn, std::string_view id);
  /// The answer to an OutboundMessage: `status` OK with type and body, or a failure with its text.
  /// An unknown id is dropped: its asker has given up. The loop's thread.
  void deliver_reply(std::string_view id, proto::Status status, std::string_view type,
                     std::string_view body, std::string_view text);
  /// Gives a partition back: queued requests that have not begun are forgotten (they are still in
  /// the queue), messages that are in memory only are run, running ones end together with the
  /// replies that they wait for and the answers that they owe, actors are stopped (on_stop) and
  /// destroyed. Sends to it take the way over the queue from now on. Then `drained` is called once,
  /// on any thread, possibly before drain returns. The loop's thread.
  void drain(std::uint32_t partition, std::function<void()> drained);

  /// Acts on what is due; says when the next is. The loop's thread.
  [[nodiscard]] std::optional<TimePoint> fire_timers();

  /// Ends the threads after all partitions were drained; what is left is destroyed without on_stop.
  void stop();

  [[nodiscard]] RuntimeStats stats() const;
  /// The last messages between actors of this worker that reached nobody. Any thread.
  [[nodiscard]] std::vector<DeadLetter> dead_letters() const;
  /// The live actors in the order of their start, without activating any. Any thread.
  [[nodiscard]] std::vector<ActorState> actors() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace conclib::runtime
