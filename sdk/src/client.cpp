// SPDX-License-Identifier: MIT
#include "sdk/src/client.hpp"

#include <algorithm>
#include <utility>

#include "proto/envelope.hpp"
#include "proto/limits.hpp"
#include "proto/partition.hpp"
#include "proto/urn.hpp"
#include "sdk/src/ask.hpp"
#include "sdk/src/backoff.hpp"
#include "sdk/src/command.hpp"
#include "sdk/src/default_url.hpp"
#include "sdk/src/namespace_meta.hpp"
#include "sdk/src/status_document.hpp"

namespace conclib::sdk {

namespace limits = proto::limits;
using proto::fail;
using proto::Result;
using proto::Status;

Result<std::unique_ptr<Client>> Client::open(const ClientOptions& options) {
  if (!proto::is_name(options.app)) {
    return fail(Status::bad_argument,
                "the app \"" + options.app + "\" is not 1 to 64 of A-Z a-z 0-9 _ -");
  }
  auto url = proto::parse_redis_url(options.url.empty() ? default_url() : options.url);
  if (!url) return tl::unexpected(url.error());
  std::unique_ptr<Client> client(new Client(std::move(*url), options));
  if (auto result = client->enter_process(); !result) return tl::unexpected(result.error());
  auto lease = client->pool_.take();
  if (auto result = lease->open(client->url_, client->app_, client->clock_,
                                Clock::now() + client->connect_timeout_);
      !result) {
    return tl::unexpected(result.error());
  }
  lease.keep();
  return client;
}

Client::Client(proto::RedisUrl url, const ClientOptions& options)
    : url_(std::move(url)),
      keys_(url_.name_space),
      app_(options.app),
      connect_timeout_(options.connect_timeout),
      default_timeout_(options.default_timeout) {
  has_ids_ = ids_.draw();
}

Client::~Client() {
  fork_guard_.enter([&] { pool_.forget_inherited(); });
}

Result<void> Client::enter_process() {
  fork_guard_.enter([&] {
    pool_.forget_inherited();
    has_ids_.store(ids_.draw(), std::memory_order_relaxed);
  });
  if (has_ids_.load(std::memory_order_relaxed)) return {};
  return fail(Status::internal, "getrandom gives no random bytes for the ids of requests");
}

Result<Client::Lease> Client::connect(Deadline until) {
  auto lease = pool_.take();
  if (lease->is_open() && lease->is_quiet()) return lease;
  for (Backoff backoff;;) {
    const auto opened =
        lease->open(url_, app_, clock_, std::min(until, Clock::now() + connect_timeout_));
    if (opened) return lease;
    if (opened.error().code != Status::redis_unreachable || !backoff.wait(until)) {
      return tl::unexpected(opened.error());
    }
  }
}

Result<Client::Lease> Client::connect_and_learn(Deadline until) {
  for (Backoff backoff;;) {
    auto lease = connect(until);
    if (!lease) return lease;
    const auto meta = read_meta(**lease, keys_, until);
    if (meta) {
      generation_.store(meta->generation, std::memory_order_relaxed);
      partitions_.store(meta->partitions, std::memory_order_relaxed);
      return lease;
    }
    if (meta.error().code != Status::redis_unreachable || !backoff.wait(until)) {
      return tl::unexpected(meta.error());
    }
  }
}

Result<Client::Lease> Client::prepare(Deadline until) {
  const bool is_known = partitions_.load(std::memory_order_relaxed) != 0;
  return is_known ? connect(until) : connect_and_learn(until);
}

Result<bool> Client::refresh_partitions(Deadline deadline) {
  const auto before = partitions_.load(std::memory_order_relaxed);
  auto lease = connect_and_learn(deadline);
  if (!lease) return tl::unexpected(lease.error());
  lease->keep();
  return partitions_.load(std::memory_order_relaxed) != before;
}

Result<void> Client::queue_is_missing(const std::string& queue, Backoff& backoff, Deadline start,
                                      Deadline give_up) {
  const auto has_changed = refresh_partitions(give_up);
  if (!has_changed) return tl::unexpected(has_changed.error());
  // The first node of a namespace writes meta a moment before it makes the queues.
  if (*has_changed || backoff.wait(start + (give_up - start) / 2)) return {};
  return fail(Status::redis_refused,
              "there is no " + queue + " though the namespace \"" + keys_.name() +
                  "\" exists; has Redis lost keys? A conclibd that is started makes it again");
}

std::uint32_t Client::partition_of(std::string_view urn) const {
  return proto::partition_of(urn, partitions_.load(std::memory_order_relaxed));
}

Result<std::string> Client::envelope(const Message& message, const Id& id,
                                     std::string_view reply_key, Deadline deadline) const {
  proto::Request request;
  request.kind = reply_key.empty() ? proto::Kind::tell : proto::Kind::ask;
  request.id = id.bytes();
  request.urn = message.urn;
  request.type = message.type;
  request.body = message.body;
  request.reply_key = reply_key;
  request.ttl_ms =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(time_left(deadline).count()));
  request.expiry_ms = clock_.at(deadline);
  request.source = app_;
  request.generation = generation_.load(std::memory_order_relaxed);
  request.trace_parent = message.trace_parent;
  request.trace_state = message.trace_state;
  auto bytes = proto::encode_request(request);
  if (bytes.size() <= limits::envelope_bytes_max) return bytes;
  return fail(Status::bad_argument, std::string(message.type) + " has " +
                                        std::to_string(bytes.size()) +
                                        " bytes with its envelope; the limit is " +
                                        std::to_string(limits::envelope_bytes_max));
}

