// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "daemon/config/settings.hpp"

namespace conclib::config {

/// What the defaults depend on.
struct Surroundings {
  /// The value of an environment variable.
  std::function<std::optional<std::string>(const std::string&)> environment;
  std::uint32_t user_id = 0;
  std::uint32_t cores = 1;

  /// Those of this process.
  [[nodiscard]] static Surroundings of_process();
};

/// One setting: everything that --help, the settings file, the environment and the command line
/// know of it.
struct Setting {
  std::string_view name;         ///< `run-dir`: flag `--run-dir`, key `run-dir`.
  std::string_view group;        ///< Under which heading --help lists it.
  std::string_view placeholder;  ///< What stands for the value in --help.
  std::string_view description;  ///< A phrase for --help.
  std::string_view fallback;     ///< The default, written as a user would write it.
  /// Checks the text and puts its value into the settings, or says what is wrong with it.
  std::optional<std::string> (*apply)(Settings&, const std::string& text, const Surroundings&);
  /// The default of a user who is not root, where that is another one.
  std::string (*user_fallback)(const Surroundings&) = nullptr;

  [[nodiscard]] std::string default_text(const Surroundings& around) const;
  /// `CONCLIB_RUN_DIR`.
  [[nodiscard]] std::string variable() const;
};

/// All settings, in the order of --help and of config/conclibd.toml.
[[nodiscard]] std::span<const Setting> setting_table();

}  // namespace conclib::config
