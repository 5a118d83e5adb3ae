// SPDX-License-Identifier: MIT
#include "sdk/src/liveness.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include "proto/node_record.hpp"
#include "sdk/src/command.hpp"
#include "sdk/src/namespace_meta.hpp"

namespace conclib::sdk {

using proto::Result;

namespace {

std::string age_text(std::uint64_t ms) {
  constexpr std::uint64_t second = 1000;
  constexpr std::uint64_t minute = 60 * second;
  constexpr std::uint64_t hour = 60 * minute;
  if (ms < 10 * second)
    return std::to_string(ms / second) + "." + std::to_string(ms / 100 % 10) + " s";
  if (ms < 2 * minute) return std::to_string(ms / second) + " s";
  if (ms < 2 * hour) return std::to_string(ms / minute) + " min";
  return std::to_string(ms / hour) + " h";
}

std::string utc_text(std::uint64_t ms) {
  const auto seconds = static_cast<std::time_t>(ms / 1000);
  std::tm parts{};
  std::array<char, 32> text{};
  ::gmtime_r(&seconds, &parts);
  const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

}  // namespace

Result<Liveness> read_liveness(Connection& connection, const proto::Keys& keys,
                               const RedisClock& clock, Deadline deadline) {
  auto& commands = connection.pipeline();
  append_command(commands, {"HGETALL", keys.nodes()});
  append_command(commands, {"HGETALL", keys.meta()});
  if (auto result = connection.send(deadline); !result) return tl::unexpected(result.error());
  const auto nodes = connection.receive(deadline);
  if (!nodes) return tl::unexpected(nodes.error());
  const auto meta_reply = connection.receive(deadline);
  if (!meta_reply) return tl::unexpected(meta_reply.error());
  const auto meta = parse_meta(**meta_reply, keys);
  if (!meta) return tl::unexpected(meta.error());

  Liveness liveness;
  liveness.now_ms = clock.at(Clock::now());
  liveness.last_seen_ms = meta->last_seen_ms;
  for (std::size_t i = 1; i < (*nodes)->elements; i += 2) {
    const auto node = proto::decode_node_record(text_of(*(*nodes)->element[i]));
    if (!node) continue;
    liveness.last_seen_ms = std::max(liveness.last_seen_ms, node->heartbeat);
    liveness.is_alive = liveness.is_alive || proto::is_alive(*node, liveness.now_ms);
  }
  return liveness;
}

std::string describe(const Liveness& liveness, const proto::Keys& keys) {
  auto text = "no node of namespace \"" + keys.name() + "\" is alive";
  if (liveness.last_seen_ms == 0) return text;
  const auto age = std::max(liveness.now_ms, liveness.last_seen_ms) - liveness.last_seen_ms;
  return text + "; the last one was seen " + age_text(age) + " ago (" +
         utc_text(liveness.last_seen_ms) + ")";
}

}  // namespace conclib::sdk
