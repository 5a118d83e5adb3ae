// SPDX-License-Identifier: MIT
#include "daemon/config/arguments.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <system_error>

#include <fmt/format.h>

#include "daemon/config/command_line.hpp"
#include "daemon/config/toml.hpp"
#include "proto/url.hpp"

namespace conclib::config {

namespace {

/// What a socket's address can hold, without the NUL at its end.
constexpr std::size_t socket_path_bytes_max = 107;

constexpr std::string_view plugin_table = "plugin";
constexpr std::string_view by_default = "by default";

/// A text and where it was written, for messages.
struct Source {
  std::string text;
  std::string place;
};
using Sources = std::map<std::string_view, Source>;

tl::unexpected<Failure> refuse(std::string text) {
  return failure(ExitCode::usage, std::move(text));
}

/// The value of a setting by flag or variable.
std::optional<Source> given(const CommandLine& line, std::string_view name,
                            const std::string& variable, const Surroundings& surroundings) {
  if (auto text = line.text(name)) return Source{*std::move(text), "on the command line"};
  if (auto text = surroundings.environment(variable)) {
    return Source{*std::move(text), "in the environment variable " + variable};
  }
  return std::nullopt;
}

/// Takes apart the settings file: settings into `sources`, plugin tables into `plugins`.
Outcome<void> read_file(const Source& file, Sources& sources,
                        decltype(Settings::plugins)& plugins) {
  std::ifstream stream(file.text);
  int error = stream.is_open() ? 0 : errno;
  std::error_code ignored;
  if (std::filesystem::is_directory(file.text, ignored)) error = EISDIR;
  if (error != 0) {
    return refuse(fmt::format("config, {}: the file '{}' cannot be read: {}", file.place, file.text,
                              std::generic_category().message(error)));
  }
  std::ostringstream contents;
  contents << stream.rdbuf();
  auto entries = parse_toml(contents.str());
  if (!entries) return refuse(fmt::format("{}, {}", file.text, entries.error().text));
  for (auto& entry : *entries) {
    const auto place = fmt::format("in {}, line {}", file.text, entry.line);
    if (entry.path.front() == plugin_table) {
      if (entry.path.size() != 3) {
        return refuse(
            fmt::format("'{}' {} is no plugin's setting; write key = value below [plugin.NAME]",
                        entry.dotted(), place));
      }
      plugins[entry.path[1]][entry.path[2]] = std::move(entry.value);
      continue;
    }
    const auto table = setting_table();
    const auto setting = std::find_if(table.begin(), table.end(), [&entry](const Setting& each) {
      return entry.path.size() == 1 && each.name == entry.path.front();
    });
    if (setting == table.end()) {
      return refuse(fmt::format("the key '{}' {} is not known{}", entry.dotted(), place,
                                name_suggestion("", entry.path.back())));
    }
    sources.insert_or_assign(setting->name, Source{std::move(entry.value), place});
  }
  return {};
}

/// Takes the namespace from the URL where only that names one.
std::optional<std::string> settle_namespace(Settings& settings) {
  const auto url = proto::parse_redis_url(settings.redis_url);
  const proto::RedisUrl unset;
  if (!url || url->name_space == unset.name_space) return std::nullopt;
  if (settings.name_space != unset.name_space && settings.name_space != url->name_space) {
    return fmt::format("namespace: it is '{}', but redis-url says ns={}; leave one of them out",
                       settings.name_space, url->name_space);
  }
  settings.name_space = url->name_space;
  return std::nullopt;
}

/// What is wrong with settings that are right each for itself.
std::optional<std::string> conflict(Settings& settings) {
  if (settings.embedded_redis() && settings.redis_socket().size() > socket_path_bytes_max) {
    return fmt::format(
        "run-dir: '{}' is too long for the socket in it, which may have {} bytes; name a shorter "
        "directory",
        settings.run_dir, socket_path_bytes_max);
  }
  if (settings.entry_bytes_max > settings.window_bytes_max) {
    return fmt::format("window-bytes: {} is less than entry-bytes-max, {}; raise it",
                       settings.window_bytes_max, settings.entry_bytes_max);
  }
  return settings.embedded_redis() ? std::nullopt : settle_namespace(settings);
}

/// Where nothing says which Redis to use: the one that the clients' CONCLIB_URL names; but where
/// that is the socket of this very daemon, its embedded one.
std::optional<std::string> settle_redis(Settings& settings, const Surroundings& surroundings) {
  const auto text = surroundings.environment("CONCLIB_URL").value_or("");
  if (text.empty()) return std::nullopt;
  const auto url = proto::parse_redis_url(text);
  if (!url) {
    return fmt::format("redis-url, in the environment variable CONCLIB_URL: {}", url.error().text);
  }
  settings.redis_url = text;
  if (!url->is_unix || url->path != settings.redis_socket()) return std::nullopt;
  auto problem = settle_namespace(settings);
  settings.redis_url.clear();
  return problem;
}

Outcome<Settings> resolve(const CommandLine& line, const Surroundings& surroundings) {
  Settings settings;
  Sources sources;
  if (const auto file = given(line, "config", "CONCLIB_CONFIG", surroundings)) {
    if (auto read = read_file(*file, sources, settings.plugins); !read) {
      return tl::unexpected(std::move(read.error()));
    }
  }
  for (const auto& setting : setting_table()) {
    if (auto source = given(line, setting.name, setting.variable(), surroundings)) {
      sources.insert_or_assign(setting.name, *std::move(source));
    }
    const auto [source, missing] = sources.try_emplace(
        setting.name, Source{setting.default_text(surroundings), std::string(by_default)});
    if (auto problem = setting.apply(settings, source->second.text, surroundings)) {
      return refuse(fmt::format("{}, {}: {}", setting.name, source->second.place, *problem));
    }
  }
  if (sources.at("redis-url").place == by_default) {
    if (auto problem = settle_redis(settings, surroundings)) return refuse(*std::move(problem));
  }
  if (auto problem = conflict(settings)) return refuse(*std::move(problem));
  return settings;
}

/// The seat of a worker; nothing if the hidden flags are not there.
Outcome<std::optional<WorkerSeat>> seat_of(const CommandLine& line) {
  const auto index = line.text("worker-index");
  if (!index) return std::nullopt;
  const auto number = [&line](std::string_view name) {
    return std::atoi(line.text(name).value_or("-1").c_str());
  };
  WorkerSeat seat{.index = number("worker-index"),
                  .control_fd = number("control-fd"),
                  .master_pid = number("master-pid"),
                  .node_id = line.text("node-id").value_or("")};
  if (seat.index < 0 || seat.control_fd < 0 || seat.master_pid <= 0 || seat.node_id.size() != 32) {
    return refuse("--worker-index is for conclibd itself, which starts its workers with it");
  }
  return seat;
}

}  // namespace

Outcome<Invocation> parse(int argc, const char* const* argv, const Surroundings& surroundings) {
  Invocation invocation;
  CommandLine line(surroundings);
  auto printed = line.read(argc, argv);
  if (!printed) return tl::unexpected(std::move(printed.error()));
  if (*printed) {
    invocation.action = Invocation::Action::print;
    invocation.text = **std::move(printed);
    return invocation;
  }
  auto settings = resolve(line, surroundings);
  if (!settings) return tl::unexpected(std::move(settings.error()));
  auto seat = seat_of(line);
  if (!seat) return tl::unexpected(std::move(seat.error()));
  if (line.check()) invocation.action = Invocation::Action::check;
  invocation.settings = *std::move(settings);
  invocation.seat = *std::move(seat);
  return invocation;
}

}  // namespace conclib::config
