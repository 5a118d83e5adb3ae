// SPDX-License-Identifier: MIT
#include "daemon/config/values.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include <fmt/format.h>

namespace conclib::config {

namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<Unit, 4> duration_units{
    {{"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr std::array<Unit, 4> byte_units{
    {{"gb", 1ULL << 30}, {"mb", 1ULL << 20}, {"kb", 1ULL << 10}, {"", 1}}};

/// Reads digits and gives what follows them; nothing if there are none or they do not fit.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

template <std::size_t N>
std::optional<std::uint64_t> with_unit(std::string_view text, const std::array<Unit, N>& units) {
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  for (const auto& unit : units) {
    if (unit.name != text) continue;
    if (*number > std::numeric_limits<std::uint64_t>::max() / unit.factor) return std::nullopt;
    return *number * unit.factor;
  }
  return std::nullopt;
}

template <std::size_t N>
std::string text_with_unit(std::uint64_t value, const std::array<Unit, N>& units) {
  for (const auto& unit : units) {
    if (value >= unit.factor && value % unit.factor == 0) {
      return fmt::format("{}{}", value / unit.factor, unit.name);
    }
  }
  return fmt::format("0{}", units.back().name);
}

}  // namespace

Value<std::uint64_t> parse_count(std::string_view text, std::uint64_t min, std::uint64_t max) {
  auto rest = text;
  const auto number = take_number(rest);
  if (!number || !rest.empty() || *number < min || *number > max) {
    return tl::unexpected(fmt::format("'{}' is not a whole number from {} to {}", text, min, max));
  }
  return *number;
}

Value<std::chrono::milliseconds> parse_duration(std::string_view text,
                                                std::chrono::milliseconds min,
                                                std::chrono::milliseconds max) {
  const auto number = with_unit(text, duration_units);
  if (!number) {
    return tl::unexpected(
        fmt::format("'{}' is not a duration; write it like 500ms, 10s or 1m", text));
  }
  if (*number < static_cast<std::uint64_t>(min.count()) ||
      *number > static_cast<std::uint64_t>(max.count())) {
    return tl::unexpected(fmt::format("'{}' is out of range; it can be from {} to {}", text,
                                      duration_text(min), duration_text(max)));
  }
  return std::chrono::milliseconds(*number);
}

Value<std::uint64_t> parse_bytes(std::string_view text, std::uint64_t min, std::uint64_t max) {
  const auto number = with_unit(text, byte_units);
  if (!number) {
    return tl::unexpected(
        fmt::format("'{}' is not a size; write it like 65536, 64kb, 256mb or 2gb", text));
  }
  if (*number < min || *number > max) {
    return tl::unexpected(fmt::format("'{}' is out of range; it can be from {} to {}", text,
                                      bytes_text(min), bytes_text(max)));
  }
  return *number;
}

std::string duration_text(std::chrono::milliseconds value) {
  return text_with_unit(static_cast<std::uint64_t>(value.count()), duration_units);
}

std::string bytes_text(std::uint64_t value) { return text_with_unit(value, byte_units); }

}  // namespace conclib::config
