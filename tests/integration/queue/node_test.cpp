// SPDX-License-Identifier: MIT
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "tests/integration/queue/fake_worker.hpp"
#include "tests/integration/queue/sender.hpp"

using namespace conclib;
using namespace conclib::test;

namespace {

/// One node that serves everything, and a client.
struct Served {
  explicit Served(const std::function<void(queue::NodeOptions&)>& change = {})
      : redis(server), sender(redis, 8), options(FakeWorker::options(server)) {
    if (change) change(options);
    worker = std::make_unique<FakeWorker>(rig, options);
    worker->node->start();
    REQUIRE(rig.eventually([&] { return worker->open.size() == 8; }));
  }
  /// Whether the reply comes and says this.
  bool answers(const std::string& urn, const std::string& id, const std::string& expected) {
    std::string said = "none";
    rig.eventually([&] {
      said = sender.reply(urn, id);
      return said != "none";
    });
    return said == expected;
  }

  RedisServer server;
  Client redis;
  LoopRig rig;
  Sender sender;
  queue::NodeOptions options;
  std::unique_ptr<FakeWorker> worker;
};

}  // namespace

TEST_CASE("a node takes every partition, answers an ask and leaves nothing behind") {
  Served served;
  CHECK(served.rig.eventually([&] { return served.worker->settlements == 1; }));
  served.sender.ask("echo/1", "a");
  CHECK(served.answers("echo/1", "a", "OK"));
  CHECK(served.rig.eventually([&] { return served.sender.left() == 0; }));
  CHECK(served.redis({"HLEN", served.sender.keys.nodes()}) == "1");

  bool done = false;
  served.worker->node->leave(std::chrono::seconds(5), [&] { done = true; });
  REQUIRE(served.rig.eventually([&] { return done; }));
  CHECK(served.redis({"HLEN", served.sender.keys.nodes()}) == "0");
  for (std::uint32_t p = 0; p < 8; ++p) {
    CHECK(served.redis({"HGET", served.sender.keys.owner(p), "node"}).empty());
  }
}

TEST_CASE("a thousand asks are answered once each") {
  Served served;
  for (int i = 0; i < 1000; ++i) {
    served.sender.ask("echo/" + std::to_string(i), "id" + std::to_string(i));
  }
  REQUIRE(served.rig.eventually([&] { return served.sender.left() == 0; }));
  CHECK(served.worker->delivered == 1000);
  for (int i = 0; i < 1000; ++i) {
    CHECK(served.sender.reply("echo/" + std::to_string(i), "id" + std::to_string(i)) == "OK");
  }
}

TEST_CASE("a small window holds back what does not fit and loses nothing of it") {
  Served served([](auto& options) { options.window_entries = 5; });
  served.worker->holding = true;
  for (int i = 0; i < 60; ++i) {
    served.sender.ask("echo/" + std::to_string(i), "id" + std::to_string(i));
  }
  REQUIRE(served.rig.eventually([&] { return served.worker->held.size() == 5; }));
  served.rig.run_for(std::chrono::milliseconds(50));
  CHECK(served.worker->held.size() == 5);
  served.worker->holding = false;
  served.worker->end_all();
  REQUIRE(served.rig.eventually([&] { return served.sender.left() == 0; }));
  CHECK(served.worker->delivered == 60);
}

TEST_CASE("an entry larger than the window's bytes is taken when nothing else is in hand") {
  Served served([](auto& options) { options.window_bytes = 64; });
  served.sender.ask("echo/1", "a");
  served.sender.ask("echo/1", "b");
  CHECK(served.answers("echo/1", "a", "OK"));
  CHECK(served.answers("echo/1", "b", "OK"));
}

TEST_CASE("what is malformed becomes a dead letter and the node goes on") {
  Served served;
  const auto partition = served.sender.partition("echo/1");
  served.sender.add("echo/1", "\xc1garbage");
  served.redis({"XADD", served.sender.keys.queue(partition), "*", "other", "field"});
  served.sender.ask("echo/1", "a");
  CHECK(served.answers("echo/1", "a", "OK"));
  CHECK(served.rig.eventually([&] { return served.sender.left() == 0; }));
  CHECK(served.redis({"XLEN", served.sender.keys.dead(partition)}) == "2");
  CHECK(served.worker->delivered == 1);
}

