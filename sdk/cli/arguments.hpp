// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <variant>

namespace conclib::cli {

enum class Command { ask, tell, status };

/// What the command line asks for.
struct Arguments {
  Command command = Command::status;
  std::string url;  ///< Empty: the library looks for a daemon.
  std::string urn;
  std::string type;
  std::string json = "{}";       ///< `-`: to be read from standard input.
  std::uint32_t timeout_ms = 0;  ///< 0: the library's default.
  bool is_verbose = false;
  bool is_json = false;
};

/// Documented in --help. Fixed: scripts rely on them.
namespace exit_code {
inline constexpr int ok = 0;
inline constexpr int usage = 1;
inline constexpr int never_ran = 2;
inline constexpr int ran_and_failed = 3;
inline constexpr int unknown = 4;
inline constexpr int no_daemon = 5;
}  // namespace exit_code

/// The arguments; or an exit code, when help, the version or what is wrong has been printed.
[[nodiscard]] std::variant<Arguments, int> parse_arguments(int argc, const char* const* argv);

}  // namespace conclib::cli
