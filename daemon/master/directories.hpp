// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include <sys/types.h>

#include "daemon/config/exit_code.hpp"

namespace conclib::master {

/// Makes the directory with `mode`, and what lies above it, where they are missing. One that is
/// there must be ours, or we root, and not open to everybody; its mode stays. `setting` names it in
/// messages, such as "run-dir". Failures are ExitCode::directories.
[[nodiscard]] config::Outcome<void> prepare_directory(const std::string& path, mode_t mode,
                                                      std::string_view setting);

}  // namespace conclib::master