TEST_CASE("an asker whose envelope is bad is told so where its reply key can be read") {
  Served served;
  proto::Request request;
  request.kind = proto::Kind::ask;
  request.id = "a";
  request.urn = "not a urn";
  request.type = "Echo";
  const auto key = served.sender.reply_key("echo/1", "a");
  request.reply_key = key;
  request.ttl_ms = 1000;
  served.sender.add("echo/1", proto::encode_request(request));
  CHECK(served.answers("echo/1", "a", "BAD_ENVELOPE"));
}

TEST_CASE("nothing is written into a key outside of the partition's reply space") {
  Served served;
  proto::Request request;
  request.kind = proto::Kind::ask;
  request.id = "a";
  request.urn = "echo/1";
  request.type = "Echo";
  request.reply_key = "somebody-elses-list";
  request.ttl_ms = 1000;
  served.sender.add("echo/1", proto::encode_request(request));
  CHECK(served.rig.eventually([&] { return served.sender.left() == 0; }));
  CHECK(served.redis({"EXISTS", "somebody-elses-list"}) == "0");
  CHECK(served.worker->delivered == 0);
}

TEST_CASE("an ask in the wrong queue is told so") {
  Served served;
  Sender mistaken(served.redis, 5);
  std::string urn;
  for (int i = 0; urn.empty(); ++i) {
    const auto candidate = "echo/" + std::to_string(i);
    if (mistaken.partition(candidate) != served.sender.partition(candidate)) urn = candidate;
  }
  mistaken.ask(urn, "a");
  CHECK(served.rig.eventually([&] { return mistaken.reply(urn, "a") == "WRONG_PARTITION"; }));
}

TEST_CASE("an ask whose time is over is not run") {
  Served served;
  served.server.pause();
  served.server.resume();
  proto::Request request;
  request.kind = proto::Kind::ask;
  request.id = "a";
  request.urn = "echo/1";
  request.type = "Echo";
  const auto key = served.sender.reply_key("echo/1", "a");
  request.reply_key = key;
  request.ttl_ms = 1000;
  request.expiry_ms = 1000;
  served.sender.add("echo/1", proto::encode_request(request));
  CHECK(served.answers("echo/1", "a", "EXPIRED"));
  CHECK(served.worker->delivered == 0);
}

TEST_CASE("a cancel is handed over and leaves the queue") {
  Served served;
  proto::Request request;
  request.kind = proto::Kind::cancel;
  request.id = "a";
  request.urn = "echo/1";
  served.sender.add("echo/1", proto::encode_request(request));
  CHECK(served.rig.eventually([&] { return served.worker->cancelled.size() == 1; }));
  CHECK(served.rig.eventually([&] { return served.sender.left() == 0; }));
}

TEST_CASE("a tell that failed becomes a dead letter with its reason") {
  Served served;
  served.worker->tell_status = proto::Status::unexpected_message;
  served.sender.tell("echo/1", "a");
  const auto dead = served.sender.keys.dead(served.sender.partition("echo/1"));
  REQUIRE(served.rig.eventually([&] { return served.redis({"XLEN", dead}) == "1"; }));
  CHECK(served.redis({"XRANGE", dead, "-", "+"}).find("reason UNEXPECTED_MESSAGE") !=
        std::string::npos);
}

TEST_CASE("a message to another actor goes through the queue and its reply comes back") {
  Served served;
  runtime::OutboundMessage message;
  message.kind = proto::Kind::ask;
  message.id = "0123456789abcdef";
  message.urn = "echo/7";
  message.type = "Echo";
  message.body = "\x07";
  message.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  REQUIRE(served.worker->node->push(message));
  REQUIRE(served.rig.eventually([&] { return served.worker->ends.size() == 1; }));
  CHECK(served.worker->ends[0].id == message.id);
  CHECK(served.worker->ends[0].status == proto::Status::ok);
  CHECK(served.worker->ends[0].body == "\x07");
}

TEST_CASE("an entry is finished only after what it caused was pushed") {
  Served served;
  served.worker->holding = true;
  served.sender.ask("echo/1", "a");
  REQUIRE(served.rig.eventually([&] { return served.worker->held.size() == 1; }));
  const auto partition = served.sender.partition("echo/7");
  // A queue that is gone keeps the push waiting, and with it the entry.
  REQUIRE(partition != served.sender.partition("echo/1"));
  served.redis({"DEL", served.sender.keys.queue(partition)});
  runtime::OutboundMessage message;
  message.id = "0123456789abcdef";
  message.urn = "echo/7";
  message.type = "Echo";
  message.cause = served.worker->held[0]->at;
  REQUIRE(served.worker->node->push(message));
  served.worker->end_all();
  served.rig.run_for(std::chrono::milliseconds(200));
  CHECK(served.sender.reply("echo/1", "a") == "none");
  served.worker->holding = false;
  served.redis({"XADD", served.sender.keys.queue(partition), "1-1", "e", "x"});
  CHECK(served.answers("echo/1", "a", "OK"));
  CHECK(served.rig.eventually([&] { return served.worker->delivered == 2; }));
}

