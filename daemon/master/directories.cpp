// SPDX-License-Identifier: MIT
#include "daemon/master/directories.hpp"

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace conclib::master {

namespace {

tl::unexpected<config::Failure> refuse(std::string_view setting, const std::string& path,
                                       std::string_view why) {
  return config::failure(config::ExitCode::directories,
                         fmt::format("{}: '{}' {}", setting, path, why));
}

}  // namespace

config::Outcome<void> prepare_directory(const std::string& path, mode_t mode,
                                        std::string_view setting) {
  const auto above = std::filesystem::path(path).parent_path();
  std::error_code error;
  std::filesystem::create_directories(above, error);
  if (error) {
    return refuse(setting, path,
                  fmt::format("cannot be made: {}: {}; make it for user {}, or name another one",
                              above.string(), error.message(), ::geteuid()));
  }
  if (::mkdir(path.c_str(), mode) == 0) {
    // The umask must not take the group's right to the socket.
    ::chmod(path.c_str(), mode);
    return {};
  }
  struct stat about {};
  if (errno != EEXIST || ::stat(path.c_str(), &about) != 0) {
    return refuse(setting, path,
                  fmt::format("cannot be made: {}; make it for user {}, or name another one",
                              std::generic_category().message(errno), ::geteuid()));
  }
  if (!S_ISDIR(about.st_mode)) return refuse(setting, path, "is not a directory; name another one");
  if (about.st_uid != ::geteuid() && ::geteuid() != 0) {
    return refuse(setting, path,
                  fmt::format("belongs to user {}, not to user {} as whom conclibd runs; name "
                              "another one",
                              about.st_uid, ::geteuid()));
  }
  if ((about.st_mode & S_IWOTH) != 0) {
    return refuse(setting, path, "may be written by everybody; chmod o-w it, or name another one");
  }
  if (::access(path.c_str(), W_OK | X_OK) != 0) {
    return refuse(setting, path,
                  fmt::format("cannot be written: {}; chmod u+wx it, or name another one",
                              std::generic_category().message(errno)));
  }
  return {};
}

}  // namespace conclib::master
