// SPDX-License-Identifier: MIT
#include "daemon/worker/control.hpp"

#include <algorithm>
#include <charconv>

namespace conclib::worker {

namespace {

constexpr std::size_t text_bytes_max = 2048;
constexpr std::size_t line_bytes_max = 4096;
constexpr std::string_view fatal_word = "fatal ";

config::ExitCode known_code(int number) {
#define CONCLIB_EXIT_KNOWN(name, value, meaning) \
  if (number == (value)) return config::ExitCode::name;
  CONCLIB_EXIT_CODES(CONCLIB_EXIT_KNOWN)
#undef CONCLIB_EXIT_KNOWN
  return config::ExitCode::internal;
}

}  // namespace

std::string encode_control(const ControlLine& line) {
  switch (line.kind) {
    case ControlLine::Kind::ready:
      return "ready\n";
    case ControlLine::Kind::beat:
      return "beat\n";
    case ControlLine::Kind::fatal:
      break;
  }
  auto text = line.text.substr(0, text_bytes_max);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return std::string(fatal_word) + std::to_string(static_cast<int>(line.code)) + ' ' + text + '\n';
}

std::optional<ControlLine> decode_control(std::string_view line) {
  if (line == "ready") return ControlLine{.kind = ControlLine::Kind::ready, .text = {}};
  if (line == "beat") return ControlLine{.kind = ControlLine::Kind::beat, .text = {}};
  if (line.substr(0, fatal_word.size()) != fatal_word) return std::nullopt;
  line.remove_prefix(fatal_word.size());
  int number = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  if (error != std::errc{} || end == line.data() + line.size() || *end != ' ') return std::nullopt;
  line.remove_prefix(static_cast<std::size_t>(end - line.data()) + 1);
  return ControlLine{
      .kind = ControlLine::Kind::fatal, .code = known_code(number), .text = std::string(line)};
}

std::vector<ControlLine> ControlReader::feed(std::string_view bytes) {
  std::vector<ControlLine> lines;
  for (const char c : bytes) {
    if (c != '\n') {
      too_long_ = too_long_ || line_.size() == line_bytes_max;
      if (!too_long_) line_ += c;
      continue;
    }
    if (auto line = too_long_ ? std::nullopt : decode_control(line_)) {
      lines.push_back(*std::move(line));
    }
    line_.clear();
    too_long_ = false;
  }
  return lines;
}

}  // namespace conclib::worker
