// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace conclib::bench {

/// A child process that ends with its owner.
class Child {
 public:
  /// Starts `arguments`; its output goes to `log`. `name` is what the program sees as argv[0].
  Child(const std::string& program, std::vector<std::string> arguments, const std::string& name,
        const std::filesystem::path& log);
  /// Adopts a forked child.
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(Child&& other) noexcept : pid_(other.pid_) { other.pid_ = -1; }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  Child& operator=(Child&&) = delete;
  /// SIGTERM, and SIGKILL after 10 s.
  ~Child();

  [[nodiscard]] bool is_running() const;

 private:
  pid_t pid_;
};

/// A temporary folder, removed with all that is in it at the end.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Starts a redis-server as conclibd's embedded one (append-only file, fsync every second) on a
/// unix socket in the folder, and waits until it answers.
[[nodiscard]] Child start_redis(const std::filesystem::path& folder);

/// Starts the conclibd beside this program on that Redis with the example plugins, and waits until
/// it is ready. `options` are added to its command line.
[[nodiscard]] Child start_conclibd(const std::filesystem::path& folder,
                                   const std::vector<std::string>& options);

/// The socket of start_redis.
[[nodiscard]] std::filesystem::path redis_socket(const std::filesystem::path& folder);

}  // namespace conclib::bench
