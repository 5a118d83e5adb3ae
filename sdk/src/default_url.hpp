// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace conclib::sdk {

/// The URL of the daemon for a client that was given none: $CONCLIB_URL, else the socket
/// $XDG_RUNTIME_DIR/conclib/redis.sock if it exists, else /run/conclib/redis.sock.
[[nodiscard]] std::string default_url();

}  // namespace conclib::sdk
