// SPDX-License-Identifier: MIT
#include "sdk/cli/duration.hpp"

#include <charconv>
#include <limits>
#include <string_view>
#include <system_error>

namespace conclib::cli {
namespace {

constexpr std::uint64_t second = 1000;
constexpr std::uint64_t minute = 60 * second;
constexpr std::uint64_t hour = 60 * minute;
constexpr std::uint64_t day = 24 * hour;

}  // namespace

std::optional<std::uint32_t> parse_duration(const std::string& text) {
  std::uint32_t number = 0;
  const auto* const end_of_text = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), end_of_text, number);
  if (error != std::errc{} || number == 0) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(end_of_text - end));
  std::uint64_t factor = 0;
  if (unit == "ms") factor = 1;
  if (unit == "s") factor = second;
  if (unit == "m") factor = minute;
  if (unit == "h") factor = hour;
  const auto ms = number * factor;
  if (ms == 0 || ms > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(ms);
}

std::string short_duration(std::uint64_t ms) {
  if (ms < 10 * second)
    return std::to_string(ms / second) + "." + std::to_string(ms / 100 % 10) + "s";
  if (ms < 2 * minute) return std::to_string(ms / second) + "s";
  if (ms < 2 * hour) return std::to_string(ms / minute) + "m";
  if (ms < 2 * day) return std::to_string(ms / hour) + "h";
  return std::to_string(ms / day) + "d";
}

}  // namespace conclib::cli
