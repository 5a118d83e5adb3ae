// SPDX-License-Identifier: MIT
#include "tests/bench/actor/on_conclib/programs.hpp"

#include <array>

namespace conclib::bench::on_conclib {

std::span<const Program> programs() {
  static constexpr std::array all{
      Program{"ping-pong", &ping_pong}, Program{"mailbox", &mailbox},  Program{"ask", &ask},
      Program{"spawn", &spawn},         Program{"memory", &memory},    Program{"skynet", &skynet},
      Program{"random", &random},       Program{"fairness", &fairness}};
  return all;
}

}  // namespace conclib::bench::on_conclib
