// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proto/result.hpp"

namespace conclib::config {

/// One `key = value` of a settings file.
struct TomlEntry {
  std::vector<std::string> path;  ///< The names of its table and its key, such as plugin, x, size.
  std::string value;              ///< A string's contents; of a number or boolean the text.
  int line = 0;                   ///< From 1.

  /// The path with dots between its names.
  [[nodiscard]] std::string dotted() const;
};

/// Reads the part of TOML that settings need: comments, tables, bare, quoted and dotted keys, and
/// one-line values: strings, numbers and booleans. Arrays, inline tables, dates and multi-line
/// strings are refused, and so is a key that stands twice. An error is BAD_ARGUMENT and its text
/// begins with "line N: ".
[[nodiscard]] proto::Result<std::vector<TomlEntry>> parse_toml(std::string_view text);

}  // namespace conclib::config
