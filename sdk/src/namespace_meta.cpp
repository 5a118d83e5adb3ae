// SPDX-License-Identifier: MIT
#include "sdk/src/namespace_meta.hpp"

#include <charconv>
#include <string>

#include "proto/limits.hpp"

namespace conclib::sdk {

using proto::fail;
using proto::Result;
using proto::Status;

std::uint64_t parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? value : 0;
}

std::string_view hash_field(const redisReply& reply, std::string_view name) {
  if (reply.type != REDIS_REPLY_ARRAY) return {};
  for (std::size_t i = 0; i + 1 < reply.elements; i += 2) {
    if (text_of(*reply.element[i]) == name) return text_of(*reply.element[i + 1]);
  }
  return {};
}

Result<NamespaceMeta> parse_meta(const redisReply& reply, const proto::Keys& keys) {
  if (reply.type == REDIS_REPLY_ERROR) {
    return fail(Status::redis_refused,
                "Redis refused to read " + keys.meta() + ": " + std::string(text_of(reply)));
  }
  if (reply.elements == 0) {
    return fail(Status::no_daemon,
                "no conclibd has ever served namespace \"" + keys.name() + "\" of this Redis");
  }
  NamespaceMeta meta;
  meta.version = parse_number(hash_field(reply, "version"));
  const auto partitions = parse_number(hash_field(reply, "partitions"));
  meta.generation = parse_number(hash_field(reply, "generation"));
  meta.created_ms = parse_number(hash_field(reply, "created"));
  meta.last_seen_ms = parse_number(hash_field(reply, "last_seen"));
  if (meta.version != proto::limits::protocol_version) {
    return fail(Status::protocol_mismatch, "namespace \"" + keys.name() + "\" speaks version " +
                                               std::to_string(meta.version) +
                                               " of the protocol, this client version " +
                                               std::to_string(proto::limits::protocol_version));
  }
  if (partitions == 0 || partitions > proto::limits::partitions_max) {
    return fail(Status::protocol_mismatch, "field \"partitions\" of " + keys.meta() +
                                               " is not a number from 1 to " +
                                               std::to_string(proto::limits::partitions_max));
  }
  meta.partitions = static_cast<std::uint32_t>(partitions);
  return meta;
}

Result<NamespaceMeta> read_meta(Connection& connection, const proto::Keys& keys,
                                Deadline deadline) {
  const auto reply = connection.call({"HGETALL", keys.meta()}, deadline);
  if (!reply) return fail(Status::redis_unreachable, reply.error().text);
  return parse_meta(**reply, keys);
}

}  // namespace conclib::sdk
