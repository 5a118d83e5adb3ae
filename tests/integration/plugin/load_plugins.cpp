// SPDX-License-Identifier: MIT
/// Loads the plugins of a folder as conclibd does, prints each with its types, and ends:
/// load_plugins DIRECTORY. Exit code 1 if one is refused.
#include <cstdio>
#include <iostream>

#include "daemon/plugin/plugin_directory.hpp"

namespace {

/// No actor runs here, so none needs the host.
void fill_nothing(conclib_host& /*host*/) {}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: load_plugins DIRECTORY\n";
    return 2;
  }
  const conclib::log::Log log(conclib::log::Level::warn, "load_plugins");
  const auto plugins = conclib::plugin::PluginDirectory::load({argv[1], {}, &fill_nothing}, log);
  if (!plugins) {
    std::cerr << plugins.error().text << '\n';
    return 1;
  }
  for (const auto& plugin : (*plugins)->report()) {
    std::cout << plugin.name << ' ' << plugin.version << ':';
    for (const auto& type : plugin.types) std::cout << ' ' << type;
    std::cout << '\n';
  }
  return (*plugins)->refusals().empty() ? 0 : 1;
}
