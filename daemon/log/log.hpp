// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>
#include <unistd.h>

namespace conclib::log {

enum class Level { debug, info, warn, error };

/// "debug", "info", "warn" or "error": static text. level_of is the way back.
[[nodiscard]] std::string_view level_name(Level level);
[[nodiscard]] std::optional<Level> level_of(std::string_view name);

/// How a line begins: with the time, or as the journal of systemd wants it, which has a clock of
/// its own and takes the priority from `<N>`.
enum class Format { timed, journal };

/// `journal` if the descriptor is the one that JOURNAL_STREAM names, else `timed`.
[[nodiscard]] Format format_of(int fd);

/// Writes what happens, one line for each event, on a file descriptor:
///
///     2026-01-31T12:00:00.000+0000 info  worker-0 queue: took partition 3
///     <6>worker-0 queue: took partition 3
///
/// Control characters in a text are escaped, so a line stays one line whatever it quotes.
/// Threading: any thread. Nothing throws, and nothing blocks but the write itself; a line that
/// cannot be written is lost.
/// Limit: a line is cut at `text_bytes_max`.
class Log {
 public:
  static constexpr std::size_t text_bytes_max = 8192;

  /// `role` names the process, such as "master" or "worker-0". `fd` stays the caller's and must
  /// outlive the log.
  Log(Level threshold, std::string_view role, int fd = STDERR_FILENO);
  Log(Level threshold, std::string_view role, int fd, Format format);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  /// Whether lines of this level are written.
  [[nodiscard]] bool enabled(Level level) const noexcept { return level >= threshold_; }

  /// Writes one line. `component` is the part of the process that speaks, such as "queue".
  void write(Level level, std::string_view component, std::string_view text) const noexcept;

  /// The same with a text in the manner of fmt: `log.info("queue", "took partition {}", p)`. The
  /// arguments are formatted only if the level is enabled.
  template <typename... Args>
  void debug(std::string_view component, fmt::format_string<Args...> format,
             Args&&... args) const noexcept {
    write_formatted(Level::debug, component, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void info(std::string_view component, fmt::format_string<Args...> format,
            Args&&... args) const noexcept {
    write_formatted(Level::info, component, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void warn(std::string_view component, fmt::format_string<Args...> format,
            Args&&... args) const noexcept {
    write_formatted(Level::warn, component, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void error(std::string_view component, fmt::format_string<Args...> format,
             Args&&... args) const noexcept {
    write_formatted(Level::error, component, format, std::forward<Args>(args)...);
  }

 private:
  struct Sink;

  template <typename... Args>
  void write_formatted(Level level, std::string_view component, fmt::format_string<Args...> format,
                       Args&&... args) const noexcept {
    if (enabled(level)) write_erased(level, component, format, fmt::make_format_args(args...));
  }
  void write_erased(Level level, std::string_view component, fmt::string_view format,
                    fmt::format_args args) const noexcept;

  Level threshold_;
  Format format_;
  std::string role_;
  std::unique_ptr<Sink> sink_;
};

}  // namespace conclib::log
