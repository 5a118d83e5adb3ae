// SPDX-License-Identifier: MIT
#include "daemon/queue/placement.hpp"

#include <algorithm>

namespace conclib::queue {
namespace {

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

std::uint64_t weight(std::uint64_t node, std::uint32_t partition) {
  std::uint64_t mixed = node + (std::uint64_t{partition} + 1) * 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

}  // namespace

std::vector<std::string_view> place(std::uint32_t partitions, std::span<const std::string> nodes) {
  std::vector<std::string_view> placement(partitions);
  if (nodes.empty()) return placement;
  // The order in which nodes are listed must not matter where weights tie.
  std::vector<std::string_view> sorted(nodes.begin(), nodes.end());
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::uint64_t> hashes;
  hashes.reserve(sorted.size());
  for (const auto node : sorted) hashes.push_back(hash_of(node));
  std::vector<std::size_t> room(sorted.size(), (partitions + sorted.size() - 1) / sorted.size());

  for (std::uint32_t partition = 0; partition < partitions; ++partition) {
    std::size_t best = sorted.size();
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      if (room[i] == 0) continue;
      if (best == sorted.size() || weight(hashes[i], partition) > weight(hashes[best], partition)) {
        best = i;
      }
    }
    placement[partition] = sorted[best];
    --room[best];
  }
  return placement;
}

std::vector<std::uint32_t> excess(const std::set<std::uint32_t>& held,
                                  std::span<const std::string_view> placement,
                                  std::string_view self, std::size_t nodes) {
  std::vector<std::uint32_t> given;
  if (nodes == 0) return given;
  const auto keep = placement.size() / nodes;
  for (const auto partition : held) {
    if (held.size() - given.size() <= keep) break;
    if (placement[partition] != self) given.push_back(partition);
  }
  return given;
}

}  // namespace conclib::queue
