// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace conclib::bench {

/// Runs a program, waits for its end and returns what it wrote on standard output; its standard
/// error is ours. Throws if it cannot be started, fails or is killed. It ends with this process.
[[nodiscard]] std::string child_output(const std::filesystem::path& program,
                                       std::vector<std::string> arguments);

}  // namespace conclib::bench
