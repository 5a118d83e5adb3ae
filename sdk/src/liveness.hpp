// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "proto/keys.hpp"
#include "proto/result.hpp"
#include "sdk/src/connection.hpp"

namespace conclib::sdk {

/// Whether a namespace has a node that could answer. Times by Redis's clock, in ms since 1970.
struct Liveness {
  bool is_alive = false;
  std::uint64_t now_ms = 0;
  std::uint64_t last_seen_ms = 0;  ///< Of the node seen last; 0: never.
};

/// Reads the heartbeats of the nodes. Errors: as of Connection, or REDIS_REFUSED.
[[nodiscard]] proto::Result<Liveness> read_liveness(Connection& connection, const proto::Keys& keys,
                                                    const RedisClock& clock, Deadline deadline);

/// Says that no node is alive, and since when.
[[nodiscard]] std::string describe(const Liveness& liveness, const proto::Keys& keys);

}  // namespace conclib::sdk
