// SPDX-License-Identifier: MIT
#include "daemon/config/settings.hpp"

namespace conclib::config {

std::string_view append_fsync_name(AppendFsync value) {
  switch (value) {
    case AppendFsync::always:
      return "always";
    case AppendFsync::everysec:
      return "everysec";
    case AppendFsync::no:
      return "no";
  }
  return {};
}

std::string_view plugin_errors_name(PluginErrors value) {
  switch (value) {
    case PluginErrors::refuse:
      return "refuse";
    case PluginErrors::skip:
      return "skip";
  }
  return {};
}

}  // namespace conclib::config
