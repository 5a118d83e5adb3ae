// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

namespace conclib::conformance {

/// The watch of a client, and what answers it, as the protocol has them.
struct ClientWatch {
  static constexpr std::string_view conclib_type_name() noexcept { return "conclib.watch"; }
  static constexpr std::string_view conclib_field_list() noexcept { return ""; }
  auto conclib_fields() noexcept { return std::tie(); }
  auto conclib_fields() const noexcept { return std::tie(); }
};

struct ClientEnded {
  std::int64_t status = -1;
  std::string text;
  static constexpr std::string_view conclib_type_name() noexcept { return "conclib.ended"; }
  static constexpr std::string_view conclib_field_list() noexcept { return "status, text"; }
  auto conclib_fields() noexcept { return std::tie(status, text); }
  auto conclib_fields() const noexcept { return std::tie(status, text); }
};

}  // namespace conclib::conformance
