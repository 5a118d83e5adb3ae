// SPDX-License-Identifier: MIT
#include "daemon/redis/connection.hpp"

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>

#include "daemon/redis/uv_adapter.hpp"
#include "proto/assert.hpp"

namespace conclib::redis {
namespace {

using proto::Status;

bool is_sign_in_refusal(std::string_view error) {
  if (error.find("max number of clients") != std::string_view::npos) return false;
  return error.starts_with("WRONGPASS") || error.starts_with("NOAUTH") ||
         error.starts_with("NOPERM") || error.starts_with("ERR");
}

std::string place_of(const proto::RedisUrl& url) {
  return url.is_unix ? url.path : url.host + ":" + std::to_string(url.port);
}

}  // namespace

std::string_view state_name(ConnectionState state) {
  switch (state) {
    case ConnectionState::disconnected:
      return "disconnected";
    case ConnectionState::connecting:
      return "connecting";
    case ConnectionState::authenticating:
      return "authenticating";
    case ConnectionState::ready:
      return "ready";
    case ConnectionState::backing_off:
      return "backing_off";
  }
  return "unknown";
}

Connection::Connection(Loop& loop, ConnectionOptions options, ConnectionListener& listener)
    : loop_(loop),
      options_(std::move(options)),
      listener_(listener),
      backoff_(options_.backoff_first, options_.backoff_longest, std::random_device{}()),
      retry_(loop, [this] { connect(); }),
      liveness_(loop, [this] { check_liveness(); }) {}

Connection::~Connection() {
  CONCLIB_ASSERT(loop_.is_here());
  drop_context();
}

void Connection::start() {
  CONCLIB_ASSERT(loop_.is_here());
  CONCLIB_ASSERT(state_ == ConnectionState::disconnected);
  transition(ConnectionState::backing_off);
  retry_.start(std::chrono::milliseconds(0));
}

void Connection::close() {
  CONCLIB_ASSERT(loop_.is_here());
  transition(ConnectionState::disconnected);
}

// The one place that changes the state, and what every state entails.
void Connection::transition(ConnectionState next) {
  state_ = next;
  retry_.stop();
  switch (next) {
    case ConnectionState::disconnected:
    case ConnectionState::backing_off: {
      client_id_ = 0;
      liveness_.stop();
      drop_context();
      auto lost = std::exchange(pending_, {});
      for (auto& pending : lost) pending.callback(Reply::lost("the connection to Redis was lost"));
      return;
    }
    case ConnectionState::connecting:
      suspected_ = false;
      attempt_ends_ = Clock::now() + options_.connect_timeout;
      liveness_.start(options_.probe_every, options_.probe_every);
      return;
    case ConnectionState::authenticating:
      last_heard_ = Clock::now();
      return;
    case ConnectionState::ready:
      backoff_.reset();
      return;
  }
}

void Connection::connect() {
  const auto& url = options_.url;
  context_ = url.is_unix ? redisAsyncConnectUnix(url.path.c_str())
                         : redisAsyncConnect(url.host.c_str(), url.port);
  if (context_ == nullptr) return fail({Status::redis_unreachable, "out of memory"});
  if (context_->err != 0) return fail({Status::redis_unreachable, context_->errstr});
  context_->data = this;
  fcntl(context_->c.fd, F_SETFD, FD_CLOEXEC);
  if (!attach(*context_, loop_)) {
    return fail({Status::redis_unreachable, "the event loop takes no more sockets"});
  }
  transition(ConnectionState::connecting);
  redisAsyncSetDisconnectCallback(context_, [](const redisAsyncContext* context, int) noexcept {
    if (context->data != nullptr) static_cast<Connection*>(context->data)->on_disconnected();
  });
  redisAsyncSetConnectCallback(context_, [](const redisAsyncContext* context, int status) noexcept {
    if (context->data != nullptr) {
      static_cast<Connection*>(context->data)->on_connected(status == REDIS_OK);
    }
  });
}

void Connection::on_connected(bool good) {
  if (good) return sign_in();
  proto::Error error{Status::redis_unreachable, context_->errstr};
  if (error.text.empty()) error.text = "connection refused";
  // hiredis frees the context itself after this call.
  context_->data = nullptr;
  context_ = nullptr;
  fail(std::move(error));
}

void Connection::on_disconnected() {
  proto::Error error{Status::redis_unreachable, context_->errstr};
  context_->data = nullptr;
  context_ = nullptr;
  fail(std::move(error));
}

void Connection::sign_in() {
  transition(ConnectionState::authenticating);
  const auto& url = options_.url;
  const auto each = [this](const Reply& reply) { signed_in(reply, false); };
  const auto send_one = [&](std::initializer_list<std::string_view> arguments, Callback callback) {
    send(std::span(arguments.begin(), arguments.size()), std::move(callback), {});
  };
  if (!url.password.empty()) {
    if (url.user.empty()) {
      send_one({"AUTH", url.password}, each);
    } else {
      send_one({"AUTH", url.user, url.password}, each);
    }
  }
  if (url.db != 0) send_one({"SELECT", std::to_string(url.db)}, each);
  // A name is for people; a server that refuses it still serves.
  send_one({"CLIENT", "SETNAME", options_.name}, [](const Reply&) {});
  send_one({"CLIENT", "ID"}, [this](const Reply& reply) { signed_in(reply, true); });
}

void Connection::signed_in(const Reply& reply, bool last) {
  if (state_ != ConnectionState::authenticating || reply.is_lost()) return;
  if (reply.is_error()) {
    const auto text = reply.text();
    const auto code = is_sign_in_refusal(text) ? Status::redis_refused : Status::redis_unreachable;
    return fail({code, std::string(text)});
  }
  if (!last) return;
  client_id_ = reply.integer();
  transition(ConnectionState::ready);
  listener_.connection_up();
}

bool Connection::command(std::span<const std::string_view> arguments, Callback callback,
                         std::chrono::milliseconds blocks) {
  CONCLIB_ASSERT(loop_.is_here());
  if (state_ != ConnectionState::ready) return false;
  send(arguments, std::move(callback), blocks);
  return true;
}

void Connection::send(std::span<const std::string_view> arguments, Callback callback,
                      std::chrono::milliseconds blocks) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  texts.reserve(arguments.size());
  sizes.reserve(arguments.size());
  for (const auto argument : arguments) {
    // An empty view may have no address, which hiredis would hand to memcpy.
    texts.push_back(argument.empty() ? "" : argument.data());
    sizes.push_back(argument.size());
  }
  const auto on_reply = [](redisAsyncContext* context, void* reply, void*) noexcept {
    if (context->data != nullptr) {
      static_cast<Connection*>(context->data)->on_reply(static_cast<redisReply*>(reply));
    }
  };
  const auto allowed = options_.answer_timeout + blocks;
  pending_.push_back({std::move(callback), Clock::now() + allowed, allowed});
  CONCLIB_ASSERT(redisAsyncCommandArgv(context_, on_reply, nullptr,
                                       static_cast<int>(arguments.size()), texts.data(),
                                       sizes.data()) == REDIS_OK);
}

