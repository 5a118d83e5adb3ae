// SPDX-License-Identifier: MIT
#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "conclib/client.hpp"
#include "proto/keys.hpp"
#include "proto/limits.hpp"
#include "proto/partition.hpp"
#include "tests/integration/sdk/outcome.hpp"
#include "tests/integration/sdk/responder.hpp"

namespace conclib::sdk_test {
namespace {

using namespace std::chrono_literals;

/// What an answer at the deadline may be late in a test: 250 ms, and as much again for the load.
constexpr auto busy_machine = 500ms;

struct Other {
  CONCLIB_MESSAGE(Other)
};

}  // namespace

TEST_CASE("an ask brings the reply to exactly its message") {
  RedisServer server;
  make_namespace(server);
  Responder responder(server, echo);
  Client client(server.url());
  CHECK(client.ask<Number>("counter/a", Number{1, "x"}, patience).value == 1);
  CHECK(client.ask<Number>("counter/b", Number{2, "y"}, patience).text == "y");
}

TEST_CASE("the request carries what the protocol says") {
  RedisServer server;
  make_namespace(server);
  std::string reply_key;
  proto::Request seen;
  std::uint64_t now_ms = 0;
  TestConnection redis(server.socket_path());
  now_ms = std::stoull(redis.run({"TIME"})->element[0]->str) * 1000;
  std::string source;
  Responder responder(server, [&](const proto::Request& request) {
    reply_key = request.reply_key;
    source = request.source;
    seen = request;
    return echo(request);
  });
  Client client(server.url(), "shop");
  (void)client.ask<Number>("counter/a", Number{}, patience);
  CHECK(seen.kind == proto::Kind::ask);
  CHECK(source == "shop");
  CHECK(seen.generation == 7);
  CHECK(seen.ttl_ms <= 20'000);
  CHECK(seen.ttl_ms > 10'000);
  CHECK(seen.expiry_ms >= now_ms + 10'000);
  CHECK(seen.expiry_ms <= now_ms + 60'000);
  const auto partition = proto::partition_of("counter/a", partitions);
  CHECK(proto::is_reply_key(reply_key, proto::Keys("test").reply_prefix(partition)));
}

TEST_CASE("a failure that the actor's side reports reaches the caller with its text") {
  RedisServer server;
  make_namespace(server);
  Responder responder(server, [](const proto::Request& request) {
    return failure(request, proto::Status::actor_failed, "counter/a: division by zero");
  });
  Client client(server.url());
  const auto outcome = ask(client);
  CHECK(outcome.status == CONCLIB_ACTOR_FAILED);
  CHECK(outcome.text == "counter/a: division by zero");
}

TEST_CASE("a status that this version does not know arrives as its number") {
  RedisServer server;
  make_namespace(server);
  Responder responder(server, [](const proto::Request& request) {
    return failure(request, static_cast<proto::Status>(299), "new");
  });
  Client client(server.url());
  CHECK(static_cast<int>(ask(client).status) == 299);
  CHECK(std::string(conclib_status_name(299)) == "RAN_AND_FAILED");
}

TEST_CASE("a reply of another type than expected is WRONG_TYPE and names both") {
  RedisServer server;
  make_namespace(server);
  Responder responder(server, echo);
  Client client(server.url());
  const auto outcome =
      outcome_of([&] { (void)client.ask<Other>("counter/a", Number{}, patience); });
  CHECK(outcome.status == CONCLIB_WRONG_TYPE);
  CHECK(outcome.says("Number"));
  CHECK(outcome.says("Other"));
}

TEST_CASE("a reply that cannot be decoded is BAD_REPLY") {
  RedisServer server;
  make_namespace(server);
  Responder responder(server, [](const proto::Request&) { return std::string("\xc1nonsense"); });
  Client client(server.url());
  CHECK(ask(client).status == CONCLIB_BAD_REPLY);
}

TEST_CASE("a reply whose body does not fit the expected struct is BAD_REPLY") {
  RedisServer server;
  make_namespace(server);
  Responder responder(server, [](const proto::Request& request) {
    auto changed = request;
    changed.body = "\x81\xa5value\xa1x";
    return echo(changed);
  });
  Client client(server.url());
  CHECK(ask(client).status == CONCLIB_BAD_REPLY);
}

TEST_CASE("a reply with an id of somebody else is dropped and the right one awaited") {
  RedisServer server;
  make_namespace(server);
  Responder responder(server, [&](const proto::Request& request) {
    auto forged = request;
    forged.id = "0123456789abcdef";
    forged.body = "\x81\xa5value\x63";
    TestConnection(server.socket_path())
        .run({"RPUSH", std::string(request.reply_key), echo(forged)});
    return echo(request);
  });
  Client client(server.url());
  CHECK(client.ask<Number>("counter/a", Number{5, ""}, patience).value == 5);
}

TEST_CASE("a reply that comes after the deadline is never taken for that of a later ask") {
  RedisServer server;
  make_namespace(server);
  write_node(server, 0);
  std::atomic<bool> is_first{true};
  std::string late_key;
  std::string late_reply;
  Responder responder(server, [&](const proto::Request& request) {
    if (!is_first.exchange(false)) {
      TestConnection(server.socket_path()).run({"RPUSH", late_key, late_reply});
      return echo(request);
    }
    late_key = request.reply_key;
    late_reply = echo(request);
    return std::string();
  });
  Client client(server.url());
  CHECK(ask(client, 100ms).status == CONCLIB_TIMEOUT);
  CHECK(client.ask<Number>("counter/a", Number{2, ""}, patience).value == 2);
  CHECK(client.ask<Number>("counter/a", Number{3, ""}, patience).value == 3);
}

TEST_CASE("an ask without a reply ends at its deadline, with TIMEOUT while a node is alive") {
  RedisServer server;
  make_namespace(server);
  write_node(server, 0);
  Client client(server.url());
  const auto outcome = ask(client, 300ms);
  CHECK(outcome.status == CONCLIB_TIMEOUT);
  CHECK(outcome.took >= 300ms);
  CHECK(outcome.took <= 300ms + busy_machine);
  CHECK(outcome.says("Number to counter/a within 300 ms"));
}

TEST_CASE("an ask without a reply says so when no node is alive, and since when") {
  RedisServer server;
  make_namespace(server);
  write_node(server, 42'000);
  Client client(server.url());
  const auto outcome = ask(client, 100ms);
  CHECK(outcome.status == CONCLIB_NO_NODE);
  CHECK(outcome.says("no node of namespace \"test\" is alive"));
  CHECK(outcome.says("was seen 4"));
  CHECK(outcome.says(" s ago (2"));
}

TEST_CASE("a Redis that stands still does not keep an ask beyond its deadline") {
  RedisServer server;
  make_namespace(server);
  Responder responder(server, echo);
  Client client(server.url());
  CHECK(client.ask<Number>("counter/a", Number{1, ""}, patience).value == 1);
  server.freeze();
  const auto outcome = ask(client, 300ms);
  server.thaw();
  CHECK(outcome.status == CONCLIB_TIMEOUT);
  CHECK(outcome.took >= 300ms);
  CHECK(outcome.took <= 300ms + busy_machine);
  CHECK(client.ask<Number>("counter/a", Number{3, ""}, patience).value == 3);
}

TEST_CASE("a time-out of zero or less throws TIMEOUT at once") {
  RedisServer server;
  Client client(server.url());
  CHECK(ask(client, 0ms).status == CONCLIB_TIMEOUT);
  CHECK(ask(client, -1s).status == CONCLIB_TIMEOUT);
}

TEST_CASE("a connection that is killed after the push still brings the reply, of one push") {
  RedisServer server;
  make_namespace(server);
  std::atomic<bool> is_killed{false};
  Responder responder(server, [&](const proto::Request&) {
    TestConnection(server.socket_path()).run({"CLIENT", "KILL", "TYPE", "normal"});
    is_killed = true;
    return std::string();
  });
  // The responder's own connections are killed with the rest, so the reply comes by hand.
  std::thread node([&] {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!is_killed && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    TestConnection redis(server.socket_path());
    const auto queue = proto::Keys("test").queue(proto::partition_of("counter/a", partitions));
    const auto entries = redis.run({"XRANGE", queue, "-", "+"});
    CHECK(entries->elements == 1);
    const auto& value = *entries->element[0]->element[1]->element[1];
    const auto request =
        proto::decode_request({value.str, value.len}, proto::limits::envelope_bytes_max);
    redis.run({"RPUSH", std::string(request->reply_key), echo(*request)});
  });
  Client client(server.url());
  CHECK(client.ask<Number>("counter/a", Number{9, ""}, patience).value == 9);
  node.join();
}

TEST_CASE("a Redis that was restarted meanwhile costs the next ask nothing but a new connection") {
  RedisServer server;
  make_namespace(server);
  Client client(server.url());
  {
    Responder responder(server, echo);
    CHECK(client.ask<Number>("counter/a", Number{1, ""}, patience).value == 1);
  }
  server.stop();
  server.start();
  make_namespace(server);
  Responder responder(server, echo);
  CHECK(client.ask<Number>("counter/a", Number{2, ""}, patience).value == 2);
}

TEST_CASE("an ask waits for a Redis that comes back before the client gives up") {
  RedisServer server;
  make_namespace(server);
  server.save();
  Client client(server.url());
  server.stop();
  auto outcome = std::async(std::launch::async, [&] { return ask(client); });
  server.start();
  Responder responder(server, echo);
  CHECK(outcome.get().status == CONCLIB_OK);
}

TEST_CASE("an ask to a Redis that is gone is REDIS_UNREACHABLE") {
  RedisServer server;
  Client client(server.url());
  server.stop();
  const auto outcome = ask(client, 200ms);
  CHECK(outcome.status == CONCLIB_REDIS_UNREACHABLE);
  CHECK(outcome.took >= 150ms);
}

TEST_CASE("when the number of partitions has changed, meta is read anew and the ask repeated") {
  RedisServer server;
  make_namespace(server, "3");
  Client client(server.url());
  std::atomic<int> refusals{0};
  Responder responder(server, [&](const proto::Request& request) {
    const auto right = proto::Keys("test").reply_prefix(proto::partition_of(request.urn, 4));
    if (proto::is_reply_key(request.reply_key, right)) return echo(request);
    ++refusals;
    return failure(request, proto::Status::wrong_partition, "wrong partition");
  });
  // Its partition is 1 of 3, or 0 of 4.
  const std::string urn = "counter/f";
  REQUIRE(proto::partition_of(urn, 3) != proto::partition_of(urn, 4));
  const auto refused = outcome_of([&] { (void)client.ask<Number>(urn, Number{}, patience); });
  CHECK(refused.status == CONCLIB_WRONG_PARTITION);
  make_namespace(server, "4");
  CHECK(client.ask<Number>(urn, Number{2, ""}, patience).value == 2);
  CHECK(refusals == 2);
}

TEST_CASE("bodies of any size up to the limit go there and back") {
  RedisServer server;
  make_namespace(server);
  Responder responder(server, echo);
  Client client(server.url());
  for (const std::size_t size : {0U, 1U, 100U, 20'000U, 70'000U, 1'040'000U}) {
    const auto reply =
        client.ask<Number>("counter/a", Number{size, std::string(size, 'x')}, patience);
    CHECK(reply.text.size() == size);
  }
}

TEST_CASE("a body over the limit is refused before anything is sent") {
  RedisServer server;
  make_namespace(server);
  Client client(server.url());
  for (const std::size_t size : {1'048'500U, 1'048'577U, 3'000'000U}) {
    const auto outcome = outcome_of([&] {
      (void)client.ask<Number>("counter/a", Number{1, std::string(size, 'x')}, patience);
    });
    CHECK(outcome.status == CONCLIB_BAD_ARGUMENT);
  }
  TestConnection redis(server.socket_path());
  CHECK(redis.run({"XLEN", proto::Keys("test").queue(proto::partition_of("counter/a", 4))})
            ->integer == 0);
}

TEST_CASE("eight threads at once each get the replies to their own messages") {
  RedisServer server;
  make_namespace(server);
  Responder responder(server, echo);
  Client client(server.url());
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 0; i < 200; ++i) {
        const Number sent{t * 1000 + i, std::to_string(i)};
        const auto urn = "counter/" + std::to_string(i % 7);
        try {
          const auto got = client.ask<Number>(urn, sent, patience);
          if (got.value != sent.value || got.text != sent.text) ++wrong;
        } catch (const Error&) {
          ++wrong;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  TestConnection redis(server.socket_path());
  const std::string clients = redis.run({"CLIENT", "LIST"})->str;
  std::size_t connections = 0;
  for (auto at = clients.find("name=conclib-app"); at != std::string::npos;
       at = clients.find("name=conclib-app", at + 1)) {
    ++connections;
  }
  CHECK(connections >= 1);
  CHECK(connections <= 9);
}

}  // namespace conclib::sdk_test
