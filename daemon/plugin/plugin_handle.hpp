// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "conclib/plugin.h"
#include "daemon/log/log.hpp"
#include "daemon/plugin/metrics.hpp"

namespace conclib::plugin {

/// What stands in [plugin.NAME]: names and values as text.
using Settings = std::map<std::string, std::string, std::less<>>;

[[nodiscard]] inline std::string_view view_of(conclib_str text) {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}

}  // namespace conclib::plugin

/// One plugin as the host sees it; plugins only carry its address around. It stays where it is.
/// Threading: `metrics` has its own; `load_error` belongs to the thread that loads; the rest is
/// constant once the plugin is being loaded.
struct conclib_plugin_handle {
  std::string name;
  const conclib::log::Log* log = nullptr;
  conclib::plugin::Settings settings;
  conclib::plugin::MetricSet metrics;
  /// What the plugin said with set_error while it was loaded.
  std::string load_error;
  /// set_error of whoever runs the actors; used where there is a context.
  void (*set_context_error)(conclib_plugin_handle*, conclib_context*, conclib_str) = nullptr;
};
