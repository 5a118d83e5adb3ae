// SPDX-License-Identifier: MIT
#include "tests/integration/sdk/responder.hpp"

#include <csignal>
#include <map>
#include <utility>

#include <doctest/doctest.h>

#include "proto/keys.hpp"
#include "proto/limits.hpp"
#include "proto/node_record.hpp"

namespace conclib::sdk_test {
namespace {

const proto::Keys& keys() {
  static const proto::Keys test("test");
  return test;
}

}  // namespace

void make_namespace(RedisServer& server, const std::string& partition_count) {
  TestConnection redis(server.socket_path());
  redis.run({"HSET", keys().meta(), "version", "1", "partitions", partition_count, "generation",
             "7", "created", "1700000000000"});
  for (std::uint32_t partition = 0; partition < partitions; ++partition) {
    const auto entry = redis.run({"XADD", keys().queue(partition), "*", "e", ""});
    redis.run({"XDEL", keys().queue(partition), entry->str});
  }
}

void write_node(RedisServer& server, std::uint64_t age_ms) {
  TestConnection redis(server.socket_path());
  const auto time = redis.run({"TIME"});
  proto::NodeRecord node;
  node.host = "testhost";
  node.version = "0.1.0";
  node.lease_ms = 10'000;
  node.heartbeat = std::stoull(time->element[0]->str) * 1000 - age_ms;
  node.started = node.heartbeat;
  node.partitions = {0, 1, 2, 3};
  node.types = {"counter/{name}"};
  node.plugins = {{"counter", "1.2.3", {}}};
  redis.run({"HSET", keys().nodes(), std::string(32, 'a'), proto::encode_node_record(node)});
}

Responder::Responder(RedisServer& server, Answer answer)
    : reader_(server.socket_path()),
      writer_(server.socket_path()),
      answer_(std::move(answer)),
      thread_([this] { serve(); }) {}

Responder::~Responder() {
  is_stopping_ = true;
  thread_.join();
}

void Responder::serve() {
  // hiredis writes without MSG_NOSIGNAL; in this thread alone, since the client must not need it.
  sigset_t pipe;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  std::map<std::string, std::string> cursors;
  for (std::uint32_t p = 0; p < partitions; ++p) cursors[keys().queue(p)] = "0";
  while (!is_stopping_) {
    const auto q = [&](std::uint32_t p) { return keys().queue(p); };
    const auto read =
        reader_.try_run({"XREAD", "COUNT", "64", "BLOCK", "20", "STREAMS", q(0), q(1), q(2), q(3),
                         cursors[q(0)], cursors[q(1)], cursors[q(2)], cursors[q(3)]});
    if (read == nullptr || read->type != REDIS_REPLY_ARRAY) continue;
    for (std::size_t s = 0; s < read->elements; ++s) {
      const std::string queue = read->element[s]->element[0]->str;
      const auto& entries = *read->element[s]->element[1];
      for (std::size_t i = 0; i < entries.elements; ++i) {
        const auto& entry = *entries.element[i];
        const auto& value = *entry.element[1]->element[1];
        cursors[queue] = entry.element[0]->str;
        const auto request =
            proto::decode_request({value.str, value.len}, proto::limits::envelope_bytes_max);
        const auto reply = request ? answer_(*request) : std::string();
        if (reply.empty()) continue;
        const std::string key(request->reply_key);
        writer_.try_run({"RPUSH", key, reply});
        writer_.try_run({"PEXPIRE", key, "30000"});
        writer_.try_run({"XDEL", queue, cursors[queue]});
      }
    }
  }
}

std::string echo(const proto::Request& request) {
  proto::Reply reply;
  reply.id = request.id;
  reply.status = proto::Status::ok;
  reply.type = request.type;
  reply.body = request.body;
  return proto::encode_reply(reply);
}

std::string failure(const proto::Request& request, proto::Status status, std::string_view text) {
  proto::Reply reply;
  reply.id = request.id;
  reply.status = status;
  reply.text = text;
  return proto::encode_reply(reply);
}

}  // namespace conclib::sdk_test
