// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include <sys/types.h>

#include "daemon/config/exit_code.hpp"
#include "daemon/config/setting_table.hpp"
#include "daemon/config/settings.hpp"

namespace conclib::config {

/// The place of a worker process, as its master gives it by hidden flags.
struct WorkerSeat {
  int index = 0;        ///< From 0.
  int control_fd = -1;  ///< The worker's end of the control connection, already open.
  pid_t master_pid = 0;
  std::string node_id;  ///< 32 hex digits, drawn by the master for this process.
};

/// What a command line asks for.
struct Invocation {
  enum class Action {
    serve,  ///< Be the master, or with a seat one of its workers.
    check,  ///< Say that the settings are right.
    print,  ///< Print `text`: --help or --version.
  };
  Action action = Action::serve;
  std::string text;
  Settings settings;
  std::optional<WorkerSeat> seat;
};

/// Reads the command line, the environment and the settings file: a flag goes before its variable
/// CONCLIB_NAME, that before the key in the file of --config, that before the default. Every
/// failure is ExitCode::usage, and its line names the setting, where its value stands and what it
/// may be.
[[nodiscard]] Outcome<Invocation> parse(int argc, const char* const* argv,
                                        const Surroundings& surroundings);

}  // namespace conclib::config
