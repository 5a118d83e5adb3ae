// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "daemon/config/exit_code.hpp"

namespace conclib::master {

/// How a child process is started.
struct ChildPlan {
  std::string program;                 ///< Path.
  std::vector<std::string> arguments;  ///< With argv[0].
  /// Its environment is this process's without what systemd says to the master alone.
  int inherited_fd = -1;  ///< Kept open over the exec under the same number; -1: none.
  /// Whether it gets SIGTERM when this process dies. One that does not is also deaf to SIGTERM and
  /// SIGINT: only its master ends it.
  bool dies_with_parent = true;
};

/// Starts a child in a session of its own, so that the terminal's signals reach the master alone.
/// Its standard input is /dev/null, its standard output goes where standard error goes; all other
/// descriptors must be close-on-exec.
/// Threading: from the main thread, since the death signal is tied to the thread that forks.
/// A program that cannot be executed is ExitCode::worker.
[[nodiscard]] config::Outcome<pid_t> start_child(const ChildPlan& plan);

/// How a process ended, from the status of waitpid: "exited with code 3" or "was killed by signal
/// 11 (Segmentation fault)".
[[nodiscard]] std::string describe_end(int status);

/// Whether a process that need not be a child has ended, be it collected or not.
[[nodiscard]] bool has_ended(pid_t pid);

}  // namespace conclib::master
