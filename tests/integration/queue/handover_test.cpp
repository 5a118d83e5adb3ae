// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/integration/queue/fake_worker.hpp"
#include "tests/integration/queue/sender.hpp"

using namespace conclib;
using namespace conclib::test;

namespace {

struct Two {
  Two()
      : redis(server),
        sender(redis, 8),
        first(rig, FakeWorker::options(server)),
        second(rig, FakeWorker::options(server)) {}

  void share() {
    first.node->start();
    REQUIRE(rig.eventually([&] { return first.open.size() == 8; }));
    second.node->start();
    REQUIRE(rig.eventually([&] { return first.open.size() == 4 && second.open.size() == 4; }));
    CHECK(second.settlements == 1);
  }
  void ask(int i) { sender.ask(urn(i), "id" + std::to_string(i)); }
  static std::string urn(int i) { return "echo/" + std::to_string(i); }
  /// Asks 1 to `count`, a few at every turn of the loop, until all have left their queues.
  void ask_all(int count, int& asked) {
    REQUIRE(rig.eventually([&] {
      for (int i = 0; i < 5 && asked < count; ++i) ask(asked++);
      return asked == count;
    }));
  }
  void check_all(int count) {
    REQUIRE(rig.eventually([&] { return sender.left() == 0; }));
    std::set<std::string> once;
    for (const auto* worker : {&first, &second}) {
      for (const auto& id : worker->ended) CHECK(once.insert(id).second);
    }
    for (int i = 0; i < count; ++i) {
      CHECK(sender.reply(urn(i), "id" + std::to_string(i)) == "OK");
      CHECK(redis({"EXISTS", sender.reply_key(urn(i), "id" + std::to_string(i))}) == "0");
    }
  }

  /// Partitions in whose queues something may have run before its owner took them.
  int suspected() {
    int count = 0;
    for (std::uint32_t partition = 0; partition < 8; ++partition) {
      if (redis({"HGET", sender.keys.owner(partition), "ran"}) != "0-0") ++count;
    }
    return count;
  }

  RedisServer server;
  Client redis;
  LoopRig rig;
  Sender sender;
  FakeWorker first;
  FakeWorker second;
};

}  // namespace

TEST_CASE("two nodes share the partitions under load, and one leaves, without a lost entry") {
  Two two;
  int asked = 0;
  two.first.node->start();
  REQUIRE(two.rig.eventually([&] { return two.first.open.size() == 8; }));
  two.ask_all(500, asked);
  two.second.node->start();
  while (two.second.open.size() < 4 && asked < 100'000) two.ask_all(asked + 20, asked);
  CHECK(two.second.open.size() == 4);
  CHECK(two.first.open.size() == 4);
  bool left = false;
  two.first.node->leave(std::chrono::seconds(10), [&] { left = true; });
  while (two.second.open.size() < 8 && asked < 200'000) two.ask_all(asked + 20, asked);
  REQUIRE(two.rig.eventually([&] { return left && two.second.open.size() == 8; }));
  two.ask_all(asked + 500, asked);
  two.check_all(asked);
  CHECK(two.first.lost.empty());
  CHECK(two.second.lost.empty());
}

TEST_CASE("what had not begun is run by the next owner, what had ended is not") {
  Two two;
  two.share();
  two.first.holding = true;
  two.second.holding = true;
  for (int i = 0; i < 100; ++i) two.ask(i);
  REQUIRE(
      two.rig.eventually([&] { return two.first.held.size() + two.second.held.size() == 100; }));
  for (int i = 0; i < 10; ++i) {
    two.first.end(std::move(two.first.held.front()));
    two.first.held.pop_front();
  }
  two.second.holding = false;
  two.second.end_all();
  bool left = false;
  two.first.node->leave(std::chrono::seconds(10), [&] { left = true; });
  REQUIRE(two.rig.eventually([&] { return left; }));
  two.check_all(100);
  CHECK(two.suspected() == 0);
}

TEST_CASE("past the drain time-out a partition is released as it is, and a late finish is fenced") {
  Two two;
  two.share();
  two.first.holding = true;
  two.first.ignores_drain = true;
  int sent = 0;
  while (two.first.held.size() < 5 && sent < 1000) {
    two.ask(sent++);
    two.rig.run_for(std::chrono::milliseconds(2));
  }
  bool left = false;
  two.first.node->leave(std::chrono::milliseconds(100), [&] { left = true; });
  REQUIRE(two.rig.eventually([&] { return left; }));
  REQUIRE(two.rig.eventually([&] { return two.second.open.size() == 8; }));
  two.check_all(sent);
  CHECK(two.suspected() > 0);
}

TEST_CASE("the partitions of a node that died are taken when its leases have ended") {
  Two two;
  two.share();
  two.first.holding = true;
  int sent = 0;
  while (two.first.held.size() < 5 && sent < 1000) {
    two.ask(sent++);
    two.rig.run_for(std::chrono::milliseconds(2));
  }
  two.first.held.clear();
  two.first.node.reset();
  REQUIRE(two.rig.eventually([&] { return two.second.open.size() == 8; }));
  two.check_all(sent);
  CHECK(two.redis({"HLEN", two.sender.keys.nodes()}) != "0");
}

TEST_CASE("a node whose lease was taken hears of it and takes no harm") {
  Two two;
  two.first.node->start();
  REQUIRE(two.rig.eventually([&] { return two.first.open.size() == 8; }));
  two.first.holding = true;
  two.ask(1);
  REQUIRE(two.rig.eventually([&] { return two.first.held.size() == 1; }));
  const auto partition = two.sender.partition(Two::urn(1));
  auto late = std::move(two.first.held.front());
  two.first.held.clear();
  two.redis({"HINCRBY", two.sender.keys.owner(partition), "epoch", "1"});
  two.first.end(std::move(late));
  two.first.holding = false;
  REQUIRE(two.rig.eventually([&] { return two.first.lost.contains(partition); }));
  CHECK(two.rig.eventually([&] { return two.sender.left() == 0; }));
  CHECK(two.sender.reply(Two::urn(1), "id1") == "OK");
  CHECK(two.first.delivered == 2);
}
