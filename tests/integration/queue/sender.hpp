// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "proto/envelope.hpp"
#include "proto/keys.hpp"
#include "proto/partition.hpp"
#include "tests/integration/queue/redis_server.hpp"

namespace conclib::test {

/// Puts requests into queues as a client does.
class Sender {
 public:
  Sender(Client& redis, std::uint32_t partitions) : redis_(redis), partitions_(partitions) {}

  /// An ask of `urn` whose id and reply key are `id`; gives what XADD answered.
  std::string ask(const std::string& urn, const std::string& id, std::uint64_t ttl_ms = 60'000) {
    proto::Request request;
    request.kind = proto::Kind::ask;
    request.id = id;
    request.urn = urn;
    request.type = "Echo";
    const auto key = reply_key(urn, id);
    request.reply_key = key;
    request.ttl_ms = ttl_ms;
    return add(urn, proto::encode_request(request));
  }
  std::string tell(const std::string& urn, const std::string& id) {
    proto::Request request;
    request.kind = proto::Kind::tell;
    request.id = id;
    request.urn = urn;
    request.type = "Echo";
    return add(urn, proto::encode_request(request));
  }
  std::string add(const std::string& urn, const std::string& envelope) {
    return redis_({"XADD", keys.queue(partition(urn)), "NOMKSTREAM", "*", "e", envelope});
  }
  /// What the reply to `id` says, or "none".
  std::string reply(const std::string& urn, const std::string& id) {
    const auto bytes = redis_({"LPOP", reply_key(urn, id)});
    const auto decoded = proto::decode_reply(bytes);
    if (!decoded || decoded->id != id) return "none";
    return std::string(proto::status_name(decoded->status));
  }
  [[nodiscard]] std::uint32_t partition(const std::string& urn) const {
    return proto::partition_of(urn, partitions_);
  }
  [[nodiscard]] std::string reply_key(const std::string& urn, const std::string& id) const {
    return keys.reply(partition(urn), "test", id);
  }
  /// Entries left in all queues.
  std::uint64_t left() {
    std::uint64_t sum = 0;
    for (std::uint32_t p = 0; p < partitions_; ++p) {
      sum += std::stoull(redis_({"XLEN", keys.queue(p)}));
    }
    return sum;
  }

  const proto::Keys keys{"test"};

 private:
  Client& redis_;
  std::uint32_t partitions_;
};

}  // namespace conclib::test
