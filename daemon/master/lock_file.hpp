// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "daemon/config/exit_code.hpp"

namespace conclib::master {

/// A file whose flock says that somebody is at work, and whose text says who. The lock lasts until
/// every process that has the descriptor has closed it or died; the file stays.
/// Threading: one thread.
class LockFile {
 public:
  /// Takes the lock if it is free. Nothing: somebody holds it. A file that cannot be opened is
  /// ExitCode::directories.
  [[nodiscard]] static config::Outcome<std::optional<LockFile>> try_lock(const std::string& path);

  /// What the holder has written; empty if nothing can be read.
  [[nodiscard]] static std::string text(const std::string& path);

  /// Closes the descriptor, which is close-on-exec.
  ~LockFile();
  LockFile(LockFile&& other) noexcept;
  LockFile& operator=(LockFile&&) = delete;
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

  /// For a child that is to hold the lock too.
  [[nodiscard]] int fd() const { return fd_; }

  /// Writes who holds it, one line.
  void write(const std::string& text) const;

 private:
  explicit LockFile(int fd) : fd_(fd) {}

  int fd_;
};

}  // namespace conclib::master
