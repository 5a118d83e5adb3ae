// SPDX-License-Identifier: MIT
#include "proto/envelope.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>

#include <msgpack.hpp>

#include "proto/limits.hpp"
#include "proto/scan.hpp"
#include "proto/urn.hpp"

namespace conclib::proto {
namespace {

/// What msgpack::packer writes into.
struct StringSink {
  std::string bytes;
  void write(const char* data, std::size_t size) { bytes.append(data, size); }
};
using Packer = msgpack::packer<StringSink>;

constexpr std::string_view empty_map = "\x80";

void pack_text(Packer& packer, std::string_view text) {
  packer.pack_str(static_cast<std::uint32_t>(text.size()));
  packer.pack_str_body(text.data(), static_cast<std::uint32_t>(text.size()));
}

void pack_bytes(Packer& packer, std::string_view bytes) {
  packer.pack_bin(static_cast<std::uint32_t>(bytes.size()));
  packer.pack_bin_body(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
}

/// Reads the fields of an envelope's map one by one and refuses repeated ones.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : scanner_(bytes) {}

  /// Calls `read(name, scanner)` for each field; it reads exactly one value or fails.
  template <typename Read>
  Result<void> each(Read read) {
    const auto count = scanner_.map();
    if (!count) return tl::unexpected(count.error());
    if (*count > limits::envelope_fields_max) {
      return fail(Status::bad_argument, "it has more than 64 fields");
    }
    for (std::uint32_t i = 0; i < *count; ++i) {
      const auto name = scanner_.text();
      if (!name) return tl::unexpected(name.error());
      const auto end = std::next(names_.begin(), i);
      if (std::find(names_.begin(), end, *name) != end) {
        return fail(Status::bad_argument, "a field occurs twice");
      }
      names_[i] = *name;
      if (auto result = read(*name, scanner_); !result) return result;
    }
    if (!scanner_.at_end()) return fail(Status::bad_argument, "bytes follow the envelope");
    return {};
  }

 private:
  Scanner scanner_;
  std::array<std::string_view, limits::envelope_fields_max> names_;
};

template <typename T>
Result<void> store(Result<T> value, T& target) {
  if (!value) return tl::unexpected(value.error());
  target = *value;
  return {};
}

Result<void> store_bounded(Result<std::string_view> value, std::string_view& target,
                           std::size_t bytes_max) {
  if (!value) return tl::unexpected(value.error());
  if (value->size() > bytes_max) return fail(Status::bad_argument, "it is too long");
  target = *value;
  return {};
}

Result<void> skip(Scanner& scanner) {
  return scanner.value().map([](std::string_view) {});
}

Result<void> read_chain(Scanner& scanner, std::string_view& target) {
  auto whole = scanner.value();
  if (!whole) return tl::unexpected(whole.error());
  Scanner elements(*whole);
  const auto count = elements.array();
  if (!count) return tl::unexpected(count.error());
  if (*count > limits::chain_length_max) return fail(Status::bad_argument, "it is too long");
  for (std::uint32_t i = 0; i < *count; ++i) {
    const auto urn = elements.text();
    if (!urn) return tl::unexpected(urn.error());
  }
  target = *whole;
  return {};
}

Result<void> read_request_field(std::string_view name, Scanner& scanner, Request& request,
                                std::uint64_t& version, std::uint64_t& kind) {
  if (name == "v") return store(scanner.unsigned_integer(), version);
  if (name == "k") return store(scanner.unsigned_integer(), kind);
  if (name == "id") return store_bounded(scanner.binary(), request.id, limits::id_bytes_max);
  if (name == "u") return store_bounded(scanner.text(), request.urn, limits::urn_bytes_max);
  if (name == "t") return store_bounded(scanner.text(), request.type, limits::type_bytes_max);
  if (name == "b") return store(scanner.value(), request.body);
  if (name == "r") {
    return store_bounded(scanner.text(), request.reply_key, limits::reply_key_bytes_max);
  }
  if (name == "ttl") return store(scanner.unsigned_integer(), request.ttl_ms);
  if (name == "exp") return store(scanner.unsigned_integer(), request.expiry_ms);
  if (name == "src") return store_bounded(scanner.text(), request.source, limits::urn_bytes_max);
  if (name == "seq") return store(scanner.unsigned_integer(), request.sequence);
  if (name == "root") return store_bounded(scanner.binary(), request.root, limits::id_bytes_max);
  if (name == "chain") return read_chain(scanner, request.chain);
  if (name == "gen") return store(scanner.unsigned_integer(), request.generation);
  if (name == "tp") {
    return store_bounded(scanner.text(), request.trace_parent, limits::trace_bytes_max);
  }
  if (name == "ts") {
    return store_bounded(scanner.text(), request.trace_state, limits::trace_bytes_max);
  }
  return skip(scanner);
}

tl::unexpected<Error> bad_envelope(std::string text) {
  return fail(Status::bad_envelope, "bad request envelope: " + std::move(text));
}

Result<Request> check_request(Request request, std::uint64_t version, std::uint64_t kind) {
  if (version != limits::protocol_version) {
    return bad_envelope("field \"v\": protocol version " + std::to_string(version) +
                        ", this daemon speaks version " + std::to_string(limits::protocol_version));
  }
  if (kind > static_cast<std::uint64_t>(Kind::cancel)) {
    return bad_envelope("field \"k\": unknown kind " + std::to_string(kind));
  }
  request.kind = static_cast<Kind>(kind);
  if (request.id.empty()) return bad_envelope("field \"id\" is missing or empty");
  if (request.urn.empty()) return bad_envelope("field \"u\" is missing or empty");
  if (const auto urn = parse_urn(request.urn); !urn) return bad_envelope(urn.error().text);
  if (request.kind == Kind::cancel) return request;
  if (request.type.empty()) return bad_envelope("field \"t\" is missing or empty");
  if (request.body.empty()) request.body = empty_map;
  if (request.kind == Kind::tell) return request;
  if (request.reply_key.empty()) return bad_envelope("field \"r\" is missing or empty");
  if (request.ttl_ms == 0 || request.ttl_ms > limits::ask_ttl_ms_max) {
    return bad_envelope("field \"ttl\" of an ask must be 1 to 86400000 ms");
  }
  return request;
}

}  // namespace

std::string encode_request(const Request& request) {
  const auto text = [](std::string_view value) { return value.empty() ? 0U : 1U; };
  const auto number = [](std::uint64_t value) { return value == 0 ? 0U : 1U; };
  const auto fields = 4U + text(request.type) + text(request.body) + text(request.reply_key) +
                      number(request.ttl_ms) + number(request.expiry_ms) + text(request.source) +
                      number(request.sequence) + text(request.root) + text(request.chain) +
                      number(request.generation) + text(request.trace_parent) +
                      text(request.trace_state);
  StringSink sink;
  sink.bytes.reserve(160 + request.urn.size() + request.body.size() + request.reply_key.size() +
                     request.chain.size());
  Packer packer(sink);
  packer.pack_map(fields);
  const auto put_text = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    pack_text(packer, name);
    pack_text(packer, value);
  };
  const auto put_bytes = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    pack_text(packer, name);
    pack_bytes(packer, value);
  };
  const auto put_value = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    pack_text(packer, name);
    sink.write(value.data(), value.size());
  };
  const auto put_number = [&](std::string_view name, std::uint64_t value) {
    if (value == 0) return;
    pack_text(packer, name);
    packer.pack_uint64(value);
  };
  pack_text(packer, "v");
  packer.pack_uint64(limits::protocol_version);
  pack_text(packer, "k");
  packer.pack_uint64(static_cast<std::uint64_t>(request.kind));
  pack_text(packer, "id");
  pack_bytes(packer, request.id);
  pack_text(packer, "u");
  pack_text(packer, request.urn);
  put_text("t", request.type);
  put_value("b", request.body);
  put_text("r", request.reply_key);
  put_number("ttl", request.ttl_ms);
  put_number("exp", request.expiry_ms);
  put_text("src", request.source);
  put_number("seq", request.sequence);
  put_bytes("root", request.root);
  put_value("chain", request.chain);
  put_number("gen", request.generation);
  put_text("tp", request.trace_parent);
  put_text("ts", request.trace_state);
  return std::move(sink.bytes);
}

