// SPDX-License-Identifier: MIT
#include "daemon/master/redis_program.hpp"

#include <cstdlib>
#include <string_view>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace conclib::master {

namespace {

/// Also looked through where PATH leaves them out, as for many a user.
constexpr std::string_view usual_directories = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

bool is_program(const std::string& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

std::string find_in(std::string_view directories, std::string_view name) {
  while (!directories.empty()) {
    const auto directory = directories.substr(0, directories.find(':'));
    directories.remove_prefix(std::min(directories.size(), directory.size() + 1));
    if (directory.empty() || directory.front() != '/') continue;
    auto path = fmt::format("{}/{}", directory, name);
    if (is_program(path)) return path;
  }
  return {};
}

}  // namespace

config::Outcome<std::string> find_redis_server(const std::string& wanted) {
  if (!wanted.empty()) {
    if (is_program(wanted)) return wanted;
    return config::failure(
        config::ExitCode::redis,
        fmt::format("redis-server: '{}' is no program; correct it, or write auto", wanted));
  }
  const char* path = std::getenv("PATH");
  const auto directories = fmt::format("{}:{}", path == nullptr ? "" : path, usual_directories);
  for (const auto* name : {"redis-server", "redis-check-rdb"}) {
    if (auto found = find_in(directories, name); !found.empty()) return found;
  }
  return config::failure(config::ExitCode::redis,
                         "redis-server: the program was not found; install redis-tools or "
                         "redis-server, name it with --redis-server, or give a --redis-url");
}

}  // namespace conclib::master
