// SPDX-License-Identifier: MIT
#include "daemon/plugin/plugin_directory.hpp"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <dlfcn.h>

#include "daemon/plugin/file_check.hpp"
#include "daemon/plugin/host_services.hpp"
#include "daemon/plugin/table_check.hpp"
#include "proto/assert.hpp"

namespace conclib::plugin {

namespace {

using proto::fail;
using proto::Result;
using proto::Status;

constexpr const char* component = "plugin";

Result<std::vector<std::string>> plugin_files(const std::string& directory) {
  std::vector<std::string> files;
  std::error_code error;
  for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().extension() == ".so") files.push_back(it->path().filename().string());
  }
  if (error) {
    return fail(Status::bad_argument, "plugin directory " + directory + ": " + error.message());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// What an exception that a plugin let out says. In a catch block only.
std::string exception_text() {
  try {
    throw;
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

/// Maps the library and asks it for its table. The library stays mapped, whatever comes of it.
Result<const conclib_plugin*> open_table(const std::string& path) {
  void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* const why = ::dlerror();
    return fail(Status::bad_argument,
                std::string("cannot be loaded: ") + (why != nullptr ? why : "no reason given"));
  }
  void* const symbol = ::dlsym(library, "conclib_plugin_table");
  if (symbol == nullptr) {
    return fail(Status::bad_argument,
                "exports no function conclib_plugin_table: add CONCLIB_PLUGIN(...), or remove the "
                "file if it is no plugin");
  }
  try {
    return reinterpret_cast<decltype(&conclib_plugin_table)>(symbol)();
  } catch (...) {
    return fail(Status::bad_argument, "its conclib_plugin_table threw: " + exception_text());
  }
}

std::string joined_urns(const conclib_plugin& table) {
  std::string urns;
  for (std::size_t i = 0; i < table.actor_types_count; ++i) {
    const auto urn = view_of(table.actor_types[i]->urn);
    if (!urn.empty()) urns.append(urns.empty() ? "" : ", ").append(urn);
  }
  return urns;
}

}  // namespace

struct PluginDirectory::Loaded {
  std::string file;
  const conclib_plugin* table = nullptr;
  conclib_plugin_handle handle;
  void* plugin_data = nullptr;
};

Result<std::unique_ptr<PluginDirectory>> PluginDirectory::load(DirectoryOptions options,
                                                               const log::Log& log) {
  CONCLIB_ASSERT(options.fill_actor_functions != nullptr);
  if (auto usable = check_directory(options.directory); !usable) {
    return tl::unexpected(usable.error());
  }
  const auto files = plugin_files(options.directory);
  if (!files) return tl::unexpected(files.error());
  std::unique_ptr<PluginDirectory> plugins(new PluginDirectory(std::move(options), log));
  plugins->load_files(*files);
  return plugins;
}

PluginDirectory::PluginDirectory(DirectoryOptions options, const log::Log& log)
    : options_(std::move(options)), log_(log) {
  options_.fill_actor_functions(host_);
  set_context_error_ = host_.set_error;
  fill_services(host_);
}

PluginDirectory::~PluginDirectory() { unload(); }

void PluginDirectory::load_files(const std::vector<std::string>& files) {
  for (const auto& file : files) {
    if (const auto loaded = load_file(file); !loaded) {
      const auto path = options_.directory + "/" + file;
      refusals_.push_back({file, "plugin " + path + ": " + loaded.error().text});
      log_.write(log::Level::error, component, refusals_.back().text);
    }
  }
  if (files.empty()) {
    log_.warn(component, "plugin directory {} holds no plugin (*.so): this daemon has no actors",
              options_.directory);
  }
  warn_of_unused_settings();
}

Result<void> PluginDirectory::load_file(const std::string& file) {
  const auto path = check_file(options_.directory, file);
  if (!path) return tl::unexpected(path.error());
  const auto table = open_table(*path);
  if (!table) return tl::unexpected(table.error());
  if (auto checked = check_table(*table); !checked) return checked;
  if (auto unique = check_unique(**table); !unique) return unique;
  return start(file, **table);
}

Result<void> PluginDirectory::check_unique(const conclib_plugin& table) const {
  for (const auto& other : loaded_) {
    if (other->handle.name == view_of(table.name)) {
      return fail(Status::bad_argument, "is named \"" + other->handle.name + "\" as " +
                                            other->file + " is: remove one of them");
    }
  }
  std::map<std::string_view, std::string> taken;
  for (const auto& other : loaded_) {
    for (std::size_t i = 0; i < other->table->actor_types_count; ++i) {
      taken.emplace(type_name(*other->table->actor_types[i]), other->file);
    }
  }
  for (std::size_t i = 0; i < table.actor_types_count; ++i) {
    const auto name = type_name(*table.actor_types[i]);
    if (name.empty()) continue;
    const auto [holder, is_new] = taken.emplace(name, "this plugin itself");
    if (is_new) continue;
    return fail(Status::bad_argument, "has the actor type \"" + std::string(name) + "\", which " +
                                          holder->second + " has already: rename one of them");
  }
  return {};
}

Result<void> PluginDirectory::start(const std::string& file, const conclib_plugin& table) {
  auto loaded = std::make_unique<Loaded>();
  loaded->file = file;
  loaded->table = &table;
  auto& handle = loaded->handle;
  handle.name = view_of(table.name);
  handle.log = &log_;
  handle.set_context_error = set_context_error_;
  if (const auto found = options_.settings.find(handle.name); found != options_.settings.end()) {
    handle.settings = found->second;
  }
  if (table.load != nullptr) {
    auto status = CONCLIB_INTERNAL;
    try {
      status = table.load(&host_, &handle, &loaded->plugin_data);
    } catch (...) {
      handle.load_error = exception_text();
    }
    if (status != CONCLIB_OK) {
      const auto why = handle.load_error.empty() ? "it did not say why" : handle.load_error;
      failed_.push_back(std::move(loaded));
      return fail(Status::not_started, "its load failed: " + why);
    }
  }
  log_.info(component, "loaded {} {} from {}: {}", handle.name, view_of(table.version), file,
            joined_urns(table));
  loaded_.push_back(std::move(loaded));
  return {};
}

void PluginDirectory::warn_of_unused_settings() const {
  for (const auto& [name, settings] : options_.settings) {
    const auto uses = [&name = name](const auto& loaded) { return loaded->handle.name == name; };
    if (std::none_of(loaded_.begin(), loaded_.end(), uses)) {
      log_.warn(component, "[plugin.{}] in the configuration: no plugin of this name is loaded",
                name);
    }
  }
}

std::vector<runtime::TypeSpec> PluginDirectory::types() const {
  std::vector<runtime::TypeSpec> types;
  for (const auto& loaded : loaded_) {
    for (std::size_t i = 0; i < loaded->table->actor_types_count; ++i) {
      types.push_back({loaded->table->actor_types[i], &loaded->handle, loaded->plugin_data, &host_,
                       loaded->handle.name});
    }
  }
  return types;
}

std::vector<PluginReport> PluginDirectory::report() const {
  std::vector<PluginReport> plugins;
  for (const auto& loaded : loaded_) {
    PluginReport plugin{loaded->handle.name,
                        std::string(view_of(loaded->table->version)),
                        loaded->file,
                        {},
                        loaded->handle.metrics.numbers()};
    for (std::size_t i = 0; i < loaded->table->actor_types_count; ++i) {
      const auto urn = view_of(loaded->table->actor_types[i]->urn);
      if (!urn.empty()) plugin.types.emplace_back(urn);
    }
    plugins.push_back(std::move(plugin));
  }
  return plugins;
}

void PluginDirectory::unload() {
  if (std::exchange(unloaded_, true)) return;
  for (auto it = loaded_.rbegin(); it != loaded_.rend(); ++it) {
    const auto& loaded = **it;
    if (loaded.table->unload == nullptr) continue;
    try {
      loaded.table->unload(loaded.plugin_data);
    } catch (...) {
      log_.error(component, "the unload of {} threw: {}", loaded.handle.name, exception_text());
    }
  }
}

}  // namespace conclib::plugin
