// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/actor/workload.hpp"

namespace conclib::bench {

/// What a program found, in its own units; nothing if it cannot be written yet.
using Figures = std::optional<std::vector<double>>;

/// A program that is measured, each time in a process of its own so that neither heap nor threads
/// carry over. It throws if something went wrong.
struct Program {
  std::string_view name;
  Figures (*run)(const Workload&);
};

/// The command line of such a process after its first word (see run_program).
[[nodiscard]] std::vector<std::string> program_arguments(std::string_view name,
                                                         const Workload& workload);

/// The body of such a process: runs the program that `words` name and prints its figures as one
/// line, which read_figures reads. Returns the exit code. The process is killed by SIGALRM if the
/// program takes longer than two minutes.
[[nodiscard]] int run_program(std::span<const Program> programs,
                              const std::vector<std::string_view>& words);
[[nodiscard]] Figures read_figures(const std::string& output);

/// Bytes of this process that are in memory.
[[nodiscard]] double resident_bytes();

}  // namespace conclib::bench
