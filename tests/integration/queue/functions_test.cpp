// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "daemon/queue/function_library.hpp"
#include "proto/keys.hpp"
#include "tests/integration/queue/redis_server.hpp"

using namespace conclib;
using namespace conclib::test;
using queue::Function;

namespace {

/// One partition on a server of its own, and its Functions by hand.
struct Bench {
  explicit Bench(std::vector<std::string> settings = {})
      : server(std::move(settings)), redis(server) {
    const auto loaded = redis({"FUNCTION", "LOAD", library.text()});
    REQUIRE_MESSAGE(loaded == library.name(), loaded);
  }

  std::string call(Function function, std::vector<std::string> names,
                   const std::vector<std::string>& arguments) {
    std::vector<std::string> command{"FCALL", library.function(function),
                                     std::to_string(names.size())};
    command.insert(command.end(), names.begin(), names.end());
    command.insert(command.end(), arguments.begin(), arguments.end());
    return redis(command);
  }
  std::string acquire(const std::string& node, const std::string& epoch = "-",
                      const std::string& renewals = "-", const std::string& insist = "0",
                      const std::string& lease = "60000", const std::string& run = "run1",
                      const std::string& patient = "1") {
    return call(Function::acquire, {own, q}, {node, lease, run, epoch, renewals, insist, patient});
  }
  std::string release(const std::string& node, const std::string& epoch,
                      const std::string& next = "", const std::string& clean = "1") {
    return call(Function::release, {own, q}, {node, epoch, next, clean});
  }
  /// Takes the free partition and gives the epoch.
  std::string take(const std::string& node) {
    acquire(node);
    return redis({"HGET", own, "epoch"});
  }
  std::string add(const std::string& envelope = "envelope") {
    return redis({"XADD", q, "*", "e", envelope});
  }
  /// One entry: with a reply where a key is given, as a dead letter where a reason is given.
  std::string finish(const std::string& node, const std::string& epoch, const std::string& id,
                     const std::string& to, const std::string& reason = "",
                     const std::string& malformed = "", const std::string& dead_max = "2") {
    std::vector<std::string> names{own, q, att, dead};
    if (!to.empty()) names.push_back(to);
    return call(Function::finish, names,
                {node, epoch, dead_max, id, to.empty() ? "0" : "1", "60000", "reply", reason,
                 "text", malformed});
  }

  RedisServer server;
  Client redis;
  queue::FunctionLibrary library;
  proto::Keys keys{"test"};
  std::string own = keys.owner(3);
  std::string q = keys.queue(3);
  std::string att = keys.attempts(3);
  std::string dead = keys.dead(3);
  std::string key = keys.reply(3, "app", "1");
};

bool begins(const std::string& text, const std::string& with) { return text.rfind(with, 0) == 0; }

}  // namespace

TEST_CASE("acquire takes what is free and makes its queue") {
  Bench bench;
  CHECK(begins(bench.acquire("n1"), "OK "));
  CHECK(bench.redis({"EXISTS", bench.q}) == "1");
  CHECK(bench.redis({"XLEN", bench.q}) == "0");
  CHECK(bench.redis({"HGET", bench.own, "node"}) == "n1");
}

TEST_CASE("acquire leaves what another holds, unless it is dead as the caller saw it") {
  Bench bench;
  const auto epoch = bench.take("n1");
  CHECK(bench.acquire("n2") == "HELD " + epoch + " 0 n1");
  CHECK(begins(bench.acquire("n2", epoch, "0", "0"), "HELD"));
  CHECK(begins(bench.acquire("n2", epoch, "0", "1"), "HELD"));
  bench.redis({"HSET", bench.own, "expiry", "1"});
  CHECK(begins(bench.acquire("n2", epoch, "7", "1"), "HELD"));
  CHECK(begins(bench.acquire("n2", epoch, "0", "0"), "HELD"));
  CHECK(begins(bench.acquire("n2", epoch, "0", "1"), "OK"));
}

TEST_CASE("acquire takes what was watched unchanged, whatever Redis's clock says") {
  Bench bench;
  const auto epoch = bench.take("n1");
  CHECK(begins(bench.acquire("n2", epoch, "1", "2"), "HELD"));
  CHECK(begins(bench.acquire("n2", epoch, "0", "2"), "OK"));
  CHECK(std::stoull(bench.redis({"HGET", bench.own, "epoch"})) > std::stoull(epoch));
}

