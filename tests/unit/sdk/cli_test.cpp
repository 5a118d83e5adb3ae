// SPDX-License-Identifier: MIT
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "sdk/cli/duration.hpp"
#include "sdk/cli/status_table.hpp"

namespace conclib::cli {
namespace {

nlohmann::json document() {
  return nlohmann::json::parse(R"({
    "namespace": "shop", "url": "unix:///x?ns=shop", "version": 1,
    "created_ms": 1, "last_seen_ms": 0, "now_ms": 1700000100000,
    "partitions": [
      {"partition": 0, "node": "aaaaaaaaaaaa", "epoch": 3, "queued": 2, "dead": 0,
       "lease_left_ms": 900},
      {"partition": 1, "node": "aaaaaaaaaaaa", "epoch": 4, "queued": 0, "dead": 0,
       "lease_left_ms": 900}],
    "nodes": [{"id": "aaaaaaaaaaaa", "age_ms": 400, "lease": 10000, "host": "web1", "pid": 12,
      "master": 11, "state": "live", "version": "0.1.0", "started": 1700000000000,
      "heartbeat": 1700000099600, "partitions": [0, 1], "types": ["cart/{id}", "echo"],
      "plugins": [{"name": "shopping", "version": "2.1.0", "counters": {}}],
      "stats": {"actors": 5, "in_flight": 1, "finished": 77}}]})");
}

bool shows(const nlohmann::json& status, const std::string& part) {
  const auto table = status_table(status);
  INFO(table);
  return table.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("durations have a unit and are more than nothing") {
  CHECK(parse_duration("500ms") == 500U);
  CHECK(parse_duration("2s") == 2000U);
  CHECK(parse_duration("1m") == 60'000U);
  CHECK(parse_duration("1h") == 3'600'000U);
  for (const auto* wrong : {"", "5", "s", "0s", "-1s", "1.5s", "2 s", "2sec", "9999999h"}) {
    CHECK(!parse_duration(wrong).has_value());
  }
}

TEST_CASE("ages are short") {
  CHECK(short_duration(0) == "0.0s");
  CHECK(short_duration(2345) == "2.3s");
  CHECK(short_duration(61'000) == "61s");
  CHECK(short_duration(600'000) == "10m");
  CHECK(short_duration(36'000'000) == "10h");
  CHECK(short_duration(864'000'000) == "10d");
}

TEST_CASE("a healthy namespace is OK, with its nodes, partitions, plugins and actor types") {
  CHECK(has_live_node(document()));
  CHECK(shows(document(), "namespace shop at unix:///x?ns=shop"));
  CHECK(shows(document(), "1 of 1 nodes alive, 2 partitions, 2 messages queued\nOK\n"));
  CHECK(shows(document(), "web1"));
  CHECK(shows(document(), "0-1"));
  CHECK(shows(document(), "shopping"));
  CHECK(shows(document(), "2.1.0"));
  CHECK(shows(document(), "cart/{id}"));
}

TEST_CASE("what is wrong stands at the top") {
  auto status = document();
  status["partitions"][1]["lease_left_ms"] = 0;
  status["partitions"][0]["dead"] = 3;
  CHECK(shows(status, "PROBLEM: partitions that no node serves: 1\n"));
  CHECK(shows(status, "PROBLEM: 3 dead letters\n"));
  CHECK(!shows(status, "OK\n"));
}

TEST_CASE("a namespace without a live node says since when") {
  auto status = document();
  status["nodes"][0]["age_ms"] = 30'001;
  status["nodes"][0]["heartbeat"] = 1'700'000'069'999;
  CHECK(!has_live_node(status));
  CHECK(shows(status, "PROBLEM: no node is alive; the last one was seen 30s ago (2023-11-14T22:"));
  CHECK(shows(status, "DEAD"));
  status["nodes"] = nlohmann::json::array();
  status["last_seen_ms"] = 1'700'000'000'000;
  CHECK(shows(status, "the last one was seen 100s ago (2023-11-14T22:13:20Z)"));
}

TEST_CASE("a record with nothing in it does not break the table") {
  auto status = document();
  status["nodes"].push_back({{"id", "bbbbbbbbbbbb"}, {"state", "unreadable"}});
  CHECK(shows(status, "bbbbbbbb"));
}

}  // namespace conclib::cli
