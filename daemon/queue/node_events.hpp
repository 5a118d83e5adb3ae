// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "daemon/runtime/ports.hpp"
#include "proto/node_record.hpp"
#include "proto/result.hpp"
#include "proto/status.hpp"

namespace conclib::queue {

/// Why a partition has to be drained.
enum class DrainReason {
  /// It goes to another node or this one leaves: what runs ends, and its finishes still count.
  hand_over,
  /// Another node may serve it already: nothing that this node does for it counts any more.
  lost,
};

/// What a node tells its owner (the worker).
///
/// Threading: all of it is called on the loop's thread. From within a call of the owner's into the
/// node come only describe() (in join() and leave()) and must_drain() (in leave()). The owner may
/// call complete(), push(), drained(), join() and leave() from within any of these, but must not
/// destroy the node: that is for `done` of leave() or outside of any callback.
class NodeEvents {
 public:
  virtual ~NodeEvents() = default;

  /// Redis answers, is fit for use, and the namespace has this many partitions. Called once; until
  /// then nothing is served. The owner builds its runtime now and calls Node::join().
  virtual void connected(std::uint32_t partitions) = 0;
  /// Redis or the namespace is not fit for use (PROTOCOL_MISMATCH, REDIS_REFUSED, BAD_ARGUMENT):
  /// one line that names the cure. Before connected(): give up. After it: the node goes on trying.
  virtual void refused(const proto::Error& error) = 0;

  /// Called once, when for the first time after Node::join() all that placement gives this node is
  /// held and the reader runs. This is readiness. What another live node has not handed over within
  /// some seconds is not waited for.
  virtual void settled() = 0;

  /// The partition is this node's from now on. Runtime::open().
  virtual void opened(std::uint32_t partition) = 0;
  /// A checked request of an open partition; Runtime::deliver(). It comes back by Node::complete(),
  /// or is forgotten when its partition is drained.
  virtual void deliver(std::unique_ptr<runtime::QueuedRequest> queued) = 0;
  /// Somebody wants the ask `id` dropped if it has not begun; Runtime::cancel().
  virtual void cancel(std::uint32_t partition, std::string_view urn, std::string_view id) = 0;
  /// The end of an ask that push() took; Runtime::deliver_reply(). The views live until it returns.
  virtual void reply(std::string_view id, proto::Status status, std::string_view type,
                     std::string_view body, std::string_view text) = 0;
  /// Nothing more is delivered for the partition. The owner drains it (Runtime::drain()) and calls
  /// Node::drained() once. A partition that is handed over may get lost meanwhile: then this comes
  /// a second time, with `lost`, and drained() is still owed only once.
  virtual void must_drain(std::uint32_t partition, DrainReason reason) = 0;

  /// Fills in `types`, `plugins` and `stats` of what the node is about to write about itself.
  virtual void describe(proto::NodeRecord& record) = 0;
};

}  // namespace conclib::queue
