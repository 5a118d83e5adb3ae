// SPDX-License-Identifier: MIT
#include "sdk/src/status_document.hpp"

#include <cstdint>
#include <vector>

#include <msgpack.hpp>

#include "proto/node_record.hpp"
#include "proto/scan.hpp"
#include "sdk/src/command.hpp"
#include "sdk/src/namespace_meta.hpp"

namespace conclib::sdk {

using proto::fail;
using proto::Result;
using proto::Status;

namespace {

struct StringSink {
  std::string bytes;
  void write(const char* data, std::size_t size) { bytes.append(data, size); }
};
using Packer = msgpack::packer<StringSink>;

void put(Packer& packer, std::string_view name, std::string_view value) {
  packer.pack(name);
  packer.pack(value);
}

void put(Packer& packer, std::string_view name, std::uint64_t value) {
  packer.pack(name);
  packer.pack_uint64(value);
}

std::uint64_t difference(std::uint64_t later, std::uint64_t earlier) {
  return later > earlier ? later - earlier : 0;
}

/// The replies of a pipeline, in order; an error among them is REDIS_REFUSED.
Result<std::vector<RedisReply>> run(Connection& connection, std::size_t count, Deadline deadline) {
  if (auto result = connection.send(deadline); !result) return tl::unexpected(result.error());
  std::vector<RedisReply> replies;
  for (std::size_t i = 0; i < count; ++i) {
    auto reply = connection.receive(deadline);
    if (!reply) return tl::unexpected(reply.error());
    if ((*reply)->type == REDIS_REPLY_ERROR) {
      return fail(Status::redis_refused,
                  "Redis refused to tell the status: " + std::string(text_of(**reply)));
    }
    replies.push_back(std::move(*reply));
  }
  return replies;
}

/// Now by Redis's clock, from its answer to TIME.
std::uint64_t now_of(const redisReply& time) {
  if (time.type != REDIS_REPLY_ARRAY || time.elements != 2) return 0;
  return parse_number(text_of(*time.element[0])) * 1000 +
         parse_number(text_of(*time.element[1])) / 1000;
}

/// A node's own map, whatever it holds, with two fields more.
void pack_node(StringSink& sink, std::string_view id, std::string_view record,
               std::uint64_t now_ms) {
  Packer packer(sink);
  const auto node = proto::decode_node_record(record);
  proto::Scanner scanner(record);
  const auto fields = node ? scanner.map() : proto::Result<std::uint32_t>(0);
  packer.pack_map(*fields + 2);
  put(packer, "id", id);
  if (!node) return put(packer, "state", "unreadable");
  put(packer, "age_ms", difference(now_ms, node->heartbeat));
  sink.write(record.data() + (record.size() - scanner.left()), scanner.left());
}

void pack_partition(Packer& packer, std::uint64_t partition, const redisReply& owner,
                    std::uint64_t queued, std::uint64_t dead, std::uint64_t now_ms) {
  packer.pack_map(6);
  put(packer, "partition", partition);
  put(packer, "node", hash_field(owner, "node"));
  put(packer, "epoch", parse_number(hash_field(owner, "epoch")));
  put(packer, "queued", queued);
  put(packer, "dead", dead);
  put(packer, "lease_left_ms", difference(parse_number(hash_field(owner, "expiry")), now_ms));
}

}  // namespace

Result<std::string> status_document(Connection& connection, const proto::Keys& keys,
                                    const proto::RedisUrl& url, Deadline deadline) {
  const auto meta = read_meta(connection, keys, deadline);
  if (!meta) return tl::unexpected(meta.error());
  constexpr std::size_t per_partition = 3;
  auto& commands = connection.pipeline();
  for (std::uint32_t partition = 0; partition < meta->partitions; ++partition) {
    append_command(commands, {"HGETALL", keys.owner(partition)});
    append_command(commands, {"XLEN", keys.queue(partition)});
    append_command(commands, {"XLEN", keys.dead(partition)});
  }
  append_command(commands, {"HGETALL", keys.nodes()});
  append_command(commands, {"TIME"});
  const auto count = meta->partitions * per_partition;
  const auto replies = run(connection, count + 2, deadline);
  if (!replies) return tl::unexpected(replies.error());
  const auto reply = [&](std::size_t i) -> const redisReply& { return *(*replies)[i]; };
  const auto now_ms = now_of(reply(count + 1));

  StringSink sink;
  Packer packer(sink);
  packer.pack_map(8);
  put(packer, "namespace", keys.name());
  put(packer, "url", url.printable());
  put(packer, "version", meta->version);
  packer.pack(std::string_view("partitions"));
  packer.pack_array(meta->partitions);
  for (std::uint32_t partition = 0; partition < meta->partitions; ++partition) {
    const auto first = partition * per_partition;
    pack_partition(packer, partition, reply(first),
                   static_cast<std::uint64_t>(reply(first + 1).integer),
                   static_cast<std::uint64_t>(reply(first + 2).integer), now_ms);
  }
  packer.pack(std::string_view("nodes"));
  const auto& nodes = reply(count);
  packer.pack_array(static_cast<std::uint32_t>(nodes.elements / 2));
  for (std::size_t i = 0; i + 1 < nodes.elements; i += 2) {
    pack_node(sink, text_of(*nodes.element[i]), text_of(*nodes.element[i + 1]), now_ms);
  }
  put(packer, "created_ms", meta->created_ms);
  put(packer, "last_seen_ms", meta->last_seen_ms);
  put(packer, "now_ms", now_ms);
  return std::move(sink.bytes);
}

}  // namespace conclib::sdk