TEST_CASE("completions and messages of many threads all arrive") {
  Served served;
  served.worker->holding = true;
  constexpr std::size_t count = 200;
  constexpr std::size_t threads = 4;
  for (std::size_t i = 0; i < count; ++i) {
    served.sender.ask("echo/" + std::to_string(i), "id" + std::to_string(i));
  }
  REQUIRE(served.rig.eventually([&] { return served.worker->held.size() == count; }));
  auto& held = served.worker->held;
  auto& node = *served.worker->node;
  std::vector<std::thread> senders;
  for (std::size_t t = 0; t < threads; ++t) {
    senders.emplace_back([&, t] {
      for (std::size_t i = t; i < count; i += threads) {
        runtime::OutboundMessage message;
        message.id = "m" + std::to_string(i);
        message.urn = "echo/7";
        message.type = "Echo";
        message.cause = held[i]->at;
        static_cast<void>(node.push(std::move(message)));
        runtime::Completion completion;
        completion.reply =
            proto::encode_reply({held[i]->request.id, proto::Status::ok, "Echo", "\x01", {}});
        completion.queued = std::move(held[i]);
        node.complete(std::move(completion));
      }
    });
  }
  for (auto& thread : senders) thread.join();
  held.clear();
  served.worker->holding = false;
  REQUIRE(served.rig.eventually([&] { return served.worker->delivered == 2 * count; }));
  REQUIRE(served.rig.eventually([&] { return served.sender.left() == 0; }));
  for (std::size_t i = 0; i < count; ++i) {
    CHECK(served.sender.reply("echo/" + std::to_string(i), "id" + std::to_string(i)) == "OK");
  }
}

TEST_CASE("the outbox refuses what is over its limit") {
  Served served([](auto& options) { options.outbox_messages = 1; });
  runtime::OutboundMessage message;
  message.id = "0123456789abcdef";
  message.urn = "echo/7";
  message.type = "Echo";
  CHECK(served.worker->node->push(message));
  const auto second = served.worker->node->push(message);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == proto::Status::overloaded);
  message.body = std::string(2'000'000, 'x');
  const auto large = served.worker->node->push(message);
  REQUIRE_FALSE(large);
  CHECK(large.error().code == proto::Status::bad_argument);
  CHECK(served.rig.eventually([&] { return served.worker->delivered == 1; }));
}

TEST_CASE("a node refuses a namespace with another number of partitions") {
  Served served;
  auto options = FakeWorker::options(served.server);
  options.partitions = 9;
  options.partitions_explicit = true;
  FakeWorker other(served.rig, options);
  other.node->start();
  REQUIRE(served.rig.eventually([&] { return !other.refusals.empty(); }));
  CHECK(other.refusals[0].text.find("has 8 partitions, but 9 are configured") != std::string::npos);
  CHECK(other.partitions == 0);
}

TEST_CASE("a node refuses a Redis that may evict queues") {
  RedisServer server({"--maxmemory-policy", "allkeys-lru"});
  LoopRig rig;
  FakeWorker worker(rig, FakeWorker::options(server));
  worker.node->start();
  REQUIRE(rig.eventually([&] { return !worker.refusals.empty(); }));
  CHECK(worker.refusals[0].text.find("allkeys-lru") != std::string::npos);
}

TEST_CASE("a node that was never connected leaves at once") {
  LoopRig rig;
  RedisServer server;
  auto options = FakeWorker::options(server);
  options.url.path = "/tmp/conclib-no-such.sock";
  FakeWorker worker(rig, options);
  worker.node->start();
  rig.run_for(std::chrono::milliseconds(50));
  bool done = false;
  worker.node->leave(std::chrono::seconds(5), [&] { done = true; });
  CHECK_FALSE(done);
  CHECK(rig.eventually([&] { return done; }, std::chrono::seconds(2)));
}
