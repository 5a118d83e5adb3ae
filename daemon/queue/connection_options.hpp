// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "daemon/queue/node_options.hpp"
#include "daemon/redis/connection.hpp"

namespace conclib::queue {

/// How a node connects for one purpose, which CLIENT LIST shows beside the beginning of its id.
[[nodiscard]] inline redis::ConnectionOptions connection_options(const NodeOptions& options,
                                                                 std::string_view purpose) {
  redis::ConnectionOptions connection;
  connection.url = options.url;
  connection.name = "conclib-" + std::string(purpose) + "-" + options.id.substr(0, 8);
  return connection;
}

}  // namespace conclib::queue