void Connection::on_reply(const redisReply* reply) {
  // A null reply announces the end of the context; the disconnect callback follows and says so to
  // everybody who waits.
  if (reply == nullptr) return;
  CONCLIB_ASSERT(!pending_.empty());
  const auto callback = std::move(pending_.front().callback);
  pending_.pop_front();
  last_heard_ = Clock::now();
  suspected_ = false;
  // What follows in the pipeline could not be answered before this was.
  if (!pending_.empty()) {
    auto& next = pending_.front();
    next.overdue = std::max(next.overdue, last_heard_ + next.allowed);
  }
  callback(Reply(*reply));
}

void Connection::check_liveness() {
  const auto now = Clock::now();
  const bool connecting = state_ == ConnectionState::connecting;
  const bool overdue =
      connecting ? now > attempt_ends_ : !pending_.empty() && now > pending_.front().overdue;
  if (overdue) {
    // A loop that was held up sees its timers before its sockets: let it read first.
    if (std::exchange(suspected_, true)) {
      fail({Status::redis_unreachable,
            connecting ? "no connection within its time" : "Redis does not answer"});
    }
    return;
  }
  suspected_ = false;
  if (is_ready() && pending_.empty() && now - last_heard_ >= options_.probe_every) {
    command({"PING"}, [](const Reply&) {});
  }
}

void Connection::fail(proto::Error error) {
  const bool was_ready = is_ready();
  error.text = "Redis at " + place_of(options_.url) + ": " + error.text;
  transition(ConnectionState::backing_off);
  // A callback of what was pending may have closed the connection.
  if (state_ != ConnectionState::backing_off) return;
  retry_.start(backoff_.next());
  if (was_ready) {
    listener_.connection_down(error.text);
  } else {
    listener_.connection_failed(error);
  }
}

void Connection::drop_context() {
  if (context_ == nullptr) return;
  auto* context = std::exchange(context_, nullptr);
  context->data = nullptr;
  redisAsyncFree(context);
}

}  // namespace conclib::redis
