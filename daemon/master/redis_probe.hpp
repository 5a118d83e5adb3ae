// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include <sys/types.h>

#include "daemon/config/exit_code.hpp"
#include "daemon/config/settings.hpp"
#include "proto/url.hpp"

namespace conclib::master {

/// Short blocking conversations with Redis, each on a connection of its own. None takes longer than
/// a few hundred milliseconds on a local socket, or two seconds over the network.
/// Threading: any thread. SIGPIPE must be ignored.

/// What answers at a socket.
struct RedisAnswer {
  enum class State {
    silent,   ///< Nothing.
    loading,  ///< A Redis that still reads its file.
    ready,    ///< A Redis that serves.
  };
  State state = State::silent;
  pid_t pid = 0;            ///< Of the process that listens there.
  std::string detail = {};  ///< While loading: how far it is.
};

[[nodiscard]] RedisAnswer ping_redis(const std::string& socket);

/// Asks the Redis at the socket to write its file out and to end. Whether it was asked.
bool shut_down_redis(const std::string& socket);

/// Gives a running embedded Redis the settings of this start.
bool configure_redis(const std::string& socket, const config::Settings& settings);

/// Whether the daemon can work with this Redis: reachable, logged in, version 7, no eviction; false
/// while it loads and cannot be asked. Failures are ExitCode::redis and name the cure.
[[nodiscard]] config::Outcome<bool> check_redis(const proto::RedisUrl& url, bool accept_eviction);

}  // namespace conclib::master
