// SPDX-License-Identifier: MIT
#include <regex>
#include <set>

#include <doctest/doctest.h>

#include "daemon/config/toml.hpp"
#include "tests/unit/config/command.hpp"

using namespace conclib::config;
using conclib::config::test::Command;
using conclib::config::test::SettingsFile;

namespace {

/// Name and default of every setting, as --help has them. An empty default is written "empty".
std::map<std::string, std::string> settings_of_help() {
  const auto help = Command{{"--help"}}.parse();
  REQUIRE(help.has_value());
  const std::regex line(R"(--([a-z-]+) [A-Z]+\s[^(]*\(default: ([^;]*); env: (CONCLIB_[A-Z_]+)\))");
  std::map<std::string, std::string> found;
  for (std::sregex_iterator at(help->text.begin(), help->text.end(), line), end; at != end; ++at) {
    found[(*at)[1]] = (*at)[2];
  }
  return found;
}

std::map<std::string, std::string> settings_of_shipped_file() {
  std::ifstream stream(CONCLIB_SETTINGS_FILE);
  const std::string contents(std::istreambuf_iterator<char>(stream), {});
  const auto entries = parse_toml(contents);
  REQUIRE_MESSAGE(entries.has_value(), entries.error().text);
  std::map<std::string, std::string> found;
  for (const auto& entry : *entries) {
    found[entry.dotted()] = entry.value.empty() ? "empty" : entry.value;
  }
  return found;
}

}  // namespace

TEST_CASE("the shipped settings file has exactly the settings and the defaults of --help") {
  const auto help = settings_of_help();
  CHECK(help.size() == setting_table().size());
  CHECK(settings_of_shipped_file() == help);
}

TEST_CASE("the shipped settings file changes nothing") {
  const auto plain = Command{}.settings();
  const auto shipped = Command{{"--config", CONCLIB_SETTINGS_FILE}}.settings();
  CHECK(shipped.run_dir == plain.run_dir);
  CHECK(shipped.partitions_given == plain.partitions_given);
  CHECK(shipped.embedded_redis());
  CHECK(shipped.plugins.empty());
}

TEST_CASE("a plugin's table reaches its settings as text") {
  const SettingsFile file(
      "lease = \"2s\"\n"
      "[plugin.counter]\nstep = 2\nname = \"a # b\"  # a comment\nloud = true\n"
      "[plugin.\"my-shop\"]\ndsn = 'pg://x'\n");
  const auto settings = Command{{"--config", file.path()}}.settings();
  CHECK(settings.plugins == decltype(settings.plugins){
                                {"counter", {{"step", "2"}, {"name", "a # b"}, {"loud", "true"}}},
                                {"my-shop", {{"dsn", "pg://x"}}}});
}

TEST_CASE("an unknown key in the file is refused with its line and the nearest that there is") {
  const SettingsFile file("# settings\nrun_dir = \"/x\"\n");
  CHECK(Command{{"--config", file.path()}}.refusal() == "the key 'run_dir' in " + file.path() +
                                                            ", line 2 is not known; did you mean "
                                                            "run-dir?");
  const SettingsFile table("[redis]\nurl = \"x\"\n");
  CHECK(Command{{"--config", table.path()}}.refusal().find("the key 'redis.url' in ") == 0);
  const SettingsFile shallow("[plugin]\ncounter = 1\n");
  CHECK(Command{{"--config", shallow.path()}}.refusal().find("below [plugin.NAME]") !=
        std::string::npos);
}

TEST_CASE("a settings file that cannot be read is named") {
  CHECK(Command{{"--config", "/nowhere/conclibd.toml"}}.refusal() ==
        "config, on the command line: the file '/nowhere/conclibd.toml' cannot be read: No such "
        "file or directory");
  CHECK(Command{{"--config", "/"}}.refusal() ==
        "config, on the command line: the file '/' cannot be read: Is a directory");
  CHECK(Command{{"--config", "/dev/null"}}.settings().workers == 2);
  const SettingsFile file("lease = 10s\n");
  CHECK(Command{{"--config", file.path()}}.refusal() ==
        file.path() + ", line 1: text needs quotes: \"10s\"");
}