TEST_CASE("an unclean takeover or release marks what may have run; a clean one does not") {
  Bench bench;
  const auto epoch = bench.take("n1");
  const auto id = bench.add();
  const auto taken = bench.acquire("n2", epoch, "0", "2");
  CHECK(taken.substr(taken.rfind(' ') + 1) == id);
  const auto second = bench.redis({"HGET", bench.own, "epoch"});
  const auto later = bench.add();
  CHECK(bench.release("n2", second, "", "1") == "OK");
  const auto clean = bench.acquire("n3");
  CHECK(clean.substr(clean.rfind(' ') + 1) == id);
  const auto third = bench.redis({"HGET", bench.own, "epoch"});
  CHECK(bench.release("n3", third, "", "") == "OK");
  const auto unclean = bench.acquire("n4");
  CHECK(unclean.substr(unclean.rfind(' ') + 1) == later);
}

TEST_CASE("another run of the server marks what may have run") {
  Bench bench;
  const auto epoch = bench.take("n1");
  const auto id = bench.add();
  CHECK(bench.call(Function::renew, {bench.own, bench.q}, {"n1", epoch, "60000", "run1"}) ==
        "OK 0-0");
  CHECK(bench.call(Function::renew, {bench.own, bench.q}, {"n1", epoch, "60000", "run2"}) ==
        "OK " + id);
  bench.release("n1", epoch);
  const auto later = bench.add();
  const auto taken = bench.acquire("n2", "-", "-", "0", "60000", "run3");
  CHECK(taken.substr(taken.rfind(' ') + 1) == later);
}

TEST_CASE("a partition that was handed over waits for its next owner while others are patient") {
  Bench bench;
  const auto epoch = bench.take("n1");
  CHECK(bench.release("n1", epoch, "n2") == "OK");
  CHECK(bench.acquire("n3") == "NEXT " + epoch + " 0 n2");
  CHECK(begins(bench.acquire("n3", "-", "-", "0", "60000", "run1", ""), "OK"));
  CHECK(bench.redis({"HGET", bench.own, "next"}).empty());
}

TEST_CASE("renew and release with a wrong epoch or node change nothing") {
  Bench bench;
  const auto epoch = bench.take("n1");
  for (const auto& [node, of] : {std::pair{"n2", epoch}, {"n1", std::string("1")}}) {
    CHECK(bench.call(Function::renew, {bench.own, bench.q}, {node, of, "1", "run1"}) == "FENCED");
    CHECK(bench.release(node, of) == "FENCED");
  }
  CHECK(bench.redis({"HGET", bench.own, "renewals"}) == "0");
  CHECK(bench.redis({"HGET", bench.own, "node"}) == "n1");
}

