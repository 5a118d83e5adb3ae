// SPDX-License-Identifier: MIT
#include "proto/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace conclib::proto {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "conclib: %s:%d: assertion failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace conclib::proto
