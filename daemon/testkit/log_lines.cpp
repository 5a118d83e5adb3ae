// SPDX-License-Identifier: MIT
#include "daemon/testkit/log_lines.hpp"

#include <array>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>

#include "proto/assert.hpp"

namespace conclib::testkit {
namespace {

constexpr std::string_view role = "kit";

/// "<4>kit runtime: text" as "warn runtime: text".
std::string in_words(std::string_view line) {
  std::string_view level = "info";
  if (line.starts_with("<7>")) level = "debug";
  if (line.starts_with("<4>")) level = "warn";
  if (line.starts_with("<3>")) level = "error";
  const auto begin = line.find(role);
  if (begin != line.npos) line.remove_prefix(begin + role.size() + 1);
  return std::string(level).append(" ").append(line);
}

}  // namespace

LogLines::LogLines()
    : file_(::memfd_create("conclib-testkit-log", MFD_CLOEXEC)),
      log_(log::Level::debug, role, file_, log::Format::journal) {
  CONCLIB_ASSERT(file_ >= 0);
}

LogLines::~LogLines() { ::close(file_); }

std::vector<std::string> LogLines::read() const {
  std::string text;
  std::array<char, 65536> piece;
  for (;;) {
    const auto got = ::pread(file_, piece.data(), piece.size(), static_cast<off_t>(text.size()));
    if (got <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = text.find('\n', begin);
    lines.push_back(in_words(std::string_view(text).substr(begin, end - begin)));
    if (end == text.npos) break;
    begin = end + 1;
  }
  return lines;
}

}  // namespace conclib::testkit
