// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace conclib::queue {

/// Which node should serve each partition: rendezvous hashing (the highest of the nodes' weights
/// for a partition wins it) with a cap of ceil(partitions / nodes) on each node's load; where the
/// best node is full, the next takes it. The weight is FNV-1a (64 bit) of the node's id, mixed with
/// the partition by the finalizer of SplitMix64.
///
/// Every node that sees the same nodes computes the same. When a node joins or leaves, what moves
/// is what the newcomer wins or the leaver had, and what the changed cap sends on; over random ids
/// that is about, and at most three times, ceil(partitions / smaller number of nodes), which a test
/// holds.
///
/// Returns a view into `nodes` for each partition; all empty if there are no nodes.
[[nodiscard]] std::vector<std::string_view> place(std::uint32_t partitions,
                                                  std::span<const std::string> nodes);

/// What a node that stays should give away of what it holds: what `placement` gives to others, as
/// long as it keeps floor(partitions / nodes). So a node that leaves moves its own partitions, not
/// those of others whose best place the new cap has changed.
[[nodiscard]] std::vector<std::uint32_t> excess(const std::set<std::uint32_t>& held,
                                                std::span<const std::string_view> placement,
                                                std::string_view self, std::size_t nodes);

}  // namespace conclib::queue
