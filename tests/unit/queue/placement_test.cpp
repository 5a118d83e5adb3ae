// SPDX-License-Identifier: MIT
#include "daemon/queue/placement.hpp"

#include <algorithm>
#include <map>
#include <random>

#include <doctest/doctest.h>

#include "daemon/queue/node_options.hpp"
#include "proto/node_record.hpp"

using conclib::queue::excess;
using conclib::queue::place;

namespace {

std::vector<std::string> nodes(std::size_t count) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < count; ++i) ids.push_back(conclib::proto::draw_node_id());
  return ids;
}

std::size_t moved(const std::vector<std::string_view>& from,
                  const std::vector<std::string_view>& to) {
  std::size_t count = 0;
  for (std::size_t p = 0; p < from.size(); ++p) count += from[p] != to[p] ? 1U : 0U;
  return count;
}

}  // namespace

TEST_CASE("every partition has an owner and no node more than its share, rounded up") {
  for (const std::uint32_t partitions : {1U, 16U, 64U, 100U}) {
    for (std::size_t count = 1; count <= 20; ++count) {
      const auto ids = nodes(count);
      std::map<std::string_view, std::size_t> load;
      for (const auto owner : place(partitions, ids)) ++load[owner];
      CHECK_FALSE(load.contains(""));
      for (const auto& [id, has] : load) CHECK(has <= (partitions + count - 1) / count);
    }
  }
}

TEST_CASE("the order in which nodes are listed does not matter") {
  auto ids = nodes(7);
  const auto placed = place(64, ids);
  auto shuffled = ids;
  std::reverse(shuffled.begin(), shuffled.end());
  CHECK(place(64, shuffled) == placed);
}

TEST_CASE("without nodes nothing is placed") {
  for (const auto owner : place(16, {})) CHECK(owner.empty());
}

TEST_CASE(
    "a node that joins or leaves moves at most three times its share, and not much more than it on "
    "average") {
  std::size_t moves = 0;
  std::size_t shares = 0;
  for (std::size_t round = 0; round < 200; ++round) {
    const auto count = 1 + round % 8;
    std::vector<std::string> fewer;
    for (std::size_t i = 0; i < count; ++i) {
      fewer.push_back("node-" + std::to_string(round) + "-" + std::to_string(i));
    }
    auto more = fewer;
    more.push_back("newcomer-" + std::to_string(round));
    const auto share = (64 + count - 1) / count;
    const auto moving = moved(place(64, fewer), place(64, more));
    CHECK(moving <= 3 * share);
    moves += moving;
    shares += share;
  }
  CHECK(moves < shares * 3 / 2);
}

TEST_CASE("a node gives away what is placed elsewhere, down to its share rounded down") {
  const std::vector<std::string_view> placement{"a", "b", "b", "a", "c", "c"};
  CHECK(excess({0, 1, 2, 3, 4, 5}, placement, "a", 3) == std::vector<std::uint32_t>{1, 2, 4, 5});
  CHECK(excess({0, 1, 4}, placement, "a", 3) == std::vector<std::uint32_t>{1});
  CHECK(excess({1, 4}, placement, "a", 3).empty());
  CHECK(excess({0, 3}, placement, "a", 3).empty());
  CHECK(excess({0}, {}, "a", 0).empty());
}

TEST_CASE("when a node leaves, those who stay keep what they have") {
  const auto ids = nodes(3);
  const auto before = place(16, ids);
  const std::vector<std::string> stay(ids.begin(), ids.end() - 1);
  const auto after = place(16, stay);
  for (const auto& id : stay) {
    std::set<std::uint32_t> held;
    for (std::uint32_t p = 0; p < 16; ++p) {
      if (before[p] == id) held.insert(p);
    }
    CHECK(excess(held, after, id, stay.size()).empty());
  }
}
