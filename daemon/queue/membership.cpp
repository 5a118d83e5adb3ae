// SPDX-License-Identifier: MIT
#include "daemon/queue/membership.hpp"

#include <algorithm>
#include <utility>

#include <unistd.h>

namespace conclib::queue {
namespace {

using namespace std::chrono_literals;
using redis::Reply;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds read_every_max = 1s;
/// Between showing itself and its first look around. Workers that start together see each other by
/// then and share the partitions at once; otherwise the first would take all, only to hand most
/// over again, and what actors keep in memory would be lost on the way.
constexpr std::chrono::milliseconds join_delay = 150ms;

}  // namespace

Membership::Membership(redis::Loop& loop, const NodeOptions& options, const proto::Keys& keys,
                       Session& session, MembershipSink& sink, const log::Log& log)
    : options_(options),
      keys_(keys),
      session_(session),
      sink_(sink),
      log_(log),
      write_timer_(loop, [this] { write(); }),
      read_timer_(loop, [this] { read(); }) {}

void Membership::join() {
  joined_ = true;
  started_ms_ = session_.clock().to_redis_ms(steady_clock::now());
  write_timer_.start(options_.lease / 4, options_.lease / 4);
  const auto every = std::min(read_every_max, options_.lease / 4);
  read_timer_.start(join_delay, every);
  write();
}

void Membership::resume() {
  if (!joined_) return;
  write();
  read();
}

void Membership::drain() {
  draining_ = true;
  std::erase(placeable_, options_.id);
  resume();
}

void Membership::leave(std::function<void()> done) {
  joined_ = false;
  write_timer_.stop();
  read_timer_.stop();
  const auto nodes = keys_.nodes();
  session_.command({"HDEL", nodes, options_.id}, [](const Reply&) {});
  session_.command({"DEL", keys_.control(options_.id)}, [](const Reply&) {});
  session_.command({"HLEN", nodes}, [this, done = std::move(done)](const Reply& reply) {
    if (!reply.is_good() || reply.integer() > 0) return done();
    const auto now = std::to_string(session_.clock().to_redis_ms(steady_clock::now()));
    const auto sent = session_.command({"HSET", keys_.meta(), "last_seen", now},
                                       [done](const Reply&) { done(); });
    if (!sent) done();
  });
}

void Membership::write() {
  if (!session_.is_up()) return;
  proto::NodeRecord record;
  sink_.describe(record);
  record.host = options_.host;
  record.version = CONCLIB_VERSION;
  record.pid = static_cast<std::uint64_t>(getpid());
  record.master = options_.master_pid;
  record.state = draining_ ? proto::NodeState::draining : proto::NodeState::live;
  record.started = started_ms_;
  record.heartbeat = session_.clock().to_redis_ms(steady_clock::now());
  record.lease_ms = static_cast<std::uint64_t>(options_.lease.count());
  const auto bytes = proto::encode_node_record(record);
  // Somebody may have emptied the server meanwhile: clients need meta to find their queue.
  const auto meta = keys_.meta();
  const auto version = std::to_string(proto::limits::protocol_version);
  const auto partitions = std::to_string(session_.partitions());
  const std::string_view meta_keys[] = {meta};
  const std::string_view constants[] = {version, partitions};
  session_.call(Function::ensure_meta, meta_keys, constants, [](const Reply&) {});
  // By a Function, which a full Redis does not refuse: the others would take this node for dead.
  const auto nodes = keys_.nodes();
  const std::string_view keys[] = {nodes};
  const std::string_view arguments[] = {options_.id, bytes};
  session_.call(Function::announce, keys, arguments, [this](const Reply& reply) {
    if (reply.is_error()) log_.warn("queue", "no heartbeat could be written: {}", reply.text());
  });
}

void Membership::read() {
  if (reading_) return;
  reading_ = session_.command({"HGETALL", keys_.nodes()}, [this](const Reply& reply) {
    reading_ = false;
    if (reply.is_good() && joined_) take(reply);
  });
}

void Membership::take(const Reply& reply) {
  const auto now = session_.clock().to_redis_ms(steady_clock::now());
  std::vector<std::string> placeable;
  for (std::size_t i = 0; i + 1 < reply.size(); i += 2) {
    const std::string id(reply[i].text());
    if (id == options_.id) continue;
    const auto record = proto::decode_node_record(reply[i + 1].text());
    if (!record || !proto::is_alive(*record, now)) {
      log_.warn("queue", "node {} is dead; removing it", id);
      session_.command({"HDEL", keys_.nodes(), id}, [](const Reply&) {});
      continue;
    }
    const bool is_fresh = now < record->heartbeat + record->lease_ms * 3 / 2;
    if (record->state == proto::NodeState::live && is_fresh) placeable.push_back(id);
  }
  if (!draining_) placeable.push_back(options_.id);
  std::sort(placeable.begin(), placeable.end());
  placeable_ = std::move(placeable);
  sink_.members_read();
}

}  // namespace conclib::queue
