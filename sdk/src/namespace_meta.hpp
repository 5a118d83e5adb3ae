// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "proto/keys.hpp"
#include "proto/result.hpp"
#include "sdk/src/connection.hpp"

namespace conclib::sdk {

/// What the hash `meta` of a namespace says (PROTOCOL.md, section 2). Times by Redis's clock, in ms
/// since 1970; 0 where there is none.
struct NamespaceMeta {
  std::uint64_t version = 0;
  std::uint32_t partitions = 0;
  std::uint64_t generation = 0;
  std::uint64_t created_ms = 0;
  std::uint64_t last_seen_ms = 0;
};

/// Takes a reply to HGETALL apart. NO_DAEMON: there is no such key. PROTOCOL_MISMATCH: the
/// namespace is of another version. REDIS_REFUSED: Redis's own error.
[[nodiscard]] proto::Result<NamespaceMeta> parse_meta(const redisReply& reply,
                                                      const proto::Keys& keys);

/// Reads it from Redis. Errors: as above and REDIS_UNREACHABLE, also when the deadline passed.
[[nodiscard]] proto::Result<NamespaceMeta> read_meta(Connection& connection,
                                                     const proto::Keys& keys, Deadline deadline);

/// A decimal number; 0 for what is none.
[[nodiscard]] std::uint64_t parse_number(std::string_view text);

/// The value of a field in a reply to HGETALL; empty if it is not there.
[[nodiscard]] std::string_view hash_field(const redisReply& reply, std::string_view name);

}  // namespace conclib::sdk
