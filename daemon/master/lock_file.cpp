// SPDX-License-Identifier: MIT
#include "daemon/master/lock_file.hpp"

#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

namespace conclib::master {

config::Outcome<std::optional<LockFile>> LockFile::try_lock(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (fd < 0) {
    return config::failure(config::ExitCode::directories,
                           fmt::format("the lock '{}' cannot be opened: {}; remove it, or name "
                                       "another directory",
                                       path, std::generic_category().message(errno)));
  }
  LockFile lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) return std::nullopt;
  return lock;
}

std::string LockFile::text(const std::string& path) {
  std::ifstream stream(path);
  std::string line;
  std::getline(stream, line);
  return line;
}

LockFile::~LockFile() {
  if (fd_ >= 0) ::close(fd_);
}

LockFile::LockFile(LockFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

void LockFile::write(const std::string& text) const {
  // It only serves a message: a full disk must not keep the daemon from starting.
  const auto line = text + '\n';
  if (::ftruncate(fd_, 0) != 0) return;
  [[maybe_unused]] const auto written = ::pwrite(fd_, line.data(), line.size(), 0);
}

}  // namespace conclib::master
