// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "daemon/log/log.hpp"
#include "daemon/queue/node_options.hpp"
#include "daemon/queue/session.hpp"
#include "daemon/redis/loop.hpp"
#include "daemon/redis/reply.hpp"
#include "proto/keys.hpp"
#include "proto/limits.hpp"
#include "proto/node_record.hpp"

namespace conclib::queue {

/// What membership asks and tells, on the loop's thread.
class MembershipSink {
 public:
  virtual ~MembershipSink() = default;
  /// Fills in what the record says beyond host, times and state.
  virtual void describe(proto::NodeRecord& record) = 0;
  /// The other nodes have just been read; called again and again, changed or not.
  virtual void members_read() = 0;
};

/// This node's place among the nodes of the namespace: writes its own record every quarter of a
/// lease, reads those of the others every second (or so often too, if that is more often) and
/// removes what has been dead for three of its leases.
/// Threading: loop-only.
class Membership {
 public:
  Membership(redis::Loop& loop, const NodeOptions& options, const proto::Keys& keys,
             Session& session, MembershipSink& sink, const log::Log& log);

  /// Shows the node and begins to watch the others.
  void join();
  /// Shows that the node is about to leave.
  void drain();
  /// Removes the record; the last node to leave writes the time. `done` is called once, later, or
  /// never if the session is lost meanwhile.
  void leave(std::function<void()> done);
  /// The session is up again.
  void resume();

  /// Nodes that should serve partitions, sorted: live, and heard of within one and a half of their
  /// leases. This node is one of them as long as it does not drain.
  [[nodiscard]] const std::vector<std::string>& placeable() const { return placeable_; }
  [[nodiscard]] bool is_joined() const { return joined_; }
  [[nodiscard]] bool is_draining() const { return draining_; }

 private:
  void write();
  void read();
  void take(const redis::Reply& reply);

  const NodeOptions& options_;
  const proto::Keys& keys_;
  Session& session_;
  MembershipSink& sink_;
  const log::Log& log_;
  bool joined_ = false;
  bool draining_ = false;
  bool reading_ = false;
  std::uint64_t started_ms_ = 0;
  std::vector<std::string> placeable_;
  redis::Timer write_timer_;
  redis::Timer read_timer_;
};

}  // namespace conclib::queue
