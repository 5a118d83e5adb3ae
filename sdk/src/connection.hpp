// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include <hiredis/hiredis.h>

#include "proto/result.hpp"
#include "proto/url.hpp"
#include "sdk/src/deadline.hpp"
#include "sdk/src/redis_clock.hpp"
#include "sdk/src/socket.hpp"

namespace conclib::sdk {

struct FreeRedisReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using RedisReply = std::unique_ptr<redisReply, FreeRedisReply>;

/// The bytes of a reply that is a string, a status or an error.
[[nodiscard]] inline std::string_view text_of(const redisReply& reply) {
  return {reply.str, static_cast<std::size_t>(reply.len)};
}

/// One connection to Redis, used for one call at a time and kept for the next.
///
/// Errors: as of Socket, and the connection is closed after each. REDIS_REFUSED comes from open
/// alone; elsewhere an error that Redis sends is a reply like others.
/// Threading: one thread at a time.
class Connection {
 public:
  /// Connects, logs in, names the connection `conclib-<app>`, and sets `clock`.
  [[nodiscard]] proto::Result<void> open(const proto::RedisUrl& url, std::string_view app,
                                         RedisClock& clock, Deadline deadline);
  [[nodiscard]] bool is_open() const { return socket_.is_open(); }
  /// Whether it may be used for another call: still connected, and no reply to an old one came.
  [[nodiscard]] bool is_quiet() const { return socket_.is_quiet(); }
  void close();
  /// Closes the socket and touches nothing else.
  void close_inherited() { socket_.close(); }

  /// The buffer for the next pipeline, emptied.
  [[nodiscard]] std::string& pipeline();
  /// Sends the pipeline in one write.
  [[nodiscard]] proto::Result<void> send(Deadline deadline);
  /// How many bytes of the last pipeline the kernel has taken.
  [[nodiscard]] std::size_t sent() const { return sent_; }
  /// The next reply.
  [[nodiscard]] proto::Result<RedisReply> receive(Deadline deadline);

  /// Sends one command and gives its reply.
  [[nodiscard]] proto::Result<RedisReply> call(std::initializer_list<std::string_view> arguments,
                                               Deadline deadline);

 private:
  struct FreeReader {
    void operator()(redisReader* reader) const { redisReaderFree(reader); }
  };

  [[nodiscard]] proto::Result<void> log_in(const proto::RedisUrl& url, std::string_view app,
                                           RedisClock& clock, Deadline deadline);

  Socket socket_;
  std::unique_ptr<redisReader, FreeReader> reader_;
  std::string pipeline_;
  std::size_t sent_ = 0;
  std::array<char, std::size_t{16} * 1024> received_;
};

}  // namespace conclib::sdk
