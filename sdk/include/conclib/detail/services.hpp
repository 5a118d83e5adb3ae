// SPDX-License-Identifier: MIT
/// Part of conclib/actor.hpp: what a plugin and its actors get from the daemon around them.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "conclib/detail/object.hpp"
#include "conclib/detail/visibility.hpp"
#include "conclib/plugin.h"

namespace CONCLIB_HIDDEN conclib {

/// Writes to the daemon's log: `log().info("sold ", count, " of ", item)`. The parts are written
/// one behind the other, as `<<` does it.
/// Threading: an actor's log on its turn; a plugin's on any thread.
class Log {
 public:
  Log(const conclib_host* host, conclib_plugin_handle* plugin, conclib_context* context) noexcept
      : host_(host), plugin_(plugin), context_(context) {}

  template <typename... Parts>
  void debug(const Parts&... parts) const {
    write(CONCLIB_LOG_DEBUG, parts...);
  }
  template <typename... Parts>
  void info(const Parts&... parts) const {
    write(CONCLIB_LOG_INFO, parts...);
  }
  template <typename... Parts>
  void warn(const Parts&... parts) const {
    write(CONCLIB_LOG_WARN, parts...);
  }
  template <typename... Parts>
  void error(const Parts&... parts) const {
    write(CONCLIB_LOG_ERROR, parts...);
  }

 private:
  template <typename... Parts>
  void write(conclib_log_level level, const Parts&... parts) const {
    std::ostringstream stream;
    (stream << ... << parts);
    const auto text = stream.str();
    host_->log(plugin_, context_, level, detail::c_str_of(text));
  }

  const conclib_host* host_;
  conclib_plugin_handle* plugin_;
  conclib_context* context_;
};

/// What stands in [plugin.NAME] of the daemon's configuration. Any thread.
class Settings {
 public:
  Settings(const conclib_host* host, conclib_plugin_handle* plugin) noexcept
      : host_(host), plugin_(plugin) {}

  /// The value as text; valid until the plugin is unloaded. Nothing: it is not set.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const {
    conclib_str value{nullptr, 0};
    if (host_->setting(plugin_, detail::c_str_of(name), &value) == 0) return std::nullopt;
    return detail::view_of(value);
  }
  [[nodiscard]] std::string_view get(std::string_view name, std::string_view fallback) const {
    return get(name).value_or(fallback);
  }
  /// The value as an integer. Throws Error (BAD_ARGUMENT) if it is set and no integer.
  [[nodiscard]] std::int64_t number(std::string_view name, std::int64_t fallback) const {
    const auto text = get(name);
    if (!text) return fallback;
    std::int64_t value = 0;
    const auto* const end = text->data() + text->size();
    const auto read = std::from_chars(text->data(), end, value);
    if (read.ec == std::errc() && read.ptr == end) return value;
    throw Error(CONCLIB_BAD_ARGUMENT, "setting " + std::string(name) + " = \"" +
                                          std::string(*text) + "\": an integer is needed");
  }

 private:
  const conclib_host* host_;
  conclib_plugin_handle* plugin_;
};

/// A counter of the plugin, seen in the daemon's status. Any thread; cheap to copy and to add to,
/// so keep it as a member instead of looking it up by name each time.
class CounterRef {
 public:
  CounterRef(const conclib_host* host, conclib_counter* counter) noexcept
      : host_(host), counter_(counter) {}
  void add(std::uint64_t amount = 1) const noexcept { host_->counter_add(counter_, amount); }

 private:
  const conclib_host* host_;
  conclib_counter* counter_;
};

/// Count, sum, maximum and distribution of the values that are recorded. As CounterRef.
class HistogramRef {
 public:
  HistogramRef(const conclib_host* host, conclib_histogram* histogram) noexcept
      : host_(host), histogram_(histogram) {}
  void record(std::uint64_t value) const noexcept { host_->histogram_record(histogram_, value); }

 private:
  const conclib_host* host_;
  conclib_histogram* histogram_;
};

/// The plugin as a whole, from its load to its unload. Any thread; a value that may be copied.
class Plugin {
 public:
  Plugin(const conclib_host* host, conclib_plugin_handle* handle) noexcept
      : host_(host), handle_(handle) {}

  [[nodiscard]] Log log() const noexcept { return {host_, handle_, nullptr}; }
  [[nodiscard]] Settings settings() const noexcept { return {host_, handle_}; }
  /// The counter of this name ([a-z0-9_], at most 64 bytes; 256 counters and histograms a plugin),
  /// made at the first call. Throws Error (BAD_ARGUMENT) when the daemon refuses it.
  [[nodiscard]] CounterRef counter(std::string_view name) const {
    auto* const counter = host_->counter(handle_, detail::c_str_of(name));
    if (counter == nullptr) refuse("counter", name);
    return {host_, counter};
  }
  [[nodiscard]] HistogramRef histogram(std::string_view name) const {
    auto* const histogram = host_->histogram(handle_, detail::c_str_of(name));
    if (histogram == nullptr) refuse("histogram", name);
    return {host_, histogram};
  }

 private:
  [[noreturn]] static void refuse(std::string_view kind, std::string_view name) {
    throw Error(CONCLIB_BAD_ARGUMENT,
                std::string(kind) + " \"" + std::string(name) +
                    "\" was refused: a name has 1 to 64 of [a-z0-9_] and one kind, and a plugin "
                    "at most 256 of them");
  }

  const conclib_host* host_;
  conclib_plugin_handle* handle_;
};

}  // namespace conclib
