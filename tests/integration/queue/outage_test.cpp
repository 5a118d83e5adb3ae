// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "proto/node_record.hpp"
#include "tests/integration/queue/fake_worker.hpp"
#include "tests/integration/queue/sender.hpp"

using namespace conclib;
using namespace conclib::test;

namespace {

void serve_all(LoopRig& rig, FakeWorker& worker) {
  worker.node->start();
  REQUIRE(rig.eventually([&] { return worker.open.size() == 8; }));
}

}  // namespace

TEST_CASE("a node goes on after its Redis was killed, and finishes what it had in hand once") {
  RedisServer server({"--appendfsync", "always"});
  LoopRig rig;
  FakeWorker worker(rig, FakeWorker::options(server));
  serve_all(rig, worker);
  worker.holding = true;
  {
    Client redis(server);
    Sender sender(redis, 8);
    for (int i = 0; i < 50; ++i) {
      sender.ask("echo/" + std::to_string(i), "id" + std::to_string(i));
    }
    REQUIRE(rig.eventually([&] { return worker.held.size() == 50; }));
  }
  server.kill();
  REQUIRE(rig.eventually([&] { return !worker.node->is_up(); }));
  worker.holding = false;
  worker.end_all();
  server.start();
  Client redis(server);
  Sender sender(redis, 8);
  REQUIRE(rig.eventually([&] { return sender.left() == 0; }));
  for (int i = 0; i < 50; ++i) {
    CHECK(sender.reply("echo/" + std::to_string(i), "id" + std::to_string(i)) == "OK");
  }
  CHECK(worker.delivered == 50);
  sender.ask("echo/1", "later");
  CHECK(rig.eventually([&] { return sender.reply("echo/1", "later") == "OK"; }));
}

TEST_CASE("a node makes its namespace anew in a Redis that comes back empty") {
  RedisServer server;
  LoopRig rig;
  FakeWorker worker(rig, FakeWorker::options(server));
  serve_all(rig, worker);
  Client redis(server);
  redis({"FLUSHALL"});
  redis({"FUNCTION", "FLUSH"});
  redis({"CLIENT", "KILL", "TYPE", "normal"});
  Sender sender(redis, 8);
  REQUIRE(rig.eventually([&] { return redis({"HLEN", sender.keys.nodes()}) == "1"; }));
  REQUIRE(rig.eventually([&] { return worker.lost.size() == 8 && worker.open.size() == 8; }));
  sender.ask("echo/1", "a");
  CHECK(rig.eventually([&] { return sender.reply("echo/1", "a") == "OK"; }));
}

TEST_CASE("Functions that were flushed are loaded again, and no finish is lost") {
  RedisServer server;
  LoopRig rig;
  FakeWorker worker(rig, FakeWorker::options(server));
  serve_all(rig, worker);
  Client redis(server);
  Sender sender(redis, 8);
  redis({"FUNCTION", "FLUSH"});
  for (int i = 0; i < 20; ++i) sender.ask("echo/" + std::to_string(i), "id" + std::to_string(i));
  REQUIRE(rig.eventually([&] { return sender.left() == 0; }));
  CHECK(worker.delivered == 20);
  CHECK(worker.lost.empty());
}

TEST_CASE("a full Redis drains") {
  RedisServer server;
  LoopRig rig;
  FakeWorker worker(rig, FakeWorker::options(server));
  serve_all(rig, worker);
  worker.holding = true;
  Client redis(server);
  Sender sender(redis, 8);
  for (int i = 0; i < 20; ++i) sender.ask("echo/" + std::to_string(i), "id" + std::to_string(i));
  REQUIRE(rig.eventually([&] { return worker.held.size() == 20; }));
  redis({"CONFIG", "SET", "maxmemory", "1"});
  CHECK(sender.ask("echo/1", "refused").rfind("OOM", 0) == 0);
  worker.end_all();
  CHECK(rig.eventually([&] { return sender.left() == 0; }));
  // Nor does it take the node for dead, though its record has to be written.
  rig.run_for(std::chrono::milliseconds(400));
  const auto record =
      proto::decode_node_record(redis.list({"HVALS", sender.keys.nodes()}).at(0)).value();
  CHECK(record.stats.at("finished") == 20);
}

namespace {

/// An ask of `urn` in its queue, which is made anew, under an id that lies below every cursor, as
/// after a failover to a server whose clock is behind.
void ask_in_the_past(Client& redis, Sender& sender, const std::string& urn, const std::string& id) {
  const auto queue = sender.keys.queue(sender.partition(urn));
  redis({"DEL", queue});
  proto::Request request;
  request.kind = proto::Kind::ask;
  request.id = id;
  request.urn = urn;
  request.type = "Echo";
  const auto key = sender.reply_key(urn, id);
  request.reply_key = key;
  request.ttl_ms = 86'400'000;
  redis({"XADD", queue, "1-1", "e", proto::encode_request(request)});
}

}  // namespace

TEST_CASE("an entry whose id lies below the cursor is found all the same") {
  RedisServer server;
  LoopRig rig;
  FakeWorker worker(rig, FakeWorker::options(server));
  serve_all(rig, worker);
  Client redis(server);
  Sender sender(redis, 8);
  sender.ask("echo/1", "first");
  REQUIRE(rig.eventually([&] { return sender.reply("echo/1", "first") == "OK"; }));
  ask_in_the_past(redis, sender, "echo/1", "old");
  CHECK(rig.eventually([&] { return sender.reply("echo/1", "old") == "EXPIRED"; }));
}

TEST_CASE("an entry whose id lies below the cursor is found also while others keep coming") {
  RedisServer server;
  LoopRig rig;
  FakeWorker worker(rig, FakeWorker::options(server));
  serve_all(rig, worker);
  Client redis(server);
  Sender sender(redis, 8);
  sender.ask("echo/1", "first");
  REQUIRE(rig.eventually([&] { return sender.reply("echo/1", "first") == "OK"; }));
  ask_in_the_past(redis, sender, "echo/1", "old");
  int asked = 0;
  CHECK(rig.eventually([&] {
    for (int i = 0; i < 20; ++i) sender.ask("echo/1", "more" + std::to_string(asked++));
    return sender.reply("echo/1", "old") == "EXPIRED";
  }));
}
