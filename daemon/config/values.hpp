// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace conclib::config {

/// A value, or what is wrong with its text and how to write it: a clause such as "'5x' is not a
/// duration; write it like 500ms, 10s or 1m".
template <typename T>
using Value = tl::expected<T, std::string>;

/// A whole number in [min, max].
[[nodiscard]] Value<std::uint64_t> parse_count(std::string_view text, std::uint64_t min,
                                               std::uint64_t max);

/// A whole number with a unit: ms, s, m or h; within [min, max].
[[nodiscard]] Value<std::chrono::milliseconds> parse_duration(std::string_view text,
                                                              std::chrono::milliseconds min,
                                                              std::chrono::milliseconds max);

/// A whole number of bytes with an optional unit: kb, mb or gb (powers of 1024); within [min, max].
[[nodiscard]] Value<std::uint64_t> parse_bytes(std::string_view text, std::uint64_t min,
                                               std::uint64_t max);

/// The shortest exact text in the form that the parsers above read.
[[nodiscard]] std::string duration_text(std::chrono::milliseconds value);
[[nodiscard]] std::string bytes_text(std::uint64_t value);

}  // namespace conclib::config
