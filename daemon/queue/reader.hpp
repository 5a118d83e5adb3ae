// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/log/log.hpp"
#include "daemon/queue/finish_entry.hpp"
#include "daemon/queue/intake.hpp"
#include "daemon/queue/leases.hpp"
#include "daemon/queue/node_options.hpp"
#include "daemon/queue/session.hpp"
#include "daemon/queue/window.hpp"
#include "daemon/redis/connection.hpp"
#include "proto/keys.hpp"

namespace conclib::queue {

/// Where a reader takes what it reads; on the loop's thread.
class ReaderSink {
 public:
  virtual ~ReaderSink() = default;
  /// A good request, of any kind; a cancel has to be finished like everything else.
  virtual void entry_read(std::unique_ptr<runtime::QueuedRequest> queued) = 0;
  /// An entry that is not for an actor.
  virtual void entry_refused(FinishEntry refusal) = 0;
  /// All entries of one answer have been handed over.
  virtual void batch_read() = 0;
  /// The connection to read on stands, at first or again.
  virtual void reader_up() = 0;
  /// Another node says something (`look`).
  virtual void control_read(std::string_view command) = 0;
};

/// Reads the queues of the partitions that this node holds, on a connection of its own that is
/// blocked most of the time, and keeps account of what is in hand: read and not yet finished.
///
/// Threading: loop-only.
/// Limit: the window, in entries and bytes; beyond it nothing is read until something has ended. A
/// partition of which `kept_max` entries are kept is not read until one of them has ended.
class Reader final : public redis::ConnectionListener {
 public:
  Reader(redis::Loop& loop, const NodeOptions& options, const proto::Keys& keys, Session& session,
         const PartitionLeases& leases, ReaderSink& sink, const log::Log& log);

  /// Once the session was up: begins to connect, and to read the node's control stream.
  void start();
  void close() { connection_.close(); }

  /// Reads this partition from its beginning on. Entries up to `ran` may have run before.
  void open(std::uint32_t partition, runtime::EntryId ran);
  /// Reads it no longer. What is in hand stays there.
  void stop(std::uint32_t partition);
  /// Its entries are no longer this node's concern.
  void forget(std::uint32_t partition);
  /// Entries up to `ran` may have run before, for the server was restarted.
  void suspect(std::uint32_t partition, runtime::EntryId ran);
  /// The entry has ended: the window has room for another.
  void done(const runtime::EntryRef& at);
  /// The same, but the entry stays in the queue and is not to be read again.
  void kept(const runtime::EntryRef& at);
  /// Entries have ended: reads on if the window was full.
  void poke();
  /// Which partitions may be read has changed: takes up the new ones now, not when the current
  /// XREAD has waited in vain.
  void refresh();

  [[nodiscard]] bool is_up() const { return connection_.is_ready(); }
  [[nodiscard]] const Window& window() const { return window_; }
  [[nodiscard]] std::uint64_t received() const { return received_; }
  [[nodiscard]] std::uint64_t malformed() const { return malformed_; }

  void connection_up() override;
  void connection_down(std::string_view why) override;
  void connection_failed(const proto::Error& error) override;

 private:
  struct Partition {
    bool reading = true;
    std::string key;
    runtime::EntryId cursor;
    runtime::EntryId ran;
    /// In hand, with what each took of the window (0: kept, only remembered).
    std::map<runtime::EntryId, std::size_t> in_hand;
    std::size_t kept = 0;
  };

  static constexpr std::size_t kept_max = 5'000;

  /// What an XREAD asks of one partition.
  struct Asked {
    std::uint32_t number = 0;
    runtime::EntryId after;
  };

  void read();
  void take(const redis::Reply& reply);
  void take_stream(const redis::Reply& stream);
  void take_entries(std::uint32_t number, Partition& partition, const redis::Reply& entries);
  void take_control(const redis::Reply& entries);
  void admit(std::uint32_t number, Partition& partition, runtime::EntryId id,
             const redis::Reply& fields);
  void send_unblock(std::uint64_t which, unsigned attempts);
  void check_oldest();
  void check_oldest(std::uint32_t number);
  void release(std::size_t bytes);

  const NodeOptions& options_;
  const proto::Keys& keys_;
  Session& session_;
  const PartitionLeases& leases_;
  ReaderSink& sink_;
  const log::Log& log_;
  std::string control_key_;
  std::string control_cursor_ = "0";
  Window window_;
  std::map<std::uint32_t, Partition> partitions_;
  /// The partition with which the next XREAD begins, so that all have their turn.
  std::uint32_t turn_ = 0;
  bool reading_ = false;
  /// The partitions in the current XREAD.
  std::deque<Asked> asked_;
  /// Something that was read did not fit; wait for room.
  bool overfull_ = false;
  /// Counts XREADs, so that an answer to CLIENT UNBLOCK is not taken for another one's.
  std::uint64_t reads_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t malformed_ = 0;
  std::map<std::string, bool, std::less<>> logged_faults_;
  redis::Connection connection_;
  redis::Timer check_timer_;
};

}  // namespace conclib::queue
