// SPDX-License-Identifier: MIT
#include "daemon/master/run_lock.hpp"

#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

namespace conclib::master {

config::Outcome<LockFile> lock_run_directory(const std::string& run_dir) {
  const auto path = run_dir + "/master.lock";
  auto lock = LockFile::try_lock(path);
  if (!lock) return tl::unexpected(lock.error());
  if (!*lock) {
    return config::failure(config::ExitCode::directories,
                           fmt::format("run-dir: '{}' is in use by {}; stop it, or choose another "
                                       "--run-dir and --state-dir",
                                       run_dir, LockFile::text(path)));
  }
  (*lock)->write(fmt::format("conclibd pid {} since {:%Y-%m-%dT%H:%M:%S%z}", ::getpid(),
                             fmt::localtime(std::time(nullptr))));
  return *std::move(*lock);
}

}  // namespace conclib::master
