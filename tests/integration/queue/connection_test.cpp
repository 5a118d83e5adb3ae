// SPDX-License-Identifier: MIT
#include "daemon/redis/connection.hpp"

#include <doctest/doctest.h>

#include "tests/integration/queue/loop_rig.hpp"
#include "tests/integration/queue/redis_server.hpp"

using namespace conclib;
using namespace conclib::test;
using redis::Connection;
using redis::ConnectionOptions;
using redis::Reply;

namespace {

struct Listener final : redis::ConnectionListener {
  void connection_up() override { ++ups; }
  void connection_down(std::string_view why) override {
    ++downs;
    last = why;
  }
  void connection_failed(const proto::Error& error) override {
    ++failures;
    last = error.text;
    last_code = error.code;
  }
  int ups = 0;
  int downs = 0;
  int failures = 0;
  std::string last;
  proto::Status last_code = proto::Status::ok;
};

ConnectionOptions options(proto::RedisUrl url) {
  ConnectionOptions made;
  made.url = std::move(url);
  made.name = "conclib-test";
  return made;
}

}  // namespace

TEST_CASE("a connection answers commands in order") {
  RedisServer server;
  LoopRig rig;
  Listener listener;
  Connection connection(rig.loop(), options(server.url()), listener);
  CHECK_FALSE(connection.command({"PING"}, [](const Reply&) {}));
  connection.start();
  REQUIRE(rig.eventually([&] { return listener.ups == 1; }));
  std::string answers;
  for (const auto* text : {"a", "b", "c"}) {
    connection.command({"ECHO", text}, [&](const Reply& reply) { answers += reply.text(); });
  }
  REQUIRE(rig.eventually([&] { return answers == "abc"; }));
  CHECK(connection.client_id() > 0);
}

TEST_CASE("a refused TCP connection is heard of, again and again") {
  LoopRig rig;
  Listener listener;
  proto::RedisUrl url;
  url.host = "127.0.0.1";
  url.port = 1;
  auto patient = options(url);
  // So that it is the refusal that is heard of, not a time-out.
  patient.connect_timeout = std::chrono::minutes(5);
  Connection connection(rig.loop(), patient, listener);
  connection.start();
  REQUIRE(rig.eventually([&] { return listener.failures >= 3; }));
  CHECK(listener.last.find("127.0.0.1:1") != std::string::npos);
  CHECK(listener.last_code == proto::Status::redis_unreachable);
  CHECK(listener.ups == 0);
}

TEST_CASE("a missing unix socket is heard of") {
  LoopRig rig;
  Listener listener;
  proto::RedisUrl url;
  url.is_unix = true;
  url.path = "/tmp/conclib-no-such.sock";
  Connection connection(rig.loop(), options(url), listener);
  connection.start();
  REQUIRE(rig.eventually([&] { return listener.failures >= 2; }));
  CHECK(listener.last.find(url.path) != std::string::npos);
}

TEST_CASE("a connection comes back after its server was killed, and what was pending is lost") {
  RedisServer server;
  LoopRig rig;
  Listener listener;
  Connection connection(rig.loop(), options(server.url()), listener);
  connection.start();
  REQUIRE(rig.eventually([&] { return listener.ups == 1; }));
  bool lost = false;
  connection.command({"BLPOP", "nothing", "0"},
                     [&](const Reply& reply) { lost = reply.is_lost(); });
  rig.run_for(std::chrono::milliseconds(30));
  server.kill();
  REQUIRE(rig.eventually([&] { return listener.downs == 1; }));
  CHECK(lost);
  CHECK_FALSE(connection.is_ready());
  server.start();
  REQUIRE(rig.eventually([&] { return listener.ups == 2; }));
}

TEST_CASE("a server that stands still is noticed within three seconds or so") {
  RedisServer server;
  LoopRig rig;
  Listener listener;
  Connection connection(rig.loop(), options(server.url()), listener);
  connection.start();
  REQUIRE(rig.eventually([&] { return listener.ups == 1; }));
  server.pause();
  const auto since = std::chrono::steady_clock::now();
  CHECK(rig.eventually([&] { return listener.downs == 1; }));
  CHECK(std::chrono::steady_clock::now() - since < std::chrono::seconds(5));
  CHECK(listener.last.find("does not answer") != std::string::npos);
  server.resume();
  CHECK(rig.eventually([&] { return listener.ups == 2; }));
}

TEST_CASE("a wrong password is told apart from a server that is not there") {
  RedisServer server({"--requirepass", "right"});
  LoopRig rig;
  Listener listener;
  auto url = server.url();
  url.password = "wrong";
  Connection connection(rig.loop(), options(url), listener);
  connection.start();
  REQUIRE(rig.eventually([&] { return listener.failures >= 1; }));
  CHECK(listener.last_code == proto::Status::redis_refused);
  CHECK(listener.last.find("WRONGPASS") != std::string::npos);
  Listener good;
  url.password = "right";
  Connection signed_in(rig.loop(), options(url), good);
  signed_in.start();
  CHECK(rig.eventually([&] { return good.ups == 1; }));
}

TEST_CASE("a connection may be closed within a callback of its own") {
  RedisServer server;
  LoopRig rig;
  Listener listener;
  auto connection = std::make_unique<Connection>(rig.loop(), options(server.url()), listener);
  connection->start();
  REQUIRE(rig.eventually([&] { return listener.ups == 1; }));
  int lost = 0;
  connection->command({"PING"}, [&](const Reply&) { connection->close(); });
  connection->command({"PING"}, [&](const Reply& reply) { lost += reply.is_lost() ? 1 : 0; });
  REQUIRE(rig.eventually([&] { return lost == 1; }));
  CHECK(connection->state() == redis::ConnectionState::disconnected);
  CHECK(listener.downs == 0);
}
