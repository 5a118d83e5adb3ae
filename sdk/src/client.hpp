// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proto/keys.hpp"
#include "proto/result.hpp"
#include "proto/url.hpp"
#include "sdk/src/backoff.hpp"
#include "sdk/src/connection_pool.hpp"
#include "sdk/src/fork_guard.hpp"
#include "sdk/src/id_source.hpp"
#include "sdk/src/message.hpp"
#include "sdk/src/redis_clock.hpp"

namespace conclib::sdk {

struct ClientOptions {
  std::string url;  ///< Empty: default_url().
  std::string app = "app";
  Milliseconds connect_timeout{2000};
  Milliseconds default_timeout{5000};
};

/// The answer to an ask. The views point into `reply`.
struct Answer {
  RedisReply reply;
  std::string_view type;
  std::string_view body;
};

/// A client of one namespace, behind the C interface.
/// Threading: any thread; after a fork also in the child.
class Client {
 public:
  /// Connects once, without another attempt. Errors: BAD_ARGUMENT, REDIS_UNREACHABLE,
  /// REDIS_REFUSED.
  [[nodiscard]] static proto::Result<std::unique_ptr<Client>> open(const ClientOptions& options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Sends a message and waits for its answer, at most until its deadline.
  [[nodiscard]] proto::Result<Answer> ask(const Message& message);
  /// Sends a message and gives the id of its entry in the queue.
  [[nodiscard]] proto::Result<std::string> tell(const Message& message);
  /// The document of conclib_client_status, as one msgpack map.
  [[nodiscard]] proto::Result<std::string> status();

 private:
  friend class Ask;
  using Lease = ConnectionPool::Lease;

  Client(proto::RedisUrl url, const ClientOptions& options);

  /// Makes ready for a call in this process, which may be a fork of the last call's.
  [[nodiscard]] proto::Result<void> enter_process();
  /// An open connection; tries again and again until `until` while Redis is not to be reached.
  [[nodiscard]] proto::Result<Lease> connect(Deadline until);
  /// As connect, and the number of partitions is known too.
  [[nodiscard]] proto::Result<Lease> prepare(Deadline until);
  /// As connect, and reads the number of partitions.
  [[nodiscard]] proto::Result<Lease> connect_and_learn(Deadline until);
  /// Reads meta anew. True: the number of partitions is not what it was.
  [[nodiscard]] proto::Result<bool> refresh_partitions(Deadline deadline);
  /// What to do after Redis said that the queue does not exist: OK means to push again. It is so
  /// for the first half of the time that pushing is tried, so that the true cause can be told.
  [[nodiscard]] proto::Result<void> queue_is_missing(const std::string& queue, Backoff& backoff,
                                                     Deadline start, Deadline give_up);
  /// After prepare.
  [[nodiscard]] std::uint32_t partition_of(std::string_view urn) const;
  /// The envelope of a message that lives until `deadline`. BAD_ARGUMENT if it is too large.
  [[nodiscard]] proto::Result<std::string> envelope(const Message& message, const Id& id,
                                                    std::string_view reply_key,
                                                    Deadline deadline) const;

  const proto::RedisUrl url_;
  const proto::Keys keys_;
  const std::string app_;
  const Milliseconds connect_timeout_;
  const Milliseconds default_timeout_;
  ForkGuard fork_guard_;
  std::atomic<bool> has_ids_{false};
  IdSource ids_;
  RedisClock clock_;
  ConnectionPool pool_;
  std::atomic<std::uint32_t> partitions_{0};  ///< 0: not read yet.
  std::atomic<std::uint64_t> generation_{0};
};

/// Whether Redis took a pushed entry. REDIS_FULL, or REDIS_REFUSED with Redis's own words.
[[nodiscard]] proto::Result<void> check_push(const redisReply& reply);

}  // namespace conclib::sdk
