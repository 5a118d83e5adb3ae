// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "proto/limits.hpp"
#include "proto/url.hpp"

namespace conclib::queue {

/// What a node is told at its start.
struct NodeOptions {
  /// The server and the namespace.
  proto::RedisUrl url;
  /// The incarnation: 32 hex digits, drawn anew by each process (see proto::draw_node_id).
  std::string id;
  /// Shown in `nodes`.
  std::string host;
  std::uint64_t master_pid = 0;

  /// Partitions of a namespace that this node creates. One that exists keeps its own number; a node
  /// for which it was configured explicitly refuses to serve another.
  std::uint32_t partitions = proto::limits::partitions_default;
  bool partitions_explicit = false;

  /// Length of the leases on partitions; at least 200 ms.
  std::chrono::milliseconds lease{10'000};

  /// What may be read and not yet finished, over all partitions.
  std::size_t window_entries = 4096;
  std::size_t window_bytes = std::size_t{64} << 20;
  /// An envelope beyond it is BAD_ENVELOPE; at most limits::envelope_bytes_max.
  std::size_t entry_bytes_max = proto::limits::envelope_bytes_max;
  /// Messages of local actors that wait for their way into a queue; beyond it push() refuses.
  std::size_t outbox_messages = 10'000;
  std::size_t outbox_bytes = std::size_t{64} << 20;
  /// Dead letters of one partition.
  std::size_t dead_letters_max = 10'000;
  /// Accept a Redis whose eviction policy may drop queues.
  bool allow_eviction = false;
};

}  // namespace conclib::queue