std::string encode_reply(const Reply& reply) {
  const bool ok = reply.status == Status::ok;
  StringSink sink;
  sink.bytes.reserve(64 + reply.id.size() + reply.body.size() + reply.text.size());
  Packer packer(sink);
  packer.pack_map(ok ? 5 : 4);
  pack_text(packer, "v");
  packer.pack_uint64(limits::protocol_version);
  pack_text(packer, "id");
  pack_bytes(packer, reply.id);
  pack_text(packer, "s");
  packer.pack_uint64(static_cast<std::uint64_t>(reply.status));
  if (ok) {
    const auto body = reply.body.empty() ? empty_map : reply.body;
    pack_text(packer, "t");
    pack_text(packer, reply.type);
    pack_text(packer, "b");
    sink.write(body.data(), body.size());
  } else {
    pack_text(packer, "m");
    pack_text(packer, reply.text);
  }
  return std::move(sink.bytes);
}

Result<Request> decode_request(std::string_view bytes, std::size_t envelope_bytes_max) {
  if (bytes.size() > envelope_bytes_max) {
    return bad_envelope("it has " + std::to_string(bytes.size()) + " bytes, the limit is " +
                        std::to_string(envelope_bytes_max));
  }
  Request request;
  std::uint64_t version = 0;
  std::uint64_t kind = std::numeric_limits<std::uint64_t>::max();
  std::string_view reading;
  const auto result = Fields(bytes).each([&](std::string_view name, Scanner& scanner) {
    reading = name;
    return read_request_field(name, scanner, request, version, kind);
  });
  if (!result) {
    const auto field = reading.empty() ? "" : "at field \"" + std::string(reading) + "\": ";
    return bad_envelope(field + result.error().text);
  }
  return check_request(request, version, kind);
}

