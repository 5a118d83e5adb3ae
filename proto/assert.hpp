// SPDX-License-Identifier: MIT
#pragma once

namespace conclib::proto {

/// Prints the condition with its place on standard error and aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace conclib::proto

/// Checks what only a bug of our own can break. On in release builds too.
#define CONCLIB_ASSERT(condition) \
  ((condition) ? void(0) : ::conclib::proto::assertion_failed(#condition, __FILE__, __LINE__))
