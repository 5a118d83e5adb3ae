// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <sys/types.h>

#include "daemon/config/settings.hpp"
#include "daemon/log/log.hpp"

namespace conclib::worker {

/// Who a worker process is.
struct Identity {
  int index = 0;        ///< Among its master's workers, from 0.
  std::string node_id;  ///< 32 hex digits, drawn by the master for this process.
  pid_t master_pid = 0;
};

/// Serves as a worker until SIGTERM has drained it or its master has gone, which the end of
/// `control_fd` tells. Gives the exit code of the process. Writes the lines of control.hpp on
/// `control_fd`, which is its own from now on.
[[nodiscard]] int run(const config::Settings& settings, const Identity& identity, int control_fd,
                      log::Log& log);

}  // namespace conclib::worker
