// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "daemon/log/log.hpp"
#include "proto/limits.hpp"

namespace conclib::config {

/// When the embedded Redis forces its append-only file to the disk.
enum class AppendFsync { always, everysec, no };

/// What a plugin that cannot be loaded does to the start.
enum class PluginErrors { refuse, skip };

/// The names as in the settings file: static text.
[[nodiscard]] std::string_view append_fsync_name(AppendFsync value);
[[nodiscard]] std::string_view plugin_errors_name(PluginErrors value);

/// Every setting of conclibd, checked, in the units of the program. A plain value; the defaults
/// are those of setting_table.cpp, and parse (arguments.hpp) fills in all of them.
struct Settings {
  std::string name_space = "default";  ///< A valid name (proto::is_name).
  std::uint32_t workers = 1;           ///< Worker processes.
  std::uint32_t threads = 2;           ///< Actor threads in each worker.
  /// The number for a namespace that is created now. If it was given, an existing namespace with
  /// another number is refused; if not, the existing number wins.
  std::uint32_t partitions = proto::limits::partitions_default;
  bool partitions_given = false;
  std::chrono::milliseconds lease{10'000};

  std::string plugin_dir;  ///< Directories are absolute paths without a slash at the end.
  PluginErrors plugin_errors = PluginErrors::refuse;
  /// What stands in `[plugin.NAME]` of the settings file: NAME -> key -> value as text.
  std::map<std::string, std::map<std::string, std::string>> plugins;

  std::string run_dir;
  std::string state_dir;

  std::string redis_url;     ///< Empty: the embedded Redis.
  std::string redis_server;  ///< Path of the program for the embedded Redis; empty: look for it.
  std::uint64_t redis_maxmemory_bytes = 0;  ///< 0: no limit.
  AppendFsync appendfsync = AppendFsync::everysec;
  bool accept_eviction = false;  ///< Serve also on a Redis whose policy is not noeviction.

  log::Level log_level = log::Level::info;
  std::chrono::milliseconds drain_timeout{10'000};
  std::chrono::milliseconds ask_timeout{5'000};    ///< Of an actor's ask without one of its own.
  std::chrono::milliseconds handler_limit{5'000};  ///< Beyond it a handler is reported as stuck.
  std::chrono::milliseconds passivate_after{600'000};  ///< Of a keyed actor without messages.
  std::chrono::milliseconds stall_timeout{10'000};     ///< Without a beat a worker is replaced.

  std::uint32_t mailbox_messages_max = 0;  ///< Per actor.
  std::uint32_t window_messages_max = 0;   ///< Per worker: read and not finished.
  std::uint64_t window_bytes_max = 0;
  std::uint64_t entry_bytes_max = 0;  ///< At most proto::limits::envelope_bytes_max.

  /// Whether the daemon runs a Redis of its own.
  [[nodiscard]] bool embedded_redis() const { return redis_url.empty(); }
  /// Where the embedded Redis listens.
  [[nodiscard]] std::string redis_socket() const { return run_dir + "/redis.sock"; }
};

}  // namespace conclib::config
