// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/log/log.hpp"
#include "daemon/queue/cause_ledger.hpp"
#include "daemon/queue/finish_entry.hpp"
#include "daemon/queue/node_options.hpp"
#include "daemon/queue/session.hpp"
#include "daemon/redis/backoff.hpp"
#include "daemon/redis/loop.hpp"
#include "daemon/runtime/ports.hpp"
#include "proto/keys.hpp"
#include "proto/status.hpp"

namespace conclib::queue {

/// The app in this node's own reply keys.
inline constexpr std::string_view node_app = "node";

/// What a pusher tells, on the loop's thread.
class PusherSink {
 public:
  virtual ~PusherSink() = default;
  /// A message of this size (size_of) is no longer held.
  virtual void push_answered(std::size_t bytes) = 0;
  /// All messages of this cause have been answered.
  virtual void cause_ended(const runtime::EntryRef& cause) = 0;
  /// The ask will never be answered by anybody.
  virtual void ask_failed(std::string_view id, proto::Status status, std::string_view text) = 0;
};

/// Carries messages of local actors into the queues of their actors' partitions, one call under way
/// for each partition, so that their order holds.
///
/// What Redis refuses is tried again with backoff until its deadline; a queue that does not exist
/// is given two seconds (a namespace that is just being made), then an ask fails with NO_DAEMON.
/// When a connection breaks with messages under way, it is not known whether they arrived: tells
/// are pushed again (better twice than never), asks are not (their askers wait until their
/// deadlines).
///
/// Threading: loop-only. Limit: the outbox, in front of it.
class Pusher {
 public:
  Pusher(redis::Loop& loop, const NodeOptions& options, const proto::Keys& keys, Session& session,
         CauseLedger& causes, PusherSink& sink, const log::Log& log);

  /// Takes a message; send() sends it.
  void add(const runtime::OutboundMessage& message);
  void send();
  /// The session is up again.
  void resume() { send(); }
  /// Whether nothing waits for an answer.
  [[nodiscard]] bool is_idle() const;

 private:
  struct Entry {
    std::string id;  ///< Of an ask; empty for a tell.
    std::string envelope;
    runtime::TimePoint deadline;
    std::size_t size = 0;
    std::optional<runtime::EntryRef> cause;
    /// Since when its queue has been found missing.
    std::optional<runtime::TimePoint> missing_since;
    [[nodiscard]] std::size_t bytes() const { return envelope.size(); }
  };
  struct Lane {
    std::deque<Entry> waiting;
    std::vector<Entry> under_way;
  };

  void send(std::uint32_t partition, Lane& lane);
  void drop_expired(Lane& lane);
  void answered(std::uint32_t partition, const redis::Reply& reply);
  void refused(std::uint32_t partition, std::vector<Entry> batch, const redis::Reply& reply);
  void end(const Entry& entry);
  void fail(const Entry& entry, proto::Status status, std::string_view text);

  const NodeOptions& options_;
  const proto::Keys& keys_;
  Session& session_;
  CauseLedger& causes_;
  PusherSink& sink_;
  const log::Log& log_;
  std::map<std::uint32_t, Lane> lanes_;
  redis::Backoff backoff_;
  redis::Timer retry_;
};

}  // namespace conclib::queue
