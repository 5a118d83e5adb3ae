// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "conclib/plugin.h"
#include "daemon/log/log.hpp"
#include "daemon/plugin/plugin_handle.hpp"
#include "daemon/runtime/runtime.hpp"
#include "proto/result.hpp"

namespace conclib::plugin {

struct DirectoryOptions {
  /// All that ends in `.so` in it is a plugin.
  std::string directory;
  /// By name of plugin: what stands in its [plugin.NAME].
  std::map<std::string, Settings, std::less<>> settings;
  /// Fills in what the host's table offers for actors and messages: Runtime::fill_host_table.
  void (*fill_actor_functions)(conclib_host&) = nullptr;
};

/// A file that was not loaded, and why: one line that names file, cause and cure.
struct Refusal {
  std::string file;
  std::string text;
};

/// A loaded plugin, as status shows it.
struct PluginReport {
  std::string name;
  std::string version;
  std::string file;
  std::vector<std::string> types;
  std::vector<std::pair<std::string, std::uint64_t>> numbers;
};

/// The plugins of a directory, loaded for the life of the process: code is never unmapped, so
/// functions, messages and statics of a plugin stay valid.
///
/// Threading: load, unload and the destructor on one thread; the rest on any.
/// Order: it outlives the runtime that runs its types, and the log outlives it. unload() comes
/// after the last actor has been destroyed.
class PluginDirectory {
 public:
  /// Loads them in the order of their file names. Fails (BAD_ARGUMENT) if the directory itself
  /// cannot be used; a plugin that is refused keeps no other from loading. All of it is logged.
  [[nodiscard]] static proto::Result<std::unique_ptr<PluginDirectory>> load(
      DirectoryOptions options, const log::Log& log);

  /// Unloads what has not been unloaded.
  ~PluginDirectory();
  PluginDirectory(const PluginDirectory&) = delete;
  PluginDirectory& operator=(const PluginDirectory&) = delete;

  [[nodiscard]] const std::vector<Refusal>& refusals() const { return refusals_; }
  /// All actor types, for Runtime::add_type.
  [[nodiscard]] std::vector<runtime::TypeSpec> types() const;
  [[nodiscard]] std::vector<PluginReport> report() const;

  /// Calls the unload hooks, the last plugin first. A second call does nothing.
  void unload();

 private:
  struct Loaded;

  PluginDirectory(DirectoryOptions options, const log::Log& log);
  void load_files(const std::vector<std::string>& files);
  [[nodiscard]] proto::Result<void> load_file(const std::string& file);
  [[nodiscard]] proto::Result<void> check_unique(const conclib_plugin& table) const;
  [[nodiscard]] proto::Result<void> start(const std::string& file, const conclib_plugin& table);
  void warn_of_unused_settings() const;

  DirectoryOptions options_;
  const log::Log& log_;
  /// Shared by all plugins; they keep its address.
  conclib_host host_{};
  /// set_error as the runtime filled it in; fill_services puts one that knows of loading before it.
  decltype(conclib_host::set_error) set_context_error_ = nullptr;
  std::vector<std::unique_ptr<Loaded>> loaded_;
  /// Those whose load failed: what it began, a thread for one, may still use its handle.
  std::vector<std::unique_ptr<Loaded>> failed_;
  std::vector<Refusal> refusals_;
  bool unloaded_ = false;
};

}  // namespace conclib::plugin
