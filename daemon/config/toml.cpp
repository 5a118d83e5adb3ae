// SPDX-License-Identifier: MIT
#include "daemon/config/toml.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "proto/urn.hpp"

namespace conclib::config {

namespace {

using proto::Result;
using Path = std::vector<std::string>;

bool is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

/// Reads one line from left to right.
class LineReader {
 public:
  LineReader(std::string_view line, int number) : rest_(line), number_(number) {}

  /// Skips spaces, and says whether nothing but a comment is left.
  bool at_end() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t'))
      rest_.remove_prefix(1);
    return rest_.empty() || rest_.front() == '#';
  }

  bool take(char c) {
    if (at_end() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  Result<Path> path() {
    Path names;
    do {
      auto name = key();
      if (!name) return tl::unexpected(std::move(name.error()));
      names.push_back(std::move(*name));
    } while (take('.'));
    return names;
  }

  Result<std::string> value() {
    if (at_end()) return refuse("a value is missing after '='");
    if (rest_.front() == '"' || rest_.front() == '\'') return quoted();
    if (rest_.front() == '[' || rest_.front() == '{') {
      return refuse("arrays and inline tables are not known here; write one value, or a [table]");
    }
    const auto word = bare([](char c) { return is_bare(c) || c == '.' || c == '+'; });
    if (word == "true" || word == "false") return std::string(word);
    std::string number;
    std::remove_copy(word.begin(), word.end(), std::back_inserter(number), '_');
    if (!is_number(number) || (!at_end() && rest_.front() != '#')) {
      return refuse(fmt::format("text needs quotes: \"{}\"", word));
    }
    return number;
  }

  Result<void> end() {
    if (!at_end()) return refuse(fmt::format("'{}' is one thing too many", rest_));
    return {};
  }

  [[nodiscard]] tl::unexpected<proto::Error> refuse(std::string_view why) const {
    return proto::fail(proto::Status::bad_argument, fmt::format("line {}: {}", number_, why));
  }

 private:
  Result<std::string> key() {
    if (at_end()) return refuse("a key is missing");
    if (rest_.front() == '"' || rest_.front() == '\'') return quoted();
    const auto name = bare(is_bare);
    if (name.empty()) return refuse(fmt::format("'{}' cannot stand in a key", rest_.front()));
    return std::string(name);
  }

  template <typename Accepts>
  std::string_view bare(Accepts accepts) {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), accepts);
    const auto word = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(word.size());
    return word;
  }

  static bool is_number(std::string_view text) {
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
    const auto digits = [](std::string_view part) {
      return !part.empty() &&
             std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
    };
    const auto dot = text.find('.');
    if (dot == std::string_view::npos) return digits(text);
    return digits(text.substr(0, dot)) && digits(text.substr(dot + 1));
  }

  Result<std::string> quoted() {
    const char quote = rest_.front();
    rest_.remove_prefix(1);
    std::string text;
    while (!rest_.empty() && rest_.front() != quote) {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '\\' && quote == '"') {
        const auto escaped = escape();
        if (!escaped) return refuse("after '\\' only one of \" \\ b f n r t is known");
        c = *escaped;
      }
      text += c;
    }
    if (rest_.empty()) return refuse(fmt::format("the closing {} is missing", quote));
    rest_.remove_prefix(1);
    return text;
  }

  std::optional<char> escape() {
    constexpr std::string_view letters = "\"\\bfnrt";
    constexpr std::string_view meanings = "\"\\\b\f\n\r\t";
    const auto at = rest_.empty() ? std::string_view::npos : letters.find(rest_.front());
    if (at == std::string_view::npos) return std::nullopt;
    rest_.remove_prefix(1);
    return meanings[at];
  }

  std::string_view rest_;
  int number_;
};

/// `[a.b]`, the bracket still to be read.
Result<Path> read_table(LineReader& reader) {
  (void)reader.take('[');
  if (reader.take('[')) return reader.refuse("arrays of tables are not known here");
  auto path = reader.path();
  if (!path) return path;
  if (!reader.take(']')) return reader.refuse("the closing ] is missing");
  if (auto end = reader.end(); !end) return tl::unexpected(std::move(end.error()));
  return path;
}

Result<TomlEntry> read_entry(LineReader& reader, const Path& table, int line) {
  TomlEntry entry{.path = table, .value = {}, .line = line};
  auto path = reader.path();
  if (!path) return tl::unexpected(std::move(path.error()));
  std::move(path->begin(), path->end(), std::back_inserter(entry.path));
  if (!reader.take('=')) return reader.refuse("'=' is missing after the key");
  auto value = reader.value();
  if (!value) return tl::unexpected(std::move(value.error()));
  entry.value = std::move(*value);
  if (auto end = reader.end(); !end) return tl::unexpected(std::move(end.error()));
  return entry;
}

}  // namespace

std::string TomlEntry::dotted() const { return fmt::format("{}", fmt::join(path, ".")); }

Result<std::vector<TomlEntry>> parse_toml(std::string_view text) {
  std::vector<TomlEntry> entries;
  std::set<Path> seen;
  Path table;
  for (int number = 1; !text.empty(); ++number) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    LineReader reader(line, number);
    if (!proto::is_utf8(line)) return reader.refuse("this is not UTF-8");
    if (reader.at_end()) continue;
    if (line.find_first_not_of(" \t") == line.find('[')) {
      auto path = read_table(reader);
      if (!path) return tl::unexpected(std::move(path.error()));
      table = std::move(*path);
      continue;
    }
    auto entry = read_entry(reader, table, number);
    if (!entry) return tl::unexpected(std::move(entry.error()));
    if (!seen.insert(entry->path).second) {
      return reader.refuse(fmt::format("'{}' stands here a second time", entry->dotted()));
    }
    entries.push_back(std::move(*entry));
  }
  return entries;
}

}  // namespace conclib::config
