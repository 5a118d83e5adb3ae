// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "daemon/log/log.hpp"
#include "daemon/queue/cause_ledger.hpp"
#include "daemon/queue/finish_entry.hpp"
#include "daemon/queue/leases.hpp"
#include "daemon/queue/session.hpp"
#include "daemon/redis/backoff.hpp"
#include "daemon/redis/loop.hpp"
#include "proto/keys.hpp"

namespace conclib::queue {

/// What a finisher tells, on the loop's thread and never from within a call into it but sent().
class FinisherSink {
 public:
  virtual ~FinisherSink() = default;
  /// The entry has left its queue.
  virtual void entry_done(const runtime::EntryRef& at) = 0;
  /// The entry stays in its queue, for the dead letters are full; it is tried again now and then.
  virtual void entry_kept(const runtime::EntryRef& at) = 0;
  /// Answers of one batch have been handed over.
  virtual void batch_done() = 0;
  /// Redis says that this epoch of the partition is over.
  virtual void fenced(std::uint32_t partition, const std::string& epoch) = 0;
};

/// Ends entries in Redis: deletes them and pushes their replies, in batches, one call under way for
/// each partition. What is under way when the connection breaks is sent again: the Function ends an
/// entry once however often it is told.
///
/// Threading: loop-only.
/// Limit: what it holds is in the reader's window or, of entries kept for full dead letters, in the
/// reader's count of those.
class Finisher {
 public:
  Finisher(redis::Loop& loop, const NodeOptions& options, const proto::Keys& keys, Session& session,
           const PartitionLeases& leases, CauseLedger& causes, FinisherSink& sink,
           const log::Log& log);

  /// Takes an entry; send() sends it. One of a partition that is not held is dropped: it is still
  /// in the queue, for its next owner.
  void add(FinishEntry entry);
  /// All that the handler of this entry pushed has been answered: it may be finished.
  void cause_ended(const runtime::EntryRef& cause);
  /// Sends what was added, as far as nothing is under way for its partition.
  void send();
  /// Calls `done`, possibly at once, when every entry added of this partition has been answered (or
  /// is kept in the queue). Once dropped, it is not called.
  void flush(std::uint32_t partition, std::function<void()> done);
  /// Whether entries that have ended stay in its queue, for the dead letters are full.
  [[nodiscard]] bool keeps(std::uint32_t partition) const;
  /// Forgets everything of this partition; late answers are ignored.
  void drop(std::uint32_t partition);
  /// The session is up again.
  void resume() { send(); }

  [[nodiscard]] std::uint64_t finished() const { return finished_; }
  [[nodiscard]] std::uint64_t dead_lettered() const { return dead_lettered_; }

 private:
  struct Lane {
    std::string epoch;
    std::deque<FinishEntry> waiting;
    std::vector<FinishEntry> under_way;
    /// Until what they pushed has been answered.
    std::map<runtime::EntryId, FinishEntry> held_back;
    /// Until there is room among the dead letters.
    std::deque<FinishEntry> kept;
    /// Said once, until there is room for a dead letter again.
    bool kept_logged = false;
    std::function<void()> flushed;
  };

  Lane& lane(std::uint32_t partition);
  void send(std::uint32_t partition, Lane& lane);
  void answered(std::uint32_t partition, const std::string& epoch, const redis::Reply& reply);
  void take_codes(Lane& lane, const redis::Reply& reply);
  void put_back(Lane& lane);
  void check_flushed(std::uint32_t partition);
  void try_kept();

  const NodeOptions& options_;
  const proto::Keys& keys_;
  Session& session_;
  const PartitionLeases& leases_;
  CauseLedger& causes_;
  FinisherSink& sink_;
  const log::Log& log_;
  std::map<std::uint32_t, Lane> lanes_;
  std::uint64_t finished_ = 0;
  std::uint64_t dead_lettered_ = 0;
  redis::Backoff backoff_;
  redis::Timer retry_;
  redis::Timer kept_timer_;
};

}  // namespace conclib::queue
