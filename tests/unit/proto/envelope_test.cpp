// SPDX-License-Identifier: MIT
#include "proto/envelope.hpp"

#include <limits>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "proto/limits.hpp"

using namespace conclib::proto;
using namespace std::string_literals;

namespace {

Request full_request() {
  Request request;
  request.kind = Kind::ask;
  request.id = "0123456789abcdef";
  request.urn = "counter/visits";
  request.type = "Add";
  request.body =
      "\x81\xa2"
      "by\x01";
  request.reply_key = "conclib:{default:3}:r:app:a00";
  request.ttl_ms = 5000;
  request.expiry_ms = 1'700'000'000'000;
  request.source = "web";
  request.sequence = 7;
  request.root = "fedcba9876543210";
  request.chain = "\x92\xa1x\xa1y";
  request.generation = 2;
  request.trace_parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  request.trace_state = "vendor=1";
  return request;
}

Result<Request> decode(std::string_view bytes) {
  return decode_request(bytes, limits::envelope_bytes_max);
}

/// An envelope with one field more, or with another value for a field.
std::string envelope_with(const std::string& name, const nlohmann::json& value) {
  nlohmann::json fields = {{"v", 1},
                           {"k", 0},
                           {"id", "0123456789abcdef"},
                           {"u", "echo"},
                           {"t", "Echo"},
                           {"ttl", 1000},
                           {"r", "conclib:{default:3}:r:app:a00"}};
  fields[name] = value;
  const auto bytes = nlohmann::json::to_msgpack(fields);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

TEST_CASE("a request comes back as it was encoded") {
  const auto original = full_request();
  const auto bytes = encode_request(original);
  const auto decoded = decode(bytes);
  REQUIRE(decoded);
  CHECK(decoded->kind == original.kind);
  CHECK(decoded->id == original.id);
  CHECK(decoded->urn == original.urn);
  CHECK(decoded->type == original.type);
  CHECK(decoded->body == original.body);
  CHECK(decoded->reply_key == original.reply_key);
  CHECK(decoded->ttl_ms == original.ttl_ms);
  CHECK(decoded->expiry_ms == original.expiry_ms);
  CHECK(decoded->source == original.source);
  CHECK(decoded->sequence == original.sequence);
  CHECK(decoded->root == original.root);
  CHECK(decoded->chain == original.chain);
  CHECK(decoded->generation == original.generation);
  CHECK(decoded->trace_parent == original.trace_parent);
  CHECK(decoded->trace_state == original.trace_state);
}

TEST_CASE("a request without a body has an empty map") {
  auto request = full_request();
  request.body = {};
  const auto bytes = encode_request(request);
  CHECK(decode(bytes).value().body == "\x80");
}

TEST_CASE("every cut of an envelope is refused") {
  const auto bytes = encode_request(full_request());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    const auto decoded = decode(std::string_view(bytes).substr(0, size));
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == Status::bad_envelope);
  }
}

TEST_CASE("every single changed byte is survived") {
  const auto bytes = encode_request(full_request());
  std::size_t accepted = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      auto changed = bytes;
      changed[at] = static_cast<char>(value);
      accepted += decode(changed).has_value() ? 1 : 0;
      static_cast<void>(salvage_reply_address(changed));
    }
  }
  CHECK(accepted > bytes.size());
}

TEST_CASE("unknown fields are ignored") { CHECK(decode(envelope_with("later", "value"s))); }

TEST_CASE("an unknown version is refused by its number") {
  const auto decoded = decode(envelope_with("v", 2));
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().code == Status::bad_envelope);
  CHECK(decoded.error().text.find("version 2") != std::string::npos);
}

TEST_CASE("a field of a wrong type is refused by name") {
  const auto decoded = decode(envelope_with("u", 5));
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().code == Status::bad_envelope);
  CHECK(decoded.error().text.find("\"u\"") != std::string::npos);
}

TEST_CASE("values out of their range are refused") {
  CHECK_FALSE(decode(envelope_with("k", 3)));
  CHECK_FALSE(decode(envelope_with("id", ""s)));
  CHECK_FALSE(decode(envelope_with("id", std::string(65, 'x'))));
  CHECK_FALSE(decode(envelope_with("u", "not valid"s)));
  CHECK_FALSE(decode(envelope_with("t", std::string(256, 'x'))));
  CHECK_FALSE(decode(envelope_with("ttl", 0U)));
  CHECK_FALSE(decode(envelope_with("ttl", limits::ask_ttl_ms_max + 1)));
  CHECK_FALSE(decode(envelope_with("r", ""s)));
  CHECK_FALSE(decode(envelope_with("chain", "x"s)));
}

TEST_CASE("a repeated field and bytes behind the envelope are refused") {
  CHECK_FALSE(decode("\x82\xa1v\x01\xa1v\x01"));
  auto bytes = encode_request(full_request());
  bytes += '\x01';
  CHECK_FALSE(decode(bytes));
}

TEST_CASE("an envelope over the size limit is refused before it is read") {
  const auto bytes = encode_request(full_request());
  const auto decoded = decode_request(bytes, bytes.size() - 1);
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().text.find("limit") != std::string::npos);
}

TEST_CASE("a tell needs neither reply key nor time to live") {
  Request request;
  request.kind = Kind::tell;
  request.id = "i";
  request.urn = "echo";
  request.type = "Echo";
  const auto bytes = encode_request(request);
  CHECK(decode(bytes));
}

TEST_CASE("the asker's address is found in an envelope that is malformed elsewhere") {
  const auto bytes = envelope_with("u", 5);
  REQUIRE_FALSE(decode(bytes));
  const auto address = salvage_reply_address(bytes);
  CHECK(address.reply_key == "conclib:{default:3}:r:app:a00");
  CHECK(address.id == "0123456789abcdef");
}

TEST_CASE("a reply comes back as it was encoded") {
  const auto bytes =
      encode_reply({.id = "i", .status = Status::ok, .type = "Total", .body = "\x05"});
  const auto reply = decode_reply(bytes);
  REQUIRE(reply);
  CHECK(reply->id == "i");
  CHECK(reply->status == Status::ok);
  CHECK(reply->type == "Total");
  CHECK(reply->body == "\x05");
}

TEST_CASE("a failure carries its text") {
  const auto bytes = encode_reply({.id = "i", .status = Status::no_actor, .text = "no such actor"});
  const auto reply = decode_reply(bytes);
  REQUIRE(reply);
  CHECK(reply->status == Status::no_actor);
  CHECK(reply->text == "no such actor");
}

TEST_CASE("a reply that is no envelope is refused") {
  CHECK_FALSE(decode_reply("\x01"));
  CHECK_FALSE(decode_reply("\x80"));
}

TEST_CASE("the earlier of time to live and expiry counts") {
  Request request;
  CHECK(expiry_of(request, 100) == std::numeric_limits<std::uint64_t>::max());
  request.ttl_ms = 50;
  CHECK(expiry_of(request, 100) == 150);
  request.expiry_ms = 120;
  CHECK(expiry_of(request, 100) == 120);
  request.expiry_ms = 200;
  CHECK(expiry_of(request, 100) == 150);
  request.ttl_ms = std::numeric_limits<std::uint64_t>::max();
  CHECK(expiry_of(request, 100) == 200);
}
