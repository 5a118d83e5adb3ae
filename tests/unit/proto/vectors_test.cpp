// SPDX-License-Identifier: MIT
// Replays proto/vectors, which were made from PROTOCOL.md by another implementation.
#include <fstream>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "proto/envelope.hpp"
#include "proto/keys.hpp"
#include "proto/limits.hpp"
#include "proto/partition.hpp"
#include "proto/urn.hpp"

using namespace conclib::proto;
using nlohmann::json;

namespace {

json cases(const std::string& name) {
  std::ifstream file(std::string(CONCLIB_VECTORS_DIR) + "/" + name + ".json");
  REQUIRE(file.good());
  auto rows = json::parse(file);
  REQUIRE_FALSE(rows.empty());
  return rows;
}

std::string bytes_of(const json& hex) {
  const auto text = hex.get<std::string>();
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

std::string hex_of(std::string_view bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += digits[byte >> 4];
    hex += digits[byte & 15];
  }
  return hex;
}

/// The fields as the vectors write them: bytes, the body and the chain as hex.
json fields_of(const Request& request) {
  json fields = {{"v", 1},
                 {"k", static_cast<int>(request.kind)},
                 {"id", hex_of(request.id)},
                 {"u", request.urn},
                 {"t", request.type},
                 {"b", hex_of(request.body)},
                 {"r", request.reply_key},
                 {"ttl", request.ttl_ms},
                 {"exp", request.expiry_ms},
                 {"src", request.source},
                 {"seq", request.sequence},
                 {"root", hex_of(request.root)},
                 {"gen", request.generation},
                 {"tp", request.trace_parent},
                 {"ts", request.trace_state}};
  fields["chain"] = json::array();
  if (!request.chain.empty()) {
    fields["chain"] = json::from_msgpack(std::string(request.chain));
  }
  return fields;
}

std::string key_of(const json& row) {
  const Keys keys(row["namespace"].get<std::string>());
  const auto what = row["what"].get<std::string>();
  const auto partition = row["partition"].get<std::uint32_t>();
  const auto app = row["app"].get<std::string>();
  const auto id = row["id"].get<std::string>();
  if (what == "meta") return keys.meta();
  if (what == "nodes") return keys.nodes();
  if (what == "control") return keys.control(row["node"].get<std::string>());
  if (what == "queue") return keys.queue(partition);
  if (what == "owner") return keys.owner(partition);
  if (what == "attempts") return keys.attempts(partition);
  if (what == "dead") return keys.dead(partition);
  if (what == "reply") return keys.reply(partition, app, id);
  if (what == "inbox") return keys.inbox(partition, app, id);
  return "no such key: " + what;
}

}  // namespace

TEST_CASE("vectors: crc32 and partitions") {
  for (const auto& row : cases("crc32")) {
    CAPTURE(row.dump());
    CHECK(crc32(bytes_of(row["hex"])) == row["crc32"].get<std::uint32_t>());
  }
  for (const auto& row : cases("partitions")) {
    CAPTURE(row.dump());
    CHECK(partition_of(row["urn"].get<std::string>(), row["partitions"].get<std::uint32_t>()) ==
          row["partition"].get<std::uint32_t>());
  }
}

TEST_CASE("vectors: names") {
  for (const auto& row : cases("names")) {
    CAPTURE(row.dump());
    CHECK(is_name(row["text"].get<std::string>()) == row["valid"].get<bool>());
  }
}

TEST_CASE("vectors: URNs") {
  for (const auto& row : cases("urns")) {
    CAPTURE(row.dump());
    const auto text = bytes_of(row["hex"]);
    const auto urn = parse_urn(text);
    REQUIRE(urn.has_value() == row["valid"].get<bool>());
    if (!urn) continue;
    CHECK(urn->type == row["type"].get<std::string>());
    CHECK(urn->key == row["key"].get<std::string>());
    CHECK(urn->child == row["child"].get<std::string>());
  }
}

TEST_CASE("vectors: keys") {
  for (const auto& row : cases("keys")) {
    CAPTURE(row.dump());
    CHECK(key_of(row) == row["key"].get<std::string>());
  }
  for (const auto& row : cases("reply_keys")) {
    CAPTURE(row.dump());
    const Keys keys(row["namespace"].get<std::string>());
    const auto key = bytes_of(row["hex"]);
    const auto prefix = keys.reply_prefix(row["partition"].get<std::uint32_t>());
    REQUIRE(is_reply_key(key, prefix) == row["valid"].get<bool>());
    if (!row["valid"].get<bool>()) continue;
    const auto inbox = reply_key_kind(key) == ReplyKeyKind::inbox;
    CHECK(inbox == (row["kind"].get<std::string>() == "inbox"));
  }
}

TEST_CASE("vectors: requests") {
  for (const auto& row : cases("requests")) {
    CAPTURE(row["name"].get<std::string>());
    const auto bytes = bytes_of(row["hex"]);
    const auto request = decode_request(bytes, limits::envelope_bytes_max);
    const auto status = request ? Status::ok : request.error().code;
    REQUIRE(static_cast<int>(status) == row["status"].get<int>());
    if (!request) continue;
    const auto found = fields_of(*request);
    for (const auto& [name, value] : row["fields"].items()) {
      CAPTURE(name);
      CHECK(found[name] == value);
    }
  }
}

TEST_CASE("vectors: replies") {
  for (const auto& row : cases("replies")) {
    CAPTURE(row["name"].get<std::string>());
    const auto bytes = bytes_of(row["hex"]);
    const auto reply = decode_reply(bytes);
    REQUIRE(reply.has_value() == row["valid"].get<bool>());
    if (!reply) continue;
    const json found = {
        {"v", 1},           {"id", hex_of(reply->id)},  {"s", static_cast<int>(reply->status)},
        {"t", reply->type}, {"b", hex_of(reply->body)}, {"m", reply->text}};
    for (const auto& [name, value] : row["fields"].items()) {
      CAPTURE(name);
      CHECK(found[name] == value);
    }
  }
}

TEST_CASE("vectors: expiries") {
  for (const auto& row : cases("expiries")) {
    CAPTURE(row.dump());
    Request request;
    request.ttl_ms = row["ttl"].get<std::uint64_t>();
    request.expiry_ms = row["exp"].get<std::uint64_t>();
    const auto ends = row["ends_ms"];
    const auto never = std::numeric_limits<std::uint64_t>::max();
    CHECK(expiry_of(request, row["entry_ms"].get<std::uint64_t>()) ==
          (ends.is_null() ? never : ends.get<std::uint64_t>()));
  }
}
