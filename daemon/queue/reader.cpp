// SPDX-License-Identifier: MIT
#include "daemon/queue/reader.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "daemon/queue/connection_options.hpp"
#include "proto/assert.hpp"

namespace conclib::queue {
namespace {

using namespace std::chrono_literals;
using redis::Reply;
using runtime::EntryId;
using std::chrono::steady_clock;

/// How long one XREAD waits. It bounds how late a dead server is noticed.
constexpr std::chrono::milliseconds block = 500ms;
/// The same where it is not for all streams.
constexpr std::chrono::milliseconds short_block = 5ms;
constexpr auto check_every = 3s;
/// CLIENT UNBLOCK may arrive before the XREAD that it is for; each attempt is a round trip.
constexpr unsigned unblock_attempts = 50;
/// Kinds of malformed entries that are logged, one line each.
constexpr std::size_t faults_logged_max = 100;

/// The value of field `e` of an entry.
std::optional<std::string_view> envelope_of(const Reply& fields) {
  for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
    if (fields[i].text() == "e") return fields[i + 1].text();
  }
  return std::nullopt;
}

}  // namespace

Reader::Reader(redis::Loop& loop, const NodeOptions& options, const proto::Keys& keys,
               Session& session, const PartitionLeases& leases, ReaderSink& sink,
               const log::Log& log)
    : options_(options),
      keys_(keys),
      session_(session),
      leases_(leases),
      sink_(sink),
      log_(log),
      control_key_(keys.control(options.id)),
      window_(options.window_entries, options.window_bytes),
      connection_(loop, connection_options(options, "reader"), *this),
      check_timer_(loop, [this] { check_oldest(); }) {}

void Reader::start() {
  connection_.start();
  check_timer_.start(check_every, check_every);
}

void Reader::open(std::uint32_t number, EntryId ran) {
  const auto [at, fresh] = partitions_.try_emplace(number);
  CONCLIB_ASSERT(fresh);
  at->second.key = keys_.queue(number);
  at->second.ran = ran;
  refresh();
}

void Reader::stop(std::uint32_t number) {
  const auto at = partitions_.find(number);
  if (at != partitions_.end()) at->second.reading = false;
}

void Reader::forget(std::uint32_t number) {
  const auto at = partitions_.find(number);
  if (at == partitions_.end()) return;
  for (const auto& [id, bytes] : at->second.in_hand) release(bytes);
  partitions_.erase(at);
  poke();
}

void Reader::suspect(std::uint32_t number, EntryId ran) {
  const auto at = partitions_.find(number);
  if (at != partitions_.end()) at->second.ran = std::max(at->second.ran, ran);
}

void Reader::done(const runtime::EntryRef& at) {
  const auto partition = partitions_.find(at.partition);
  if (partition == partitions_.end()) return;
  const auto entry = partition->second.in_hand.find(at.entry);
  if (entry == partition->second.in_hand.end()) return;
  if (entry->second == 0) --partition->second.kept;
  release(entry->second);
  partition->second.in_hand.erase(entry);
}

void Reader::kept(const runtime::EntryRef& at) {
  const auto partition = partitions_.find(at.partition);
  if (partition == partitions_.end()) return;
  const auto entry = partition->second.in_hand.find(at.entry);
  if (entry == partition->second.in_hand.end() || entry->second == 0) return;
  release(std::exchange(entry->second, 0));
  ++partition->second.kept;
}

void Reader::release(std::size_t bytes) {
  if (bytes == 0) return;
  window_.give_back(bytes);
  overfull_ = false;
}

void Reader::poke() {
  if (!reading_) read();
}

void Reader::read() {
  if (!connection_.is_ready() || !session_.is_up()) return;
  const auto now = steady_clock::now();
  std::vector<std::uint32_t> readable;
  for (const auto& [number, partition] : partitions_) {
    const bool has_room = partition.kept < kept_max;
    if (partition.reading && has_room && leases_.may_start_work(number, now)) {
      readable.push_back(number);
    }
  }
  const auto plan = window_.plan(readable.size());
  // Wait until something has ended; whoever says so pokes.
  if (!readable.empty() && (plan.streams == 0 || overfull_)) return;
  const auto first = std::lower_bound(readable.begin(), readable.end(), turn_);
  std::rotate(readable.begin(), first, readable.end());
  const bool only_some = plan.streams < readable.size();
  if (only_some) turn_ = readable[plan.streams];
  readable.resize(plan.streams);

  const auto count = std::to_string(std::max<std::size_t>(plan.count, 1));
  const auto wait = std::to_string((only_some ? short_block : block).count());
  std::vector<std::string_view> command{"XREAD", "COUNT",   count,       "BLOCK",
                                        wait,    "STREAMS", control_key_};
  std::vector<std::string> cursors{control_cursor_};
  asked_.clear();
  for (const auto number : readable) {
    const auto& partition = partitions_.at(number);
    command.push_back(partition.key);
    cursors.push_back(id_text(partition.cursor));
    asked_.push_back({number, partition.cursor});
  }
  command.insert(command.end(), cursors.begin(), cursors.end());
  reading_ = connection_.command(
      command,
      [this](const Reply& reply) {
        reading_ = false;
        ++reads_;
        take(reply);
      },
      block);
}