TEST_CASE("finish deletes the entry and its attempts, pushes the reply and lets it expire") {
  Bench bench;
  const auto epoch = bench.take("n1");
  const auto id = bench.add();
  bench.redis({"HSET", bench.att, id, "1"});
  CHECK(bench.finish("n1", epoch, id, bench.key) == "OK 1");
  CHECK(bench.redis({"XLEN", bench.q}) == "0");
  CHECK(bench.redis({"EXISTS", bench.att}) == "0");
  CHECK(bench.redis({"LRANGE", bench.key, "0", "-1"}) == "reply");
  CHECK(std::stoll(bench.redis({"PTTL", bench.key})) > 50'000);
}

TEST_CASE("a finish sent twice pushes one reply") {
  Bench bench;
  const auto epoch = bench.take("n1");
  const auto id = bench.add();
  CHECK(bench.finish("n1", epoch, id, bench.key) == "OK 1");
  CHECK(bench.finish("n1", epoch, id, bench.key) == "OK 0");
  CHECK(bench.redis({"LLEN", bench.key}) == "1");
}

TEST_CASE("a finish of a wrong epoch or node does nothing") {
  Bench bench;
  const auto epoch = bench.take("n1");
  const auto id = bench.add();
  CHECK(bench.finish("n1", "1", id, bench.key) == "FENCED");
  CHECK(bench.finish("n2", epoch, id, bench.key) == "FENCED");
  CHECK(bench.redis({"XLEN", bench.q}) == "1");
  CHECK(bench.redis({"EXISTS", bench.key}) == "0");
}

TEST_CASE("a reply key of a wrong type does not stop the batch") {
  Bench bench;
  const auto epoch = bench.take("n1");
  const auto bad = bench.add();
  const auto good = bench.add();
  const auto wrong = bench.keys.reply(3, "app", "wrong");
  bench.redis({"SET", wrong, "a string"});
  CHECK(bench.call(Function::finish, {bench.own, bench.q, bench.att, bench.dead, wrong, bench.key},
                   {"n1", epoch, "9", bad, "1", "60000", "reply", "", "", "", good, "2", "60000",
                    "reply", "", "", ""}) == "OK 2 1");
  CHECK(bench.redis({"XLEN", bench.q}) == "0");
  CHECK(bench.redis({"LLEN", bench.key}) == "1");
}

TEST_CASE("what fails becomes a dead letter until they are full, then it stays") {
  Bench bench;
  const auto epoch = bench.take("n1");
  for (const auto* code : {"OK 1", "OK 1", "OK 3"}) {
    CHECK(bench.finish("n1", epoch, bench.add(), "", "NO_ACTOR") == code);
  }
  CHECK(bench.redis({"XLEN", bench.dead}) == "2");
  CHECK(bench.redis({"XLEN", bench.q}) == "1");
  const auto letters = bench.redis({"XRANGE", bench.dead, "-", "+", "COUNT", "1"});
  CHECK(letters.find("reason NO_ACTOR text text entry") != std::string::npos);
  CHECK(letters.find("e envelope") != std::string::npos);
}

TEST_CASE("malformed entries are kept cut short and push out the oldest of their kind") {
  Bench bench;
  const auto epoch = bench.take("n1");
  CHECK(bench.finish("n1", epoch, bench.add(), "", "NO_ACTOR") == "OK 1");
  const auto oldest = bench.add("old one");
  CHECK(bench.finish("n1", epoch, oldest, "", "BAD_ENVELOPE", "1") == "OK 1");
  CHECK(bench.finish("n1", epoch, bench.add(std::string(5000, 'x')), "", "BAD_ENVELOPE", "1") ==
        "OK 1");
  CHECK(bench.redis({"XLEN", bench.dead}) == "2");
  const auto letters = bench.redis({"XRANGE", bench.dead, "-", "+"});
  CHECK(letters.find("old one") == std::string::npos);
  CHECK(letters.find("NO_ACTOR") != std::string::npos);
  CHECK(letters.find(std::string(1024, 'x')) != std::string::npos);
  CHECK(letters.find(std::string(1025, 'x')) == std::string::npos);
}

TEST_CASE("a full Redis still finishes, releases and takes the daemon's own messages") {
  Bench bench;
  const auto epoch = bench.take("n1");
  const auto id = bench.add();
  bench.redis({"CONFIG", "SET", "maxmemory", "1"});
  CHECK(begins(bench.add(), "OOM"));
  CHECK(bench.finish("n1", epoch, id, bench.key) == "OK 1");
  CHECK(bench.redis({"LLEN", bench.key}) == "1");
  CHECK(bench.call(Function::push, {bench.q}, {"one", "two"}) == "2");
  CHECK(
      begins(bench.call(Function::renew, {bench.own, bench.q}, {"n1", epoch, "9", "run1"}), "OK"));
  CHECK(bench.release("n1", epoch) == "OK");
}

TEST_CASE("push says when there is no queue") {
  Bench bench;
  CHECK(bench.call(Function::push, {bench.q}, {"one"}) == "(nil)");
  CHECK(bench.redis({"EXISTS", bench.q}) == "0");
}

TEST_CASE("ensure_meta makes a namespace once") {
  Bench bench;
  CHECK(bench.call(Function::ensure_meta, {bench.keys.meta()}, {"1", "16"}) == "1 16");
  CHECK(bench.call(Function::ensure_meta, {bench.keys.meta()}, {"1", "32"}) == "1 16");
  CHECK(bench.redis({"HGET", bench.keys.meta(), "generation"}) == "1");
}

TEST_CASE("ensure_meta makes a namespace of which only the time of leaving is left") {
  Bench bench;
  bench.redis({"HSET", bench.keys.meta(), "last_seen", "1"});
  CHECK(bench.call(Function::ensure_meta, {bench.keys.meta()}, {"1", "16"}) == "1 16");
}

TEST_CASE("a whole batch of the largest size passes through Lua") {
  Bench bench;
  const auto epoch = bench.take("n1");
  std::vector<std::string> names{bench.own, bench.q, bench.att, bench.dead};
  std::vector<std::string> arguments{"n1", epoch, "10"};
  for (int i = 0; i < 128; ++i) {
    names.push_back(bench.keys.reply(3, "app", std::to_string(i)));
    arguments.insert(arguments.end(),
                     {bench.add(), std::to_string(i + 1), "60000", "reply", "", "", ""});
  }
  const auto answer = bench.call(Function::finish, names, arguments);
  CHECK(answer.size() == std::string("OK").size() + 128 * 2);
  CHECK(bench.redis({"XLEN", bench.q}) == "0");
}
