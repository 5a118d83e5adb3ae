// SPDX-License-Identifier: MIT
#include "daemon/log/log.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <mutex>

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/stat.h>

namespace conclib::log {

namespace {

constexpr std::array<std::string_view, 4> names{"debug", "info", "warn", "error"};

/// The priorities of syslog, as the journal reads them.
constexpr std::array<char, 4> priorities{'7', '6', '4', '3'};

/// One write for one line, so that lines of several processes on one pipe do not mix.
class DescriptorSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit DescriptorSink(int fd) : fd_(fd) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    base_sink<std::mutex>::formatter_->format(message, line);
    const char* rest = line.data();
    std::size_t left = line.size();
    while (left > 0) {
      const ssize_t written = ::write(fd_, rest, left);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return;
      rest += written;
      left -= static_cast<std::size_t>(written);
    }
  }
  void flush_() override {}

 private:
  int fd_;
};

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

void append_escaped(std::string& line, std::string_view text) {
  const auto whole = text.substr(0, Log::text_bytes_max);
  for (const char c : whole) {
    if (c == '\n') {
      line += "\\n";
    } else if (is_control(c) && c != '\t') {
      fmt::format_to(std::back_inserter(line), "\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      line += c;
    }
  }
  if (whole.size() < text.size()) line += " [cut]";
}

}  // namespace

std::string_view level_name(Level level) { return names[static_cast<std::size_t>(level)]; }

std::optional<Level> level_of(std::string_view name) {
  for (const auto level : {Level::debug, Level::info, Level::warn, Level::error}) {
    if (level_name(level) == name) return level;
  }
  return std::nullopt;
}

Format format_of(int fd) {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat about {};
  if (stream == nullptr || ::fstat(fd, &about) != 0) return Format::timed;
  return fmt::format("{}:{}", about.st_dev, about.st_ino) == stream ? Format::journal
                                                                    : Format::timed;
}

struct Log::Sink {
  explicit Sink(int fd) : logger("conclib", std::make_shared<DescriptorSink>(fd)) {}
  spdlog::logger logger;
};

Log::Log(Level threshold, std::string_view role, int fd)
    : Log(threshold, role, fd, format_of(fd)) {}

Log::Log(Level threshold, std::string_view role, int fd, Format format)
    : threshold_(threshold), format_(format), role_(role), sink_(std::make_unique<Sink>(fd)) {
  sink_->logger.set_level(spdlog::level::trace);
  sink_->logger.set_error_handler([](const std::string&) {});
  sink_->logger.set_pattern(format == Format::journal ? "%v" : "%Y-%m-%dT%H:%M:%S.%e%z %v");
}

Log::~Log() = default;

void Log::write(Level level, std::string_view component, std::string_view text) const noexcept {
  if (!enabled(level)) return;
  try {
    std::string line;
    line.reserve(role_.size() + component.size() + text.size() + 16);
    if (format_ == Format::journal) {
      line += {'<', priorities[static_cast<std::size_t>(level)], '>'};
    } else {
      fmt::format_to(std::back_inserter(line), "{:<5} ", level_name(level));
    }
    line += role_;
    line += ' ';
    append_escaped(line, component);
    line += ": ";
    append_escaped(line, text);
    sink_->logger.log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  } catch (...) {
    // Out of memory: a lost line is the lesser evil.
  }
}

void Log::write_erased(Level level, std::string_view component, fmt::string_view format,
                       fmt::format_args args) const noexcept {
  try {
    const std::string text = fmt::vformat(format, args);
    write(level, component, text);
  } catch (...) {
    write(level, component, std::string_view(format.data(), format.size()));
  }
}

}  // namespace conclib::log
