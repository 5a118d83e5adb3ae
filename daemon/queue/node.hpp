// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "daemon/log/log.hpp"
#include "daemon/queue/node_events.hpp"
#include "daemon/queue/node_options.hpp"
#include "daemon/redis/loop.hpp"
#include "daemon/runtime/ports.hpp"
#include "proto/result.hpp"

namespace conclib::queue {

/// Everything between Redis and the actors of one worker: it joins the namespace, holds leases on
/// partitions, reads their queues, finishes what was handled, and carries messages to actors that
/// live elsewhere.
///
/// The way of its life:
///   Node(...), start() -> events.connected() -> join() -> opened(), deliver() ... -> leave() ->
///   must_drain() and drained() for each partition -> done() -> destructor.
///
/// Threading: complete(), push() and drained() from any thread, none of them blocks; the rest,
/// constructor and destructor too, on the loop's thread.
/// Ownership: its handles are closed by the destructor; the loop has to run once more after it, so
/// that their memory is given back (uv_run until no handle is left).
class Node {
 public:
  /// `loop`, `events` and `log` outlive the node.
  Node(redis::Loop& loop, NodeOptions options, NodeEvents& events, const log::Log& log);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Begins to connect, and goes on for ever: the server may come later.
  void start();

  /// Shows itself in `nodes` and begins to take partitions. Once, in connected() or after it.
  void join();

  /// How a delivered request ended. Takes it in any case; it is finished in Redis as soon as all
  /// that its handler pushed has been answered.
  void complete(runtime::Completion completion);

  /// Takes a message for the queue of its actor's partition, once connected() has come; OVERLOADED
  /// at the limit of the outbox, BAD_ARGUMENT if its envelope would be over the size limit. How an
  /// ask ends comes by NodeEvents::reply; where Redis's answer to a push was lost, nothing comes,
  /// and the asker's deadline ends it.
  [[nodiscard]] proto::Result<void> push(runtime::OutboundMessage message);

  /// The answer to must_drain(): everything of the partition has ended, and was completed before.
  void drained(std::uint32_t partition);

  /// Hands all partitions over to the nodes that stay, leaves the namespace and calls `done` once,
  /// on the loop's thread. Past `drain_timeout` what has not ended is released as it is; the next
  /// owner runs it again. Once; also before connected().
  void leave(std::chrono::milliseconds drain_timeout, std::function<void()> done);

  /// What this node serves now, in order.
  [[nodiscard]] std::vector<std::uint32_t> partitions() const;
  /// Whether the connections stand and ownership is known.
  [[nodiscard]] bool is_up() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace conclib::queue
