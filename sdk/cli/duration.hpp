// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace conclib::cli {

/// Reads 500ms, 2s, 1m or 1h as milliseconds, from 1 ms up to 49 days.
[[nodiscard]] std::optional<std::uint32_t> parse_duration(const std::string& text);

/// An age for a narrow column: 0.4s, 12s, 5m, 3h, 2d.
[[nodiscard]] std::string short_duration(std::uint64_t ms);

}  // namespace conclib::cli
