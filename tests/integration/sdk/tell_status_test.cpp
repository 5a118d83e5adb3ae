// SPDX-License-Identifier: MIT
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "conclib/client.hpp"
#include "proto/keys.hpp"
#include "proto/limits.hpp"
#include "proto/partition.hpp"
#include "tests/integration/sdk/outcome.hpp"
#include "tests/integration/sdk/responder.hpp"

namespace conclib::sdk_test {
namespace {

using nlohmann::json;

json status_of(const std::string& url) {
  conclib_client_options options = CONCLIB_CLIENT_OPTIONS_INIT;
  options.url = {url.data(), url.size()};
  conclib_client* client = nullptr;
  REQUIRE(conclib_client_open(&options, &client, nullptr) == CONCLIB_OK);
  conclib_reply* const reply = conclib_client_status(client);
  REQUIRE(reply->status == CONCLIB_OK);
  const auto* const begin = static_cast<const char*>(reply->body.data);
  auto document = json::from_msgpack(begin, begin + reply->body.size);
  conclib_reply_free(reply);
  conclib_client_close(client);
  return document;
}

}  // namespace

TEST_CASE("a tell lies in the queue under the id that its receipt gives") {
  RedisServer server;
  make_namespace(server);
  Client client(server.url());
  const auto receipt = client.tell("counter/a", Number{4, "four"}, std::chrono::minutes(2));
  const auto partition = proto::partition_of("counter/a", partitions);
  TestConnection redis(server.socket_path());
  const auto entries =
      redis.run({"XRANGE", proto::Keys("test").queue(partition), receipt, receipt});
  REQUIRE(entries->elements == 1);
  const auto& value = *entries->element[0]->element[1]->element[1];
  const auto request =
      proto::decode_request({value.str, value.len}, proto::limits::envelope_bytes_max);
  REQUIRE(request.has_value());
  CHECK(request->kind == proto::Kind::tell);
  CHECK(request->urn == "counter/a");
  CHECK(request->type == "Number");
  CHECK(request->reply_key.empty());
  CHECK(request->ttl_ms <= 120'000);
  CHECK(request->ttl_ms > 100'000);
  CHECK(decode<Number>(request->body).text == "four");
}

TEST_CASE("the status shows meta, nodes and partitions") {
  RedisServer server;
  make_namespace(server);
  write_node(server, 3000);
  TestConnection redis(server.socket_path());
  const auto now = std::stoull(redis.run({"TIME"})->element[0]->str) * 1000;
  redis.run({"HSET", proto::Keys("test").owner(2), "epoch", "12", "node", std::string(32, 'a'),
             "expiry", std::to_string(now + 60'000)});
  redis.run({"XADD", proto::Keys("test").dead(1), "*", "reason", "EXPIRED"});
  Client client(server.url());
  client.tell("counter/a", Number{});

  const auto status = status_of(server.url());
  CHECK(status["namespace"] == "test");
  CHECK(status["url"] == server.url());
  CHECK(status["version"] == 1);
  CHECK(status["created_ms"] == 1'700'000'000'000);
  REQUIRE(status["partitions"].size() == partitions);
  const auto& owned = status["partitions"][2];
  CHECK(owned["partition"] == 2);
  CHECK(owned["epoch"] == 12);
  CHECK(owned["node"] == std::string(32, 'a'));
  CHECK(owned["lease_left_ms"] > 30'000);
  CHECK(status["partitions"][1]["dead"] == 1);
  CHECK(status["partitions"][proto::partition_of("counter/a", partitions)]["queued"] == 1);
  REQUIRE(status["nodes"].size() == 1);
  const auto& node = status["nodes"][0];
  CHECK(node["id"] == std::string(32, 'a'));
  CHECK(node["age_ms"] >= 3000);
  CHECK(node["age_ms"] < 60'000);
  CHECK(node["host"] == "testhost");
  CHECK(node["plugins"][0]["version"] == "1.2.3");
}

TEST_CASE("a node's record that cannot be read is shown as such and hides no other") {
  RedisServer server;
  make_namespace(server);
  write_node(server, 0);
  TestConnection(server.socket_path()).run({"HSET", proto::Keys("test").nodes(), "bad", "\xc1"});
  const auto status = status_of(server.url());
  REQUIRE(status["nodes"].size() == 2);
  CHECK(status.dump().find("\"id\":\"bad\",\"state\":\"unreadable\"") != std::string::npos);
  CHECK(status.dump().find("testhost") != std::string::npos);
}

}  // namespace conclib::sdk_test
