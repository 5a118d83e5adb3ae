// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/log/log.hpp"
#include "daemon/queue/finisher.hpp"
#include "daemon/queue/leases.hpp"
#include "daemon/queue/membership.hpp"
#include "daemon/queue/node_events.hpp"
#include "daemon/queue/node_options.hpp"
#include "daemon/queue/reader.hpp"
#include "daemon/queue/session.hpp"
#include "daemon/redis/loop.hpp"
#include "proto/keys.hpp"

namespace conclib::queue {

/// What ownership tells, on the loop's thread.
class OwnershipSink {
 public:
  virtual ~OwnershipSink() = default;
  virtual void partition_opened(std::uint32_t partition) = 0;
  virtual void partition_must_drain(std::uint32_t partition, DrainReason reason) = 0;
  /// Once: all that placement gives this node is held; or, some seconds later, what is not is still
  /// with another live node.
  virtual void settled() = 0;
  /// The last partition of a node that gives up everything has gone.
  virtual void everything_released() = 0;
};

/// Sees to it that this node holds the leases that placement gives it, and no others.
///
/// A partition goes: free -> acquiring -> open -> draining (its actors end) -> flushing (its
/// finishes are answered) -> releasing -> free. One that Redis says is another's is lost: what runs
/// is drained, nothing is flushed or released.
///
/// Threading: loop-only.
class Ownership {
 public:
  Ownership(redis::Loop& loop, const NodeOptions& options, const proto::Keys& keys,
            Session& session, const Membership& membership, PartitionLeases& leases, Reader& reader,
            Finisher& finisher, OwnershipSink& sink, const log::Log& log);

  /// Compares what is held with what should be, and begins to mend it. Cheap; any time.
  void look();
  /// Tells, once, when it has settled and the reader runs.
  void check_settled();
  /// The owner has drained the partition.
  void drained(std::uint32_t partition);
  /// The partition is another's. An older epoch is ignored.
  void fenced(std::uint32_t partition, const std::string& epoch);
  void session_up();
  void session_down();
  /// Gives everything up, whatever the placement says, to the nodes that stay.
  void give_up();
  /// Releases what has not ended yet, as it is: its next owner runs it again.
  void abandon();

  /// What is open, in order.
  [[nodiscard]] std::vector<std::uint32_t> open() const;

 private:
  enum class Stage : std::uint8_t { acquiring, open, draining, flushing, releasing, lost };
  struct Partition {
    Stage stage = Stage::acquiring;
    std::string next;
    /// Nothing that it leaves in the queue has begun: the next owner need not suspect it.
    bool clean = false;
    bool release_under_way = false;
  };

  void acquire(std::uint32_t number);
  void acquire_answered(std::uint32_t number, runtime::TimePoint sent, const redis::Reply& reply);
  void hand_over(std::uint32_t number, std::string_view next);
  void release(std::uint32_t number);
  void released(std::uint32_t number, const redis::Reply& reply);
  void wake(const std::string& node);
  void renew_and_release();
  void renew(std::uint32_t number);
  void gone(std::uint32_t number);

  const NodeOptions& options_;
  const proto::Keys& keys_;
  Session& session_;
  const Membership& membership_;
  PartitionLeases& leases_;
  Reader& reader_;
  Finisher& finisher_;
  OwnershipSink& sink_;
  const log::Log& log_;
  /// Those that are not simply somebody else's or nobody's.
  std::map<std::uint32_t, Partition> partitions_;
  std::map<std::uint32_t, LeaseWatch> watches_;
  /// Who had, when last asked, what this node would like to have.
  std::map<std::uint32_t, std::string> holders_;
  std::optional<runtime::TimePoint> looked_first_;
  bool settled_ = false;
  bool giving_up_ = false;
  redis::Timer renew_timer_;
};

}  // namespace conclib::queue
