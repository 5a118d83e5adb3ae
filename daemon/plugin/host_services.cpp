// SPDX-License-Identifier: MIT
#include "daemon/plugin/host_services.hpp"

#include <chrono>
#include <string_view>

#include "daemon/plugin/plugin_handle.hpp"

namespace conclib::plugin {

namespace {

log::Level level_of(conclib_log_level level) {
  // The number comes from a plugin and may be none of ours.
  if (level <= CONCLIB_LOG_DEBUG) return log::Level::debug;
  if (level == CONCLIB_LOG_INFO) return log::Level::info;
  if (level == CONCLIB_LOG_WARN) return log::Level::warn;
  return log::Level::error;
}

void log_line(conclib_plugin_handle* plugin, conclib_context* context, conclib_log_level level,
              conclib_str text) noexcept {
  const auto threshold = level_of(level);
  if (!plugin->log->enabled(threshold)) return;
  try {
    std::string line;
    if (context != nullptr) {
      line.append(view_of(context->urn));
      if (context->message_id.size > 0) {
        line.append(" [").append(view_of(context->message_id)).append("]");
      }
      line.append(": ");
    }
    line.append(view_of(text));
    plugin->log->write(threshold, "plugin." + plugin->name, line);
  } catch (...) {
    plugin->log->write(threshold, "plugin", view_of(text));
  }
}

int setting(conclib_plugin_handle* plugin, conclib_str name, conclib_str* value) noexcept {
  const auto found = plugin->settings.find(view_of(name));
  if (found == plugin->settings.end()) return 0;
  *value = {found->second.data(), found->second.size()};
  return 1;
}

std::uint64_t monotonic_ns(conclib_plugin_handle* /*plugin*/) noexcept {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::nanoseconds(now).count());
}

std::uint64_t wall_ms(conclib_plugin_handle* /*plugin*/) noexcept {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

conclib_counter* counter(conclib_plugin_handle* plugin, conclib_str name) noexcept {
  try {
    return plugin->metrics.counter(view_of(name));
  } catch (...) {
    return nullptr;
  }
}

void counter_add(conclib_counter* counter, std::uint64_t amount) noexcept {
  if (counter != nullptr) counter->value.fetch_add(amount, std::memory_order_relaxed);
}

conclib_histogram* histogram(conclib_plugin_handle* plugin, conclib_str name) noexcept {
  try {
    return plugin->metrics.histogram(view_of(name));
  } catch (...) {
    return nullptr;
  }
}

void histogram_record(conclib_histogram* histogram, std::uint64_t value) noexcept {
  if (histogram != nullptr) histogram->record(value);
}

void set_error(conclib_plugin_handle* plugin, conclib_context* context, conclib_str text) noexcept {
  if (context != nullptr) {
    plugin->set_context_error(plugin, context, text);
    return;
  }
  try {
    plugin->load_error = view_of(text);
  } catch (...) {
    plugin->load_error.clear();
  }
}

}  // namespace

void fill_services(conclib_host& host) {
  constexpr std::string_view version = CONCLIB_VERSION;
  host.size = sizeof(conclib_host);
  host.abi_major = CONCLIB_ABI_MAJOR;
  host.abi_minor = CONCLIB_ABI_MINOR;
  host.version = {version.data(), version.size()};
  host.set_error = &set_error;
  host.log = &log_line;
  host.setting = &setting;
  host.monotonic_ns = &monotonic_ns;
  host.wall_ms = &wall_ms;
  host.counter = &counter;
  host.counter_add = &counter_add;
  host.histogram = &histogram;
  host.histogram_record = &histogram_record;
}

}  // namespace conclib::plugin
