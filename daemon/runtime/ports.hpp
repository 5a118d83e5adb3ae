// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "proto/envelope.hpp"
#include "proto/result.hpp"

/// What the runtime needs from outside and hands to it. The runtime knows neither Redis nor an
/// event loop: whoever embeds it (the worker, a test) implements `Outside`, `Clock` and
/// `Random`.
namespace conclib::runtime {

/// Monotonic time; what the runtime measures everything in.
using TimePoint = std::chrono::steady_clock::time_point;

/// Threading: any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimePoint now() const = 0;
  /// A cheaper look that may be up to coarse_lag() behind now(), never before it.
  [[nodiscard]] virtual TimePoint coarse_now() const { return now(); }
  [[nodiscard]] virtual std::chrono::nanoseconds coarse_lag() const {
    return std::chrono::nanoseconds(0);
  }
};

/// Numbers for ids and jitter.
/// Threading: any thread.
class Random {
 public:
  virtual ~Random() = default;
  /// All 64 bits are random.
  [[nodiscard]] virtual std::uint64_t next() = 0;
};

/// The id of an entry in a queue, as Redis gives it: milliseconds and a sequence in them.
struct EntryId {
  std::uint64_t ms = 0;
  std::uint64_t sequence = 0;
  auto operator<=>(const EntryId&) const = default;
};

/// Where a queued request stands.
struct EntryRef {
  std::uint32_t partition = 0;
  EntryId entry;
  bool operator==(const EntryRef&) const = default;
};

/// A request that a queue holds until it is completed. `request` points into `bytes`, so an object
/// stays where it was made; it is passed on by its unique_ptr.
struct QueuedRequest {
  EntryRef at;
  std::string bytes;
  proto::Request request;
  /// When it expires; TimePoint::max() for a tell without one.
  TimePoint deadline = TimePoint::max();
  /// Whether it may have run before, so that no status of the class "never ran" may be given.
  bool may_have_run = false;
};

/// How a queued request ended. Each one delivered is completed exactly once, unless its partition
/// is drained before it began: then it is still in the queue and nothing is said about it.
struct Completion {
  std::unique_ptr<QueuedRequest> queued;
  proto::Status status = proto::Status::ok;
  /// What went wrong; empty when status is ok.
  std::string text;
  /// For an ask the encoded reply envelope; empty for a tell.
  std::string reply;
};

/// A message for an actor that does not live on this worker (or a durable tell to one that does).
/// It owns all that it holds.
struct OutboundMessage {
  proto::Kind kind = proto::Kind::tell;
  std::string id;  ///< 16 random bytes; a reply comes back under it.
  std::string urn;
  std::string type;
  std::string body;  ///< One encoded msgpack value.
  std::string source;
  std::string root;
  std::string chain;  ///< Encoded array of URNs, or empty.
  std::string trace_parent;
  std::string trace_state;
  /// When it expires; TimePoint::max() for a tell without a deadline.
  TimePoint deadline = TimePoint::max();
  /// The queued request whose handler sends this: it is not finished before this push was answered.
  std::optional<EntryRef> cause;
};

/// Threading: any thread calls these; none of them blocks.
class Outside {
 public:
  virtual ~Outside() = default;
  virtual void complete(Completion completion) = 0;
  /// Takes a message for the queue; refuses with OVERLOADED at its limit. The reply to an ask, or
  /// its failure, comes back through Runtime::deliver_reply.
  [[nodiscard]] virtual proto::Result<void> push(OutboundMessage message) = 0;
  /// Asks for a call of Runtime::fire_timers at `when` or soon after; the earliest request counts.
  virtual void schedule(TimePoint when) = 0;
  /// An actor said that this worker must not go on. Its actors are being stopped; whoever embeds
  /// the runtime ends it.
  virtual void worker_failed(std::string text) { (void)text; }
};

}  // namespace conclib::runtime