Result<void> check_push(const redisReply& reply) {
  if (reply.type != REDIS_REPLY_ERROR) return {};
  const std::string text(text_of(reply));
  if (text.compare(0, 4, "OOM ") == 0) {
    return fail(Status::redis_full, "Redis is full and refuses new requests: " + text);
  }
  return fail(Status::redis_refused, "Redis refused the request: " + text);
}

Result<Answer> Client::ask(const Message& message) { return Ask(*this, message).run(); }

Result<std::string> Client::tell(const Message& message) {
  if (auto result = enter_process(); !result) return tl::unexpected(result.error());
  if (auto result = check_message(message); !result) return tl::unexpected(result.error());
  const auto timeout = message.timeout == Milliseconds::zero()
                           ? Milliseconds(limits::tell_ttl_ms_default)
                           : message.timeout;
  if (timeout > Milliseconds(limits::tell_ttl_ms_max)) {
    return fail(Status::bad_argument, "the time-out of a tell is longer than 30 days");
  }
  const auto start = Clock::now();
  const auto give_up = start + std::min(timeout, connect_timeout_);
  for (Backoff backoff;;) {
    auto lease = prepare(give_up);
    if (!lease) return tl::unexpected(lease.error());
    const auto queue = keys_.queue(partition_of(message.urn));
    const auto request = envelope(message, ids_.next(), {}, start + timeout);
    if (!request) return tl::unexpected(request.error());

    auto& connection = **lease;
    auto& commands = connection.pipeline();
    append_command(commands, {"XADD", queue, "NOMKSTREAM", "*", "e", *request});
    const auto size = commands.size();
    if (const auto sent = connection.send(give_up); !sent && connection.sent() < size) {
      if (backoff.wait(give_up)) continue;
      return fail(Status::redis_unreachable, sent.error().text);
    }
    const auto reply = connection.receive(give_up);
    if (!reply) {
      return fail(Status::unknown, "it is not known whether Redis holds the " +
                                       std::string(message.type) + " for " +
                                       std::string(message.urn) + ": " + reply.error().text);
    }
    lease->keep();
    if (auto result = check_push(**reply); !result) return tl::unexpected(result.error());
    if ((*reply)->type == REDIS_REPLY_STRING) return std::string(text_of(**reply));
    if (auto result = queue_is_missing(queue, backoff, start, give_up); !result) {
      return tl::unexpected(result.error());
    }
  }
}

Result<std::string> Client::status() {
  if (auto result = enter_process(); !result) return tl::unexpected(result.error());
  const auto deadline = Clock::now() + connect_timeout_;
  auto lease = connect(deadline);
  if (!lease) return tl::unexpected(lease.error());
  auto document = status_document(**lease, keys_, url_, deadline);
  if (document) {
    lease->keep();
  } else if (document.error().code == Status::timeout) {
    document.error().code = Status::redis_unreachable;
  }
  return document;
}

}  // namespace conclib::sdk
