// SPDX-License-Identifier: MIT
#include "proto/node_record.hpp"

#include <array>
#include <limits>
#include <string_view>
#include <utility>

#include <msgpack.hpp>
#include <sys/random.h>

#include "proto/assert.hpp"
#include "proto/scan.hpp"

namespace conclib::proto {
namespace {

constexpr std::size_t fields = 12;

std::string_view state_name(NodeState state) {
  switch (state) {
    case NodeState::live:
      return "live";
    case NodeState::draining:
      return "draining";
  }
  return "draining";
}

template <typename T>
void pack_pair(msgpack::packer<msgpack::sbuffer>& packer, const char* name, const T& value) {
  packer.pack(name);
  packer.pack(value);
}

Result<void> read(Scanner& scanner, std::string& target) {
  const auto text = scanner.text();
  if (!text) return tl::unexpected(text.error());
  target = *text;
  return {};
}

Result<void> read(Scanner& scanner, std::uint64_t& target) {
  const auto number = scanner.unsigned_integer();
  if (!number) return tl::unexpected(number.error());
  target = *number;
  return {};
}

Result<void> read(Scanner& scanner, std::uint32_t& target) {
  std::uint64_t number = 0;
  if (auto result = read(scanner, number); !result) return result;
  if (number > std::numeric_limits<std::uint32_t>::max()) {
    return fail(Status::bad_argument, "the number is too large");
  }
  target = static_cast<std::uint32_t>(number);
  return {};
}

Result<void> read(Scanner& scanner, NodeState& target) {
  std::string name;
  if (auto result = read(scanner, name); !result) return result;
  // A state of a later version: whatever it means, nothing is to be sent there.
  target = name == state_name(NodeState::live) ? NodeState::live : NodeState::draining;
  return {};
}

Result<void> read(Scanner& scanner, std::map<std::string, std::uint64_t>& target) {
  const auto count = scanner.map();
  if (!count) return tl::unexpected(count.error());
  for (std::uint32_t i = 0; i < *count; ++i) {
    std::string name;
    if (auto result = read(scanner, name); !result) return result;
    if (auto result = read(scanner, target[name]); !result) return result;
  }
  return {};
}

Result<void> read(Scanner& scanner, PluginRecord& target) {
  const auto count = scanner.map();
  if (!count) return tl::unexpected(count.error());
  for (std::uint32_t i = 0; i < *count; ++i) {
    const auto name = scanner.text();
    if (!name) return tl::unexpected(name.error());
    Result<void> result;
    if (*name == "name") {
      result = read(scanner, target.name);
    } else if (*name == "version") {
      result = read(scanner, target.version);
    } else if (*name == "counters") {
      result = read(scanner, target.counters);
    } else {
      result = scanner.value().map([](std::string_view) {});
    }
    if (!result) return result;
  }
  return {};
}

template <typename T>
Result<void> read(Scanner& scanner, std::vector<T>& target) {
  const auto count = scanner.array();
  if (!count) return tl::unexpected(count.error());
  for (std::uint32_t i = 0; i < *count; ++i) {
    if (auto result = read(scanner, target.emplace_back()); !result) return result;
  }
  return {};
}

Result<void> read_field(std::string_view name, Scanner& scanner, NodeRecord& record) {
  if (name == "host") return read(scanner, record.host);
  if (name == "version") return read(scanner, record.version);
  if (name == "pid") return read(scanner, record.pid);
  if (name == "master") return read(scanner, record.master);
  if (name == "state") return read(scanner, record.state);
  if (name == "started") return read(scanner, record.started);
  if (name == "heartbeat") return read(scanner, record.heartbeat);
  if (name == "lease") return read(scanner, record.lease_ms);
  if (name == "partitions") return read(scanner, record.partitions);
  if (name == "types") return read(scanner, record.types);
  if (name == "plugins") return read(scanner, record.plugins);
  if (name == "stats") return read(scanner, record.stats);
  return scanner.value().map([](std::string_view) {});
}

}  // namespace

bool is_alive(const NodeRecord& record, std::uint64_t now_ms) {
  const auto slack_ms = dead_after_leases * record.lease_ms;
  // One from the future is of before a step of Redis's clock, or forged; it must not live for ever.
  return now_ms < record.heartbeat + slack_ms && record.heartbeat < now_ms + slack_ms;
}

std::string draw_node_id() {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::array<unsigned char, 16> random{};
  CONCLIB_ASSERT(getrandom(random.data(), random.size(), 0) == static_cast<ssize_t>(random.size()));
  std::string id;
  for (const auto byte : random) {
    id += digits[byte >> 4U];
    id += digits[byte & 15U];
  }
  return id;
}

std::string encode_node_record(const NodeRecord& record) {
  msgpack::sbuffer buffer;
  msgpack::packer<msgpack::sbuffer> packer(buffer);
  packer.pack_map(fields);
  pack_pair(packer, "host", record.host);
  pack_pair(packer, "version", record.version);
  pack_pair(packer, "pid", record.pid);
  pack_pair(packer, "master", record.master);
  pack_pair(packer, "state", std::string(state_name(record.state)));
  pack_pair(packer, "started", record.started);
  pack_pair(packer, "heartbeat", record.heartbeat);
  pack_pair(packer, "lease", record.lease_ms);
  pack_pair(packer, "partitions", record.partitions);
  pack_pair(packer, "types", record.types);
  packer.pack("plugins");
  packer.pack_array(static_cast<std::uint32_t>(record.plugins.size()));
  for (const auto& plugin : record.plugins) {
    packer.pack_map(3);
    pack_pair(packer, "name", plugin.name);
    pack_pair(packer, "version", plugin.version);
    pack_pair(packer, "counters", plugin.counters);
  }
  pack_pair(packer, "stats", record.stats);
  return {buffer.data(), buffer.size()};
}

Result<NodeRecord> decode_node_record(std::string_view bytes) {
  NodeRecord record;
  Scanner scanner(bytes);
  const auto wrong = [](const std::string& what, const Error& error) {
    return fail(Status::bad_argument, "bad node record: " + what + error.text);
  };
  const auto count = scanner.map();
  if (!count) return wrong("", count.error());
  for (std::uint32_t i = 0; i < *count; ++i) {
    const auto name = scanner.text();
    if (!name) return wrong("", name.error());
    if (const auto result = read_field(*name, scanner, record); !result) {
      return wrong("field \"" + std::string(*name) + "\": ", result.error());
    }
  }
  return record;
}

}  // namespace conclib::proto
