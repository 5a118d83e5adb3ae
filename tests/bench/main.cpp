// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "tests/bench/ask.hpp"

namespace {

constexpr std::string_view usage =
    R"(conclib-bench measures conclib on this machine.

Usage: conclib-bench COMMAND [OPTION...]

Commands:
  ask      asks an echo actor through Redis, as one caller and as 64, beside the layout floor:
           a program of a page on the same keys and commands; interleaved, with the ratio
  floor    the floor alone

Options:
  --rounds N       rounds, of which medians are taken (5)
  --duration MS    length of one measurement in ms (2000)
  --workers N      workers of conclibd (1)
  --threads N      actor threads of each worker (conclibd's default)
  --check          exit 1 unless one caller's median is at most 1.5 times the floor's, and the
                   throughput of 64 callers at least 0.6 of it

It starts a redis-server and a conclibd of its own and stops them at the end.
Exit codes: 0 done, 1 failed, 2 usage.
)";

int wrong(std::string_view what) {
  std::fprintf(stderr, "conclib-bench: %.*s; try --help\n", static_cast<int>(what.size()),
               what.data());
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  if (words.empty() || words[0] == "--help" || words[0] == "-h") {
    std::fputs(usage.data(), stdout);
    return words.empty() ? 2 : 0;
  }
  if (words[0] != "ask" && words[0] != "floor") return wrong("unknown command");
  conclib::bench::AskOptions options;
  options.floor_only = words[0] == "floor";
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "--check") {
      options.check = true;
      continue;
    }
    if (i + 1 == words.size()) return wrong(std::string(words[i]) + " needs a value");
    const int value = std::atoi(words[i + 1].data());
    if (value <= 0) return wrong(std::string(words[i]) + " needs a positive number");
    if (words[i] == "--rounds") {
      options.rounds = value;
    } else if (words[i] == "--duration") {
      options.duration = std::chrono::milliseconds(value);
    } else if (words[i] == "--workers") {
      options.workers = value;
    } else if (words[i] == "--threads") {
      options.threads = value;
    } else {
      return wrong("unknown option " + std::string(words[i]));
    }
    ++i;
  }
  try {
    return conclib::bench::bench_ask(options) ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "conclib-bench: %s\n", error.what());
    return 1;
  }
}
