// SPDX-License-Identifier: MIT
/// The half of `conclib-bench actor` that runs on CAF. conclib-bench calls it.
#include <array>
#include <cstdio>
#include <string_view>
#include <vector>

#include "tests/bench/actor/on_caf/programs.hpp"

int main(int argc, char** argv) {
  using namespace conclib::bench;
  static constexpr std::array programs{Program{"ping-pong", &on_caf::ping_pong},
                                       Program{"mailbox", &on_caf::mailbox},
                                       Program{"ask", &on_caf::ask},
                                       Program{"spawn", &on_caf::spawn},
                                       Program{"memory", &on_caf::memory},
                                       Program{"skynet", &on_caf::skynet},
                                       Program{"random", &on_caf::random}};
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  const int code = run_program(programs, words);
  if (code == 2) std::fputs("This program is for conclib-bench actor to call.\n", stderr);
  return code;
}
