// SPDX-License-Identifier: MIT
#include "daemon/queue/pusher.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <random>
#include <utility>

#include "daemon/queue/outbox.hpp"
#include "proto/envelope.hpp"
#include "proto/limits.hpp"
#include "proto/partition.hpp"

namespace conclib::queue {
namespace {

using namespace std::chrono_literals;
using proto::Kind;
using proto::Status;
using redis::Reply;
using runtime::TimePoint;
using std::chrono::steady_clock;

/// How long a queue may be missing before that is said.
constexpr auto missing_max = 2s;

}  // namespace

Pusher::Pusher(redis::Loop& loop, const NodeOptions& options, const proto::Keys& keys,
               Session& session, CauseLedger& causes, PusherSink& sink, const log::Log& log)
    : options_(options),
      keys_(keys),
      session_(session),
      causes_(causes),
      sink_(sink),
      log_(log),
      backoff_(20ms, 500ms, std::random_device{}()),
      retry_(loop, [this] { send(); }) {}

void Pusher::add(const runtime::OutboundMessage& message) {
  const auto partition = proto::partition_of(message.urn, session_.partitions());
  const bool is_ask = message.kind == Kind::ask;
  const auto reply_key = is_ask ? keys_.inbox(partition, node_app, options_.id) : std::string();
  proto::Request request;
  request.kind = message.kind;
  request.id = message.id;
  request.urn = message.urn;
  request.type = message.type;
  request.body = message.body;
  request.reply_key = reply_key;
  request.source = message.source;
  request.root = message.root;
  request.chain = message.chain;
  request.trace_parent = message.trace_parent;
  request.trace_state = message.trace_state;
  if (message.deadline != TimePoint::max()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(message.deadline -
                                                                            steady_clock::now());
    request.ttl_ms = std::clamp<std::uint64_t>(
        static_cast<std::uint64_t>(std::max<std::int64_t>(left.count(), 1)), 1,
        is_ask ? proto::limits::ask_ttl_ms_max : proto::limits::tell_ttl_ms_max);
    request.expiry_ms = session_.clock().to_redis_ms(message.deadline);
  }
  Entry entry{is_ask ? message.id : std::string(),
              proto::encode_request(request),
              message.deadline,
              size_of(message),
              message.cause,
              std::nullopt};
  if (entry.cause) causes_.begin(*entry.cause);
  lanes_[partition].waiting.push_back(std::move(entry));
}

bool Pusher::is_idle() const {
  return std::all_of(lanes_.begin(), lanes_.end(), [](const auto& lane) {
    return lane.second.waiting.empty() && lane.second.under_way.empty();
  });
}

void Pusher::send() {
  for (auto& [partition, lane] : lanes_) {
    if (lane.under_way.empty()) drop_expired(lane);
  }
  if (!session_.is_up()) return;
  for (auto& [partition, lane] : lanes_) send(partition, lane);
}

void Pusher::send(std::uint32_t partition, Lane& lane) {
  if (!lane.under_way.empty() || lane.waiting.empty()) return;
  lane.under_way = take_batch(lane.waiting);
  const auto queue = keys_.queue(partition);
  const std::string_view keys[] = {queue};
  std::vector<std::string_view> envelopes;
  for (const auto& entry : lane.under_way) envelopes.push_back(entry.envelope);
  const bool sent =
      session_.call(Function::push, keys, envelopes,
                    [this, partition](const Reply& reply) { answered(partition, reply); });
  if (sent) return;
  lane.waiting.insert(lane.waiting.begin(), std::make_move_iterator(lane.under_way.begin()),
                      std::make_move_iterator(lane.under_way.end()));
  lane.under_way.clear();
}

void Pusher::answered(std::uint32_t partition, const Reply& reply) {
  auto& lane = lanes_.at(partition);
  auto batch = std::exchange(lane.under_way, {});
  if (!reply.is_good() || reply.is_nil()) return refused(partition, std::move(batch), reply);
  backoff_.reset();
  for (const auto& entry : batch) end(entry);
  send(partition, lane);
}

void Pusher::refused(std::uint32_t partition, std::vector<Entry> batch, const Reply& reply) {
  const auto now = steady_clock::now();
  std::vector<Entry> again;
  std::vector<Entry> ended;
  for (auto& entry : batch) {
    if (reply.is_nil() && !entry.missing_since) entry.missing_since = now;
    const bool is_ask = !entry.id.empty();
    const bool missing = reply.is_nil() && now - *entry.missing_since > missing_max;
    auto& to = is_ask && (reply.is_lost() || missing) ? ended : again;
    to.push_back(std::move(entry));
  }
  auto& waiting = lanes_.at(partition).waiting;
  waiting.insert(waiting.begin(), std::make_move_iterator(again.begin()),
                 std::make_move_iterator(again.end()));
  // Only now, for whoever hears of it asks whether anything still waits.
  for (const auto& entry : ended) {
    if (reply.is_lost()) {
      end(entry);
    } else {
      fail(entry, Status::no_daemon, "the queue of the actor's partition does not exist");
    }
  }
  if (reply.is_error()) {
    log_.warn("queue", "pushing to partition {} failed, trying again: {}", partition, reply.text());
  }
  if (!reply.is_lost() && !retry_.is_active()) retry_.start(backoff_.next());
}

void Pusher::drop_expired(Lane& lane) {
  const auto now = steady_clock::now();
  const auto expired =
      std::stable_partition(lane.waiting.begin(), lane.waiting.end(),
                            [&](const Entry& entry) { return entry.deadline > now; });
  const std::vector<Entry> ended(std::make_move_iterator(expired),
                                 std::make_move_iterator(lane.waiting.end()));
  lane.waiting.erase(expired, lane.waiting.end());
  for (const auto& entry : ended) {
    if (entry.id.empty()) {
      log_.warn("queue", "a message could not be pushed before its deadline and is dropped");
      end(entry);
    } else {
      fail(entry, Status::expired, "the message could not be pushed before its deadline");
    }
  }
}

void Pusher::end(const Entry& entry) {
  sink_.push_answered(entry.size);
  if (entry.cause && causes_.end(*entry.cause)) sink_.cause_ended(*entry.cause);
}

void Pusher::fail(const Entry& entry, Status status, std::string_view text) {
  sink_.ask_failed(entry.id, status, text);
  end(entry);
}

}  // namespace conclib::queue
