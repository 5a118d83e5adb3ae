// SPDX-License-Identifier: MIT
#include "sdk/src/connection.hpp"

#include <new>

#include "sdk/src/command.hpp"

namespace conclib::sdk {

using proto::fail;
using proto::Result;
using proto::Status;

namespace {

/// A pipeline keeps the room of what it held; more than this is given back.
constexpr std::size_t pipeline_kept_bytes_max = std::size_t{64} * 1024;

tl::unexpected<proto::Error> refused(std::string_view command, const redisReply& reply) {
  const auto text = text_of(reply);
  // A server that is still loading its file is as good as one that is not there yet.
  const bool is_loading = text.substr(0, 8) == "LOADING ";
  return fail(is_loading ? Status::redis_unreachable : Status::redis_refused,
              "Redis refused " + std::string(command) + ": " + std::string(text));
}

}  // namespace

Result<void> Connection::open(const proto::RedisUrl& url, std::string_view app, RedisClock& clock,
                              Deadline deadline) {
  close();
  if (auto result = socket_.connect(url, deadline); !result) return result;
  reader_.reset(redisReaderCreate());
  if (reader_ == nullptr) throw std::bad_alloc();
  auto result = log_in(url, app, clock, deadline);
  if (result) return result;
  close();
  if (result.error().code == Status::timeout) {
    return fail(Status::redis_unreachable, "Redis at " + url.printable() + " does not answer");
  }
  return result;
}

Result<void> Connection::log_in(const proto::RedisUrl& url, std::string_view app, RedisClock& clock,
                                Deadline deadline) {
  const auto db = std::to_string(url.db);
  auto& commands = pipeline();
  const bool has_password = !url.password.empty();
  if (has_password && url.user.empty()) append_command(commands, {"AUTH", url.password});
  if (has_password && !url.user.empty()) append_command(commands, {"AUTH", url.user, url.password});
  if (url.db != 0) append_command(commands, {"SELECT", db});
  append_command(commands, {"CLIENT", "SETNAME", "conclib-" + std::string(app)});
  append_command(commands, {"TIME"});
  const auto start = Clock::now();
  if (auto result = send(deadline); !result) return result;

  const auto expect_success = [&](std::string_view command) -> Result<void> {
    const auto reply = receive(deadline);
    if (!reply) return tl::unexpected(reply.error());
    if ((*reply)->type == REDIS_REPLY_ERROR) return refused(command, **reply);
    return {};
  };
  if (has_password) {
    if (auto result = expect_success("the login"); !result) return result;
  }
  if (url.db != 0) {
    if (auto result = expect_success("SELECT " + db); !result) return result;
  }
  // The name only serves who looks at CLIENT LIST, so a refusal of it is none.
  if (const auto reply = receive(deadline); !reply) return tl::unexpected(reply.error());
  const auto time = receive(deadline);
  if (!time) return tl::unexpected(time.error());
  if ((*time)->type == REDIS_REPLY_ERROR) return refused("TIME", **time);
  clock.learn(**time, start, Clock::now());
  return {};
}

void Connection::close() {
  socket_.close();
  reader_.reset();
}

std::string& Connection::pipeline() {
  pipeline_.clear();
  if (pipeline_.capacity() > pipeline_kept_bytes_max) pipeline_.shrink_to_fit();
  return pipeline_;
}

Result<void> Connection::send(Deadline deadline) {
  return socket_.send(pipeline_, deadline, sent_);
}

Result<RedisReply> Connection::receive(Deadline deadline) {
  for (;;) {
    void* reply = nullptr;
    if (redisReaderGetReply(reader_.get(), &reply) != REDIS_OK) {
      const std::string why = reader_->errstr;
      close();
      return fail(Status::redis_unreachable, "what answered is not a Redis: " + why);
    }
    if (reply != nullptr) return RedisReply(static_cast<redisReply*>(reply));
    const auto count = socket_.receive(received_.data(), received_.size(), deadline);
    if (!count) return tl::unexpected(count.error());
    if (redisReaderFeed(reader_.get(), received_.data(), *count) != REDIS_OK) {
      throw std::bad_alloc();
    }
  }
}

Result<RedisReply> Connection::call(std::initializer_list<std::string_view> arguments,
                                    Deadline deadline) {
  append_command(pipeline(), arguments);
  if (auto result = send(deadline); !result) return tl::unexpected(result.error());
  return receive(deadline);
}

}  // namespace conclib::sdk
