// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "daemon/config/exit_code.hpp"
#include "daemon/master/lock_file.hpp"

namespace conclib::master {

/// Takes `master.lock` in the run directory, so that one master works there at a time. A directory
/// in use is ExitCode::directories and names the holder.
[[nodiscard]] config::Outcome<LockFile> lock_run_directory(const std::string& run_dir);

}  // namespace conclib::master
