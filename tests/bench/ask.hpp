// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

namespace conclib::bench {

struct AskOptions {
  int rounds = 5;
  std::chrono::milliseconds duration{2000};
  int workers = 1;
  int threads = 0;  ///< 0: conclibd's default.
  bool floor_only = false;
  bool check = false;
};

/// Measures asks through Redis beside the floor and prints a table; false if `check` was asked for
/// and the first bounds do not hold.
[[nodiscard]] bool bench_ask(const AskOptions& options);

}  // namespace conclib::bench
