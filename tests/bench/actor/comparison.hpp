// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace conclib::bench {

struct ActorOptions {
  int rounds = 5;
  int threads = 2;
  std::string_view only;  ///< Name of one program; empty: all.
  bool quick = false;     ///< Only shows that the programs run; the figures mean nothing.
  bool check = false;
};

/// Whether there is a program of this name.
[[nodiscard]] bool is_actor_program(std::string_view name);

/// Measures actors within one process beside the same programs on CAF, interleaved, and prints a
/// table; false if `check` was asked for and a target was missed or could not be tested. Throws if
/// a program fails.
[[nodiscard]] bool bench_actor(const ActorOptions& options);

}  // namespace conclib::bench
