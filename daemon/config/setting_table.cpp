// SPDX-License-Identifier: MIT
#include "daemon/config/setting_table.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include "daemon/config/values.hpp"
#include "proto/limits.hpp"
#include "proto/url.hpp"
#include "proto/urn.hpp"

namespace conclib::config {

namespace {

using namespace std::chrono_literals;
using Problem = std::optional<std::string>;
using Text = std::string;
namespace limits = proto::limits;

constexpr std::uint32_t count_max = 10'000'000;
constexpr std::uint32_t workers_max = 256;
constexpr std::uint32_t threads_max = 256;
constexpr std::uint64_t window_bytes_max = 64ULL << 30;
constexpr std::uint64_t maxmemory_min = 8ULL << 20;
constexpr std::uint64_t maxmemory_max = std::numeric_limits<std::int64_t>::max();
constexpr auto timeout_max = 24h;

/// Stores a parsed value, or passes on what is wrong with it.
template <typename Field, typename T>
Problem store(Field& field, const Value<T>& value) {
  if (!value) return value.error();
  field = static_cast<Field>(*value);
  return std::nullopt;
}

/// Where a user who is not root keeps what belongs to a session, and what is to stay.
Text user_run_dir(const Surroundings& around) {
  const auto runtime = around.environment("XDG_RUNTIME_DIR").value_or("");
  return runtime.empty() ? fmt::format("/tmp/conclib-{}", around.user_id) : runtime + "/conclib";
}

Text user_state_dir(const Surroundings& around) {
  if (const auto state = around.environment("XDG_STATE_HOME").value_or(""); !state.empty()) {
    return state + "/conclib";
  }
  if (const auto home = around.environment("HOME").value_or(""); !home.empty()) {
    return home + "/.local/state/conclib";
  }
  return fmt::format("/tmp/conclib-{}/state", around.user_id);
}

Problem set_directory(Text& field, const Text& text) {
  if (text.empty()) return "it is empty; name a directory";
  std::error_code error;
  auto path = std::filesystem::absolute(text, error).lexically_normal();
  if (error) return fmt::format("'{}' is no path: {}", text, error.message());
  if (!path.has_filename() && path.has_relative_path()) path = path.parent_path();
  field = path.string();
  return std::nullopt;
}

std::uint32_t auto_workers(const Surroundings& around) {
  return std::clamp<std::uint32_t>(around.cores, 1, 4);
}

/// The cores shared out, but never one thread alone: a handler that blocks would hold up all.
std::uint32_t auto_threads(const Settings& settings, const Surroundings& around) {
  return std::clamp<std::uint32_t>(around.cores / settings.workers, 2, 16);
}

Problem unknown_choice(const Text& text, std::string_view choices) {
  return fmt::format("'{}' is not known; it can be {}", text, choices);
}

Problem set_namespace(Settings& to, const Text& text, const Surroundings&) {
  if (!proto::is_name(text)) {
    return fmt::format("'{}' is no name; take 1 to 64 of A-Z a-z 0-9 _ -", text);
  }
  to.name_space = text;
  return std::nullopt;
}

Problem set_workers(Settings& to, const Text& text, const Surroundings& around) {
  to.workers = auto_workers(around);
  if (text == "auto") return std::nullopt;
  return store(to.workers, parse_count(text, 1, workers_max));
}

Problem set_threads(Settings& to, const Text& text, const Surroundings& around) {
  to.threads = auto_threads(to, around);
  if (text == "auto") return std::nullopt;
  return store(to.threads, parse_count(text, 1, threads_max));
}

Problem set_partitions(Settings& to, const Text& text, const Surroundings&) {
  to.partitions = limits::partitions_default;
  to.partitions_given = text != "auto";
  if (!to.partitions_given) return std::nullopt;
  return store(to.partitions, parse_count(text, 1, limits::partitions_max));
}

Problem set_lease(Settings& to, const Text& text, const Surroundings&) {
  return store(to.lease, parse_duration(text, 500ms, 1h));
}

Problem set_plugin_dir(Settings& to, const Text& text, const Surroundings&) {
  return set_directory(to.plugin_dir, text);
}

Problem set_plugin_errors(Settings& to, const Text& text, const Surroundings&) {
  for (const auto value : {PluginErrors::refuse, PluginErrors::skip}) {
    to.plugin_errors = value;
    if (plugin_errors_name(value) == text) return std::nullopt;
  }
  return unknown_choice(text, "refuse or skip");
}

Problem set_run_dir(Settings& to, const Text& text, const Surroundings&) {
  return set_directory(to.run_dir, text);
}

Problem set_state_dir(Settings& to, const Text& text, const Surroundings&) {
  return set_directory(to.state_dir, text);
}

Problem set_redis_url(Settings& to, const Text& text, const Surroundings&) {
  to.redis_url = text;
  if (text.empty()) return std::nullopt;
  const auto url = proto::parse_redis_url(text);
  return url ? Problem() : url.error().text;
}

Problem set_redis_server(Settings& to, const Text& text, const Surroundings&) {
  if (text.empty()) return "it is empty; name the program, or write auto";
  to.redis_server = text == "auto" ? Text() : text;
  return std::nullopt;
}

Problem set_redis_maxmemory(Settings& to, const Text& text, const Surroundings&) {
  to.redis_maxmemory_bytes = 0;
  if (text == "0") return std::nullopt;
  return store(to.redis_maxmemory_bytes, parse_bytes(text, maxmemory_min, maxmemory_max));
}

Problem set_appendfsync(Settings& to, const Text& text, const Surroundings&) {
  for (const auto value : {AppendFsync::always, AppendFsync::everysec, AppendFsync::no}) {
    to.appendfsync = value;
    if (append_fsync_name(value) == text) return std::nullopt;
  }
  return unknown_choice(text, "always, everysec or no");
}

Problem set_redis_eviction(Settings& to, const Text& text, const Surroundings&) {
  to.accept_eviction = text == "accept";
  if (text == "accept" || text == "refuse") return std::nullopt;
  return unknown_choice(text, "refuse or accept");
}

Problem set_log_level(Settings& to, const Text& text, const Surroundings&) {
  const auto level = log::level_of(text);
  if (!level) return unknown_choice(text, "debug, info, warn or error");
  to.log_level = *level;
  return std::nullopt;
}

Problem set_drain_timeout(Settings& to, const Text& text, const Surroundings&) {
  return store(to.drain_timeout, parse_duration(text, 0ms, timeout_max));
}

Problem set_ask_timeout(Settings& to, const Text& text, const Surroundings&) {
  return store(to.ask_timeout, parse_duration(text, 1ms, timeout_max));
}

Problem set_handler_limit(Settings& to, const Text& text, const Surroundings&) {
  return store(to.handler_limit, parse_duration(text, 1ms, timeout_max));
}

Problem set_passivate_after(Settings& to, const Text& text, const Surroundings&) {
  return store(to.passivate_after, parse_duration(text, 0ms, timeout_max));
}

Problem set_stall_timeout(Settings& to, const Text& text, const Surroundings&) {
  return store(to.stall_timeout, parse_duration(text, 2s, timeout_max));
}

Problem set_mailbox_messages(Settings& to, const Text& text, const Surroundings&) {
  return store(to.mailbox_messages_max, parse_count(text, 1, proto::limits::mailbox_messages_max));
}

Problem set_window_messages(Settings& to, const Text& text, const Surroundings&) {
  return store(to.window_messages_max, parse_count(text, 1, count_max));
}

Problem set_window_bytes(Settings& to, const Text& text, const Surroundings&) {
  return store(to.window_bytes_max, parse_bytes(text, 64ULL << 10, window_bytes_max));
}

Problem set_entry_bytes_max(Settings& to, const Text& text, const Surroundings&) {
  return store(to.entry_bytes_max, parse_bytes(text, 1ULL << 10, limits::envelope_bytes_max));
}

constexpr std::string_view on_the_whole = "Deployment";
constexpr std::string_view on_plugins = "Plugins";
constexpr std::string_view on_directories = "Directories";
constexpr std::string_view on_redis = "Redis";
constexpr std::string_view on_times = "Log and times";
constexpr std::string_view on_limits = "Limits";

constexpr std::array settings{
    Setting{"namespace", on_the_whole, "NAME", "names this deployment in Redis", "default",
            set_namespace},
    Setting{"workers", on_the_whole, "N", "worker processes; auto: one for each core, at most 4",
            "auto", set_workers},
    Setting{"threads", on_the_whole, "N",
            "actor threads in each worker; auto: the cores shared out, 2 to 16", "auto",
            set_threads},
    Setting{"partitions", on_the_whole, "N",
            "queues of the namespace, fixed when it is created; auto: what it has, or 16", "auto",
            set_partitions},
    Setting{"lease", on_the_whole, "DURATION", "how long a dead host's partitions wait for another",
            "10s", set_lease},

    Setting{"plugin-dir", on_plugins, "DIR", "every *.so in it is loaded",
            "/usr/lib/conclib/plugins", set_plugin_dir},
    Setting{"plugin-errors", on_plugins, "WHAT",
            "a plugin that cannot be loaded: refuse to start, or skip it", "refuse",
            set_plugin_errors},

    Setting{"run-dir", on_directories, "DIR", "lock and socket; on a file system in memory",
            "/run/conclib", set_run_dir, user_run_dir},
    Setting{"state-dir", on_directories, "DIR", "what the embedded Redis keeps on the disk",
            "/var/lib/conclib", set_state_dir, user_state_dir},

    Setting{"redis-url", on_redis, "URL",
            "redis://user:password@host:port/db or unix:///path; else CONCLIB_URL; empty: embedded",
            "", set_redis_url},
    Setting{"redis-server", on_redis, "FILE",
            "program of the embedded Redis; auto: look for redis-server", "auto", set_redis_server},
    Setting{"redis-maxmemory", on_redis, "SIZE",
            "at which the embedded Redis refuses new messages; 0: no limit", "256mb",
            set_redis_maxmemory},
    Setting{"appendfsync", on_redis, "WHEN",
            "when the embedded Redis forces its file to the disk: always, everysec or no",
            "everysec", set_appendfsync},
    Setting{"redis-eviction", on_redis, "WHAT",
            "a Redis that may evict keys, and with them queues: refuse it, or accept it", "refuse",
            set_redis_eviction},

    Setting{"log-level", on_times, "LEVEL", "debug, info, warn or error", "info", set_log_level},
    Setting{"drain-timeout", on_times, "DURATION", "how long a stop waits for what is running",
            "10s", set_drain_timeout},
    Setting{"ask-timeout", on_times, "DURATION", "of an actor's ask that names none", "5s",
            set_ask_timeout},
    Setting{"handler-limit", on_times, "DURATION",
            "beyond which a running handler is reported as stuck", "5s", set_handler_limit},
    Setting{"passivate-after", on_times, "DURATION",
            "without messages until a keyed actor is stopped; 0: never", "10m",
            set_passivate_after},
    Setting{"stall-timeout", on_times, "DURATION",
            "how long a worker's loop may stand still before it is replaced", "10s",
            set_stall_timeout},

    Setting{"mailbox-messages", on_limits, "N", "messages that wait for one actor", "1024",
            set_mailbox_messages},
    Setting{"window-messages", on_limits, "N", "messages that a worker has read and not finished",
            "4096", set_window_messages},
    Setting{"window-bytes", on_limits, "SIZE", "the same in bytes", "64mb", set_window_bytes},
    Setting{"entry-bytes-max", on_limits, "SIZE", "the largest message that is taken", "1mb",
            set_entry_bytes_max},
};

}  // namespace

Surroundings Surroundings::of_process() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  const bool known = ::sched_getaffinity(0, sizeof cpus, &cpus) == 0;
  return {.environment = [](const std::string& name) -> std::optional<std::string> {
            const char* value = std::getenv(name.c_str());
            return value == nullptr ? std::nullopt : std::optional<std::string>(value);
          },
          .user_id = ::geteuid(),
          .cores = known ? static_cast<std::uint32_t>(std::max(1, CPU_COUNT(&cpus))) : 1};
}

std::string Setting::default_text(const Surroundings& around) const {
  const bool for_user = user_fallback != nullptr && around.user_id != 0;
  return for_user ? user_fallback(around) : std::string(fallback);
}

std::string Setting::variable() const {
  std::string result = "CONCLIB_";
  for (const char c : name) {
    result += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return result;
}

std::span<const Setting> setting_table() { return settings; }

}  // namespace conclib::config
