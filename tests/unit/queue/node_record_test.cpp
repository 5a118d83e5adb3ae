// SPDX-License-Identifier: MIT
#include "proto/node_record.hpp"

#include <doctest/doctest.h>

using namespace conclib::proto;

TEST_CASE("a node record is read as it was written") {
  NodeRecord record;
  record.host = "h";
  record.version = "1.2.3";
  record.pid = 42;
  record.master = 41;
  record.state = NodeState::draining;
  record.started = 1'700'000'000'000;
  record.heartbeat = 1'700'000'001'000;
  record.lease_ms = 10'000;
  record.partitions = {1, 7};
  record.types = {"cart/{id}", "echo"};
  record.plugins = {{"cart", "0.1", {{"sold", 3}}}, {"echo", "0.2", {}}};
  record.stats = {{"received", 9}};
  const auto read = decode_node_record(encode_node_record(record));
  REQUIRE(read);
  CHECK(read->host == "h");
  CHECK(read->version == "1.2.3");
  CHECK(read->pid == 42);
  CHECK(read->master == 41);
  CHECK(read->state == NodeState::draining);
  CHECK(read->started == record.started);
  CHECK(read->heartbeat == record.heartbeat);
  CHECK(read->lease_ms == 10'000);
  CHECK(read->partitions == record.partitions);
  CHECK(read->types == record.types);
  REQUIRE(read->plugins.size() == 2);
  CHECK(read->plugins[0].counters.at("sold") == 3);
  CHECK(read->stats == record.stats);
}

TEST_CASE("unknown fields are ignored, and an unknown state takes no partitions") {
  const auto read = decode_node_record(
      "\x82\xa5"
      "fresh\x90\xa5"
      "state\xa3"
      "odd");
  REQUIRE(read);
  CHECK(read->state == NodeState::draining);
}

TEST_CASE("a record that is none is refused with its field") {
  const auto bad = decode_node_record("\x81\xa3pid\xa1x");
  REQUIRE_FALSE(bad);
  CHECK(bad.error().text.find("pid") != std::string::npos);
  CHECK_FALSE(decode_node_record(""));
  CHECK_FALSE(decode_node_record("garbage"));
  const auto whole = encode_node_record({});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(decode_node_record(whole.substr(0, size)));
  }
}

TEST_CASE("a node is dead three leases after its heartbeat") {
  NodeRecord record;
  record.heartbeat = 1000;
  record.lease_ms = 100;
  CHECK(is_alive(record, 1299));
  CHECK_FALSE(is_alive(record, 1300));
}
