// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "proto/result.hpp"

namespace conclib::proto {

/// The name of one process among the nodes: 128 bits from the system's random source as 32 hex
/// digits.
[[nodiscard]] std::string draw_node_id();

/// Whether a node takes partitions or gives them away because it is about to leave.
enum class NodeState : std::uint8_t { live, draining };

/// A plugin that a node has loaded, as `nodes` shows it.
struct PluginRecord {
  std::string name;
  std::string version;
  std::map<std::string, std::uint64_t> counters;
};

/// What a node writes about itself into the hash `nodes` (PROTOCOL.md section 11). Times are in ms
/// since 1970 by Redis's clock.
struct NodeRecord {
  std::string host;
  std::string version;
  std::uint64_t pid = 0;
  std::uint64_t master = 0;  ///< Process id of its master.
  NodeState state = NodeState::live;
  std::uint64_t started = 0;
  std::uint64_t heartbeat = 0;
  std::uint64_t lease_ms = 0;
  std::vector<std::uint32_t> partitions;
  std::vector<std::string> types;
  std::vector<PluginRecord> plugins;
  std::map<std::string, std::uint64_t> stats;
};

/// After how many of its leases without a heartbeat a node counts as dead.
inline constexpr std::uint64_t dead_after_leases = 3;

/// Whether the node's heartbeat is recent enough at `now_ms` by Redis's clock.
[[nodiscard]] bool is_alive(const NodeRecord& record, std::uint64_t now_ms);

[[nodiscard]] std::string encode_node_record(const NodeRecord& record);
/// Reads a record; unknown fields are ignored and absent ones keep their defaults. An error is
/// BAD_ARGUMENT and names the field.
[[nodiscard]] Result<NodeRecord> decode_node_record(std::string_view bytes);

}  // namespace conclib::proto
