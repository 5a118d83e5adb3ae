// SPDX-License-Identifier: MIT
#include <chrono>
#include <string>

#include <doctest/doctest.h>

#include "conclib/client.hpp"
#include "proto/keys.hpp"
#include "proto/partition.hpp"
#include "tests/integration/sdk/outcome.hpp"
#include "tests/integration/sdk/responder.hpp"

namespace conclib::sdk_test {
namespace {

using namespace std::chrono_literals;

std::string queue_of_a() {
  return proto::Keys("test").queue(proto::partition_of("counter/a", partitions));
}

Outcome open(const std::string& url) {
  return outcome_of([&] { const Client client(url); });
}

}  // namespace

TEST_CASE("a namespace that no daemon has ever served is NO_DAEMON, at once") {
  RedisServer server;
  Client client(server.url());
  const auto outcome = ask(client);
  CHECK(outcome.status == CONCLIB_NO_DAEMON);
  CHECK(outcome.says("namespace \"test\""));
  CHECK(outcome.took < patience / 4);
  CHECK(outcome_of([&] { client.tell("counter/a", Number{}); }).status == CONCLIB_NO_DAEMON);
}

TEST_CASE("a namespace that has gone since the last ask is NO_DAEMON") {
  RedisServer server;
  make_namespace(server);
  Responder responder(server, echo);
  Client client(server.url());
  REQUIRE(ask(client).status == CONCLIB_OK);
  TestConnection(server.socket_path()).run({"FLUSHALL"});
  CHECK(ask(client).status == CONCLIB_NO_DAEMON);
}

TEST_CASE("a queue that is missing in a namespace that exists is told as such") {
  RedisServer server;
  make_namespace(server);
  TestConnection(server.socket_path()).run({"DEL", queue_of_a()});
  Client client(server.url());
  const auto outcome = ask(client);
  CHECK(outcome.status == CONCLIB_REDIS_REFUSED);
  CHECK(outcome.says(queue_of_a()));
}

TEST_CASE("a namespace of another version of the protocol is PROTOCOL_MISMATCH") {
  RedisServer server;
  make_namespace(server);
  TestConnection(server.socket_path()).run({"HSET", proto::Keys("test").meta(), "version", "2"});
  Client client(server.url());
  CHECK(ask(client).status == CONCLIB_PROTOCOL_MISMATCH);
}

TEST_CASE("a Redis at its maxmemory is REDIS_FULL, and serves again when it has room") {
  RedisServer server;
  make_namespace(server);
  Responder responder(server, echo);
  Client client(server.url());
  TestConnection redis(server.socket_path());
  redis.run({"CONFIG", "SET", "maxmemory", "1"});
  CHECK(ask(client).status == CONCLIB_REDIS_FULL);
  CHECK(outcome_of([&] { client.tell("counter/a", Number{}); }).status == CONCLIB_REDIS_FULL);
  redis.run({"CONFIG", "SET", "maxmemory", "0"});
  CHECK(ask(client).status == CONCLIB_OK);
}

TEST_CASE("a queue key of a wrong type is REDIS_REFUSED with Redis's own words") {
  RedisServer server;
  make_namespace(server);
  TestConnection redis(server.socket_path());
  redis.run({"DEL", queue_of_a()});
  redis.run({"SET", queue_of_a(), "x"});
  Client client(server.url());
  const auto outcome = ask(client);
  CHECK(outcome.status == CONCLIB_REDIS_REFUSED);
  CHECK(outcome.says("WRONGTYPE"));
}

TEST_CASE(
    "a user without the right to push is REDIS_REFUSED, one with all rights of a web user not") {
  RedisServer server;
  make_namespace(server);
  Responder responder(server, echo);
  TestConnection redis(server.socket_path());
  redis.run({"ACL", "SETUSER", "reader", "on", ">secret", "-@all", "+time", "+hgetall",
             "~conclib:test:*"});
  redis.run({"ACL", "SETUSER", "web", "on", ">secret", "-@all", "+time", "+client|setname",
             "(+xadd %W~conclib:{test:*}:q)", "(+blpop ~conclib:{test:*}:r:app:*)",
             "(+hgetall %R~conclib:test:meta %R~conclib:test:nodes)"});
  Client reader(server.url("reader:secret@"));
  const auto refused = ask(reader);
  CHECK(refused.status == CONCLIB_REDIS_REFUSED);
  CHECK(refused.says("NOPERM"));
  Client web(server.url("web:secret@"));
  CHECK(ask(web).status == CONCLIB_OK);
}

TEST_CASE("a user who may push but not wait learns that it is not known whether it ran") {
  RedisServer server;
  make_namespace(server);
  TestConnection(server.socket_path())
      .run(
          {"ACL", "SETUSER", "half", "on", ">secret", "-@all", "+time", "+hgetall", "+xadd", "~*"});
  Client client(server.url("half:secret@"));
  const auto outcome = ask(client);
  CHECK(outcome.status == CONCLIB_UNKNOWN);
  CHECK(outcome.says("NOPERM"));
}

TEST_CASE("a wrong password is REDIS_REFUSED and not shown") {
  RedisServer server;
  const auto outcome = open(server.url("default:wrong-word@"));
  CHECK(outcome.status == CONCLIB_OK);
  TestConnection(server.socket_path()).run({"CONFIG", "SET", "requirepass", "secret"});
  const auto refused = open(server.url(":wrong-word@"));
  CHECK(refused.status == CONCLIB_REDIS_REFUSED);
  CHECK(refused.says("WRONGPASS"));
  CHECK(!refused.says("wrong-word"));
  CHECK(open(server.url()).says("NOAUTH"));
  CHECK(open(server.url(":secret@")).status == CONCLIB_OK);
  CHECK(open(server.url("default:secret@")).status == CONCLIB_OK);
}

TEST_CASE("a database is selected, and one that is not there is REDIS_REFUSED") {
  RedisServer server;
  make_namespace(server);
  Client other(server.url() + "&db=3");
  CHECK(ask(other).status == CONCLIB_NO_DAEMON);
  CHECK(open(server.url() + "&db=99").status == CONCLIB_REDIS_REFUSED);
}

TEST_CASE("a URL that is wrong is BAD_ARGUMENT, a Redis that is not there REDIS_UNREACHABLE") {
  CHECK(open("http://example").status == CONCLIB_BAD_ARGUMENT);
  CHECK(open("redis://h:99999").status == CONCLIB_BAD_ARGUMENT);
  const auto missing = open("unix:///nowhere/redis.sock");
  CHECK(missing.status == CONCLIB_REDIS_UNREACHABLE);
  CHECK(missing.says("/nowhere/redis.sock"));
  CHECK(open("redis://127.0.0.1:1").status == CONCLIB_REDIS_UNREACHABLE);
}

TEST_CASE("arguments that no daemon would read are BAD_ARGUMENT") {
  RedisServer server;
  make_namespace(server);
  Client client(server.url());
  const auto ask_urn = [&](const std::string& urn) {
    return outcome_of([&] { (void)client.ask<Number>(urn, Number{}, patience); }).status;
  };
  CHECK(ask_urn("") == CONCLIB_BAD_ARGUMENT);
  CHECK(ask_urn("two words") == CONCLIB_BAD_ARGUMENT);
  CHECK(ask_urn(std::string(256, 'u')) == CONCLIB_BAD_ARGUMENT);
  CHECK(ask(client, 25h).status == CONCLIB_BAD_ARGUMENT);
  CHECK(outcome_of([&] { const Client other(server.url(), "a b"); }).status ==
        CONCLIB_BAD_ARGUMENT);
}

}  // namespace conclib::sdk_test
