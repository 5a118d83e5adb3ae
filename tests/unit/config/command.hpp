// SPDX-License-Identifier: MIT
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

#include "daemon/config/arguments.hpp"

namespace conclib::config::test {

/// A call of conclibd: its arguments and what lies around it. By default root on two cores.
struct Command {
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment = {};
  std::uint32_t user_id = 0;
  std::uint32_t cores = 2;

  [[nodiscard]] Outcome<Invocation> parse() const {
    std::vector<const char*> argv{"conclibd"};
    for (const auto& argument : arguments) argv.push_back(argument.c_str());
    const Surroundings around{
        .environment = [this](const std::string& name) -> std::optional<std::string> {
          const auto found = environment.find(name);
          return found == environment.end() ? std::nullopt : std::optional(found->second);
        },
        .user_id = user_id,
        .cores = cores};
    return config::parse(static_cast<int>(argv.size()), argv.data(), around);
  }

  /// The settings of a call that must succeed.
  [[nodiscard]] Settings settings() const {
    auto invocation = parse();
    REQUIRE_MESSAGE(invocation.has_value(), invocation.error().text);
    return invocation->settings;
  }

  /// The line of a call that must fail.
  [[nodiscard]] std::string refusal() const {
    const auto invocation = parse();
    REQUIRE_FALSE(invocation.has_value());
    CHECK(invocation.error().code == ExitCode::usage);
    CHECK(invocation.error().text.find('\n') == std::string::npos);
    return invocation.error().text;
  }
};

/// A settings file that lives as long as this.
class SettingsFile {
 public:
  explicit SettingsFile(const std::string& contents) {
    std::string name = std::filesystem::temp_directory_path() / "conclibd-XXXXXX";
    const int fd = ::mkstemp(name.data());
    REQUIRE(fd >= 0);
    ::close(fd);
    path_ = name;
    std::ofstream(path_) << contents;
  }
  ~SettingsFile() { std::filesystem::remove(path_); }
  SettingsFile(const SettingsFile&) = delete;
  SettingsFile& operator=(const SettingsFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace conclib::config::test