Result<Reply> decode_reply(std::string_view bytes) {
  Reply reply;
  std::uint64_t version = 0;
  std::uint64_t status = std::numeric_limits<std::uint64_t>::max();
  const auto result =
      Fields(bytes).each([&](std::string_view name, Scanner& scanner) -> Result<void> {
        if (name == "v") return store(scanner.unsigned_integer(), version);
        if (name == "id") return store_bounded(scanner.binary(), reply.id, limits::id_bytes_max);
        if (name == "s") return store(scanner.unsigned_integer(), status);
        if (name == "t") return store_bounded(scanner.text(), reply.type, limits::type_bytes_max);
        if (name == "b") return store(scanner.value(), reply.body);
        if (name == "m") return store(scanner.text(), reply.text);
        return skip(scanner);
      });
  if (!result) return fail(Status::bad_reply, "bad reply envelope: " + result.error().text);
  if (version != limits::protocol_version) {
    return fail(Status::bad_reply,
                "bad reply envelope: protocol version " + std::to_string(version));
  }
  if (status > std::numeric_limits<std::uint16_t>::max()) {
    return fail(Status::bad_reply, "bad reply envelope: field \"s\" is missing or too large");
  }
  reply.status = static_cast<Status>(status);
  return reply;
}

ReplyAddress salvage_reply_address(std::string_view bytes) {
  ReplyAddress address;
  // What comes after the fault is lost; what was read before it is used.
  const auto result =
      Fields(bytes).each([&](std::string_view name, Scanner& scanner) -> Result<void> {
        auto value = scanner.value();
        if (!value) return tl::unexpected(value.error());
        Scanner field(*value);
        if (name == "r") return store(field.text(), address.reply_key);
        if (name == "id") return store_bounded(field.binary(), address.id, limits::id_bytes_max);
        return {};
      });
  static_cast<void>(result);
  return address;
}

std::uint64_t expiry_of(const Request& request, std::uint64_t entry_ms) {
  constexpr auto never = std::numeric_limits<std::uint64_t>::max();
  const auto by_ttl =
      request.ttl_ms == 0 || request.ttl_ms > never - entry_ms ? never : entry_ms + request.ttl_ms;
  const auto by_expiry = request.expiry_ms == 0 ? never : request.expiry_ms;
  return std::min(by_ttl, by_expiry);
}

}  // namespace conclib::proto
