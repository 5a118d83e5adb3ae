// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "proto/result.hpp"

/// What a file must be before its code may run in the daemon. The checks stand on a directory into
/// which nobody else may write, so what they saw stays true.
namespace conclib::plugin {

/// Whether nobody but root and this user may write into the directory. The error (BAD_ARGUMENT)
/// names it, the cause and the cure.
[[nodiscard]] proto::Result<void> check_directory(const std::string& directory);

/// The real path of the plugin `directory`/`file`, if it is a regular file in that very directory
/// (a symlink may lead to another one there), written by nobody else, and a whole shared object for
/// this machine. The error (BAD_ARGUMENT) names cause and cure, not the file.
[[nodiscard]] proto::Result<std::string> check_file(const std::string& directory,
                                                    const std::string& file);

}  // namespace conclib::plugin
