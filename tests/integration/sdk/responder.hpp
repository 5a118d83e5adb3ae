// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "proto/envelope.hpp"
#include "tests/integration/sdk/redis_server.hpp"

namespace conclib::sdk_test {

constexpr std::uint32_t partitions = 4;

/// What a first node does to namespace "test": meta, and queues that exist.
void make_namespace(RedisServer& server, const std::string& partition_count = "4");

/// A node's entry in `nodes` whose heartbeat is `age_ms` old.
void write_node(RedisServer& server, std::uint64_t age_ms);

/// Plays the side of a node for namespace "test": a thread that reads all queues and answers each
/// ask as `answer` says. Entries are deleted when they are answered.
class Responder {
 public:
  /// Gives the reply envelope; an empty text: no reply.
  using Answer = std::function<std::string(const proto::Request&)>;

  Responder(RedisServer& server, Answer answer);
  ~Responder();

 private:
  void serve();

  TestConnection reader_;
  TestConnection writer_;
  Answer answer_;
  std::atomic<bool> is_stopping_{false};
  std::thread thread_;
};

/// Replies that an Answer gives.
[[nodiscard]] std::string echo(const proto::Request& request);
[[nodiscard]] std::string failure(const proto::Request& request, proto::Status status,
                                  std::string_view text);

}  // namespace conclib::sdk_test