void Reader::take(const Reply& reply) {
  if (reply.is_lost()) return;
  if (reply.is_error()) {
    if (!logged_faults_.contains(reply.text())) {
      log_.error("queue", "reading the queues failed: {}", reply.text());
      logged_faults_.emplace(reply.text(), true);
    }
    // The check's timer tries again.
    return;
  }
  for (std::size_t i = 0; i < reply.size(); ++i) take_stream(reply[i]);
  if (reply.size() > 0) sink_.batch_read();
  poke();
}

void Reader::take_stream(const Reply& stream) {
  const auto key = stream[0].text();
  if (key == control_key_) return take_control(stream[1]);
  // Redis answers in the order in which it was asked.
  while (!asked_.empty()) {
    const auto asked = asked_.front();
    asked_.pop_front();
    const auto at = partitions_.find(asked.number);
    if (at == partitions_.end() || at->second.key != key) continue;
    // It was opened anew or is to be read from its beginning: this would pass something over.
    if (at->second.cursor != asked.after) return;
    return take_entries(at->first, at->second, stream[1]);
  }
}

void Reader::take_entries(std::uint32_t number, Partition& partition, const Reply& entries) {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    // Delivering may stop the partition; the set of partitions changes only later.
    if (!partition.reading || !leases_.may_start_work(number, steady_clock::now())) return;
    const auto id = id_of(entries[i][0].text());
    const auto fields = entries[i][1];
    if (!partition.in_hand.contains(id)) {
      const auto bytes = std::max<std::size_t>(envelope_of(fields).value_or("").size(), 1);
      if (!window_.admits(bytes)) {
        overfull_ = true;
        return;
      }
      window_.take(bytes);
      partition.in_hand.emplace(id, bytes);
      admit(number, partition, id, fields);
    }
    partition.cursor = id;
  }
}

void Reader::admit(std::uint32_t number, Partition& partition, EntryId id, const Reply& fields) {
  ++received_;
  const Intake intake(keys_, session_.partitions(), options_.entry_bytes_max);
  auto admission = intake.admit({number, id}, envelope_of(fields), partition.ran, session_.clock(),
                                steady_clock::now());
  if (admission.queued) return sink_.entry_read(std::move(admission.queued));
  if (admission.refusal.malformed) {
    ++malformed_;
    const auto& fault = admission.refusal.dead_text;
    if (logged_faults_.size() < faults_logged_max && !logged_faults_.contains(fault)) {
      logged_faults_.emplace(fault, true);
      log_.warn("queue", "entry {} of partition {}: {}", id_text(id), number, fault);
    }
  }
  sink_.entry_refused(std::move(admission.refusal));
}

void Reader::take_control(const Reply& entries) {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::string id(entries[i][0].text());
    control_cursor_ = id;
    session_.command({"XDEL", control_key_, id}, [](const Reply&) {});
    const auto fields = entries[i][1];
    if (fields.size() == 2 && fields[0].text() == "c") sink_.control_read(fields[1].text());
  }
}

void Reader::refresh() {
  if (!reading_) return poke();
  send_unblock(reads_, unblock_attempts);
}

void Reader::send_unblock(std::uint64_t which, unsigned attempts) {
  if (attempts == 0 || !connection_.is_ready()) return;
  const auto id = std::to_string(connection_.client_id());
  session_.command({"CLIENT", "UNBLOCK", id}, [this, which, attempts](const Reply& reply) {
    const bool still = reading_ && reads_ == which;
    if (still && reply.is_good() && reply.integer() == 0) send_unblock(which, attempts - 1);
  });
}

// A safety net: whatever was skipped by a cursor that ran ahead of the ids is read again.
void Reader::check_oldest() {
  for (const auto& [number, partition] : partitions_) {
    if (partition.reading) check_oldest(number);
  }
  poke();
}

void Reader::check_oldest(std::uint32_t number) {
  const auto key = keys_.queue(number);
  session_.command({"XRANGE", key, "-", "+", "COUNT", "1"}, [this, number](const Reply& reply) {
    const auto at = partitions_.find(number);
    if (at == partitions_.end() || reply.size() == 0) return;
    auto& partition = at->second;
    const auto oldest = id_of(reply[0][0].text());
    if (oldest > partition.cursor || partition.in_hand.contains(oldest)) return;
    log_.warn("queue", "partition {}: entry {} was passed over; reading from the beginning", number,
              id_text(oldest));
    partition.cursor = {};
    refresh();
  });
}

void Reader::connection_up() {
  // Ids follow the server's clock, and this may be another server than the last: begin anew,
  // passing over what is in hand.
  reading_ = false;
  control_cursor_ = "0";
  for (auto& [number, partition] : partitions_) partition.cursor = {};
  read();
  sink_.reader_up();
}

void Reader::connection_down(std::string_view why) { log_.warn("queue", "reader: {}", why); }

void Reader::connection_failed(const proto::Error&) {}

}  // namespace conclib::queue
