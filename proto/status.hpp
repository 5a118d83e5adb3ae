// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "conclib/status.h"

namespace conclib::proto {

/// The status table of conclib/status.h as a C++ enumeration. A value received from elsewhere may
/// lie outside of it: ask status_class, which knows every number.
enum class Status : std::uint16_t {
#define CONCLIB_STATUS_CPP(NAME, name, number, text) name = number,
  CONCLIB_STATUS_TABLE(CONCLIB_STATUS_CPP)
#undef CONCLIB_STATUS_CPP
};

/// What a status says about whether the message ran.
enum class StatusClass : std::uint8_t { ok = 0, never_ran = 1, ran_and_failed = 2, unknown = 3 };

/// The class, from the hundreds of the number; numbers beyond the known classes are `unknown`.
[[nodiscard]] constexpr StatusClass status_class(Status status) {
  const auto hundreds = static_cast<std::uint16_t>(status) / 100;
  if (status == Status::ok) return StatusClass::ok;
  if (hundreds == 1) return StatusClass::never_ran;
  if (hundreds == 2) return StatusClass::ran_and_failed;
  return StatusClass::unknown;
}

/// The name as in the table, such as "NO_ACTOR"; of an unknown number the name of its class.
/// Static text, ended by NUL.
[[nodiscard]] std::string_view status_name(Status status);

/// The sentence of the table; as above.
[[nodiscard]] std::string_view status_text(Status status);

}  // namespace conclib::proto
