// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/bench/actor/comparison.hpp"
#include "tests/bench/actor/on_conclib/programs.hpp"
#include "tests/bench/ask.hpp"

namespace {

using conclib::bench::ActorOptions;
using conclib::bench::AskOptions;

constexpr std::string_view usage =
    R"(conclib-bench measures conclib on this machine.

Usage: conclib-bench COMMAND [OPTION...]

Commands:
  ask      asks an echo actor through Redis, as one caller and as 64, beside the layout floor:
           a program of a page on the same keys and commands; interleaved, with the ratio
  floor    the floor alone
  actor    actors among themselves within one process, beside the same programs on CAF where
           that is installed (libcaf-dev); interleaved, with the ratio

Options:
  --rounds N       rounds, of which medians are taken (5)
  --check          exit 1 unless the targets are reached. ask: one caller's median is at most 1.5
                   times the floor's, and the throughput of 64 callers at least 0.6 of it;
                   actor: as its table says
Of ask and floor, which start a redis-server and a conclibd of their own and stop them at the end:
  --duration MS    length of one measurement in ms (2000)
  --workers N      workers of conclibd (1)
  --threads N      actor threads of each worker (conclibd's default)
Of actor:
  --threads N      threads of the pool that runs the actors (2)
  --only PROGRAM   ping-pong, mailbox, ask, spawn, memory, skynet, random or fairness
  --quick          only shows that the programs run; the figures mean nothing

Exit codes: 0 done, 1 failed, 2 usage.
)";

int wrong(std::string_view what) {
  std::fprintf(stderr, "conclib-bench: %.*s; try --help\n", static_cast<int>(what.size()),
               what.data());
  return 2;
}

/// The options of a command line, taken one by one.
class Words {
 public:
  explicit Words(std::vector<std::string_view> words) : words_(std::move(words)) {}

  /// The next option, or nothing.
  std::string_view next() { return at_ < words_.size() ? words_[at_++] : std::string_view(); }
  /// The value of the option that came last.
  std::string_view value() {
    if (at_ == words_.size())
      throw std::invalid_argument(std::string(words_.back()) + " needs a value");
    return words_[at_++];
  }
  int number() {
    const auto option = words_[at_ - 1];
    const int number = std::atoi(value().data());
    if (number > 0) return number;
    throw std::invalid_argument(std::string(option) + " needs a positive number");
  }

 private:
  std::vector<std::string_view> words_;
  std::size_t at_ = 0;
};

[[noreturn]] void refuse(std::string_view option) {
  throw std::invalid_argument("unknown option " + std::string(option));
}

AskOptions ask_options(Words words) {
  AskOptions options;
  for (auto option = words.next(); !option.empty(); option = words.next()) {
    if (option == "--check") {
      options.check = true;
    } else if (option == "--rounds") {
      options.rounds = words.number();
    } else if (option == "--duration") {
      options.duration = std::chrono::milliseconds(words.number());
    } else if (option == "--workers") {
      options.workers = words.number();
    } else if (option == "--threads") {
      options.threads = words.number();
    } else {
      refuse(option);
    }
  }
  return options;
}

ActorOptions actor_options(Words words) {
  ActorOptions options;
  for (auto option = words.next(); !option.empty(); option = words.next()) {
    if (option == "--check") {
      options.check = true;
    } else if (option == "--quick") {
      options.quick = true;
    } else if (option == "--rounds") {
      options.rounds = words.number();
    } else if (option == "--threads") {
      options.threads = words.number();
    } else if (option == "--only") {
      options.only = words.value();
      if (!conclib::bench::is_actor_program(options.only)) {
        throw std::invalid_argument("there is no program " + std::string(options.only));
      }
    } else {
      refuse(option);
    }
  }
  return options;
}

/// Runs a command; true if its targets, where they are asked for, are reached.
bool run(std::string_view command, const Words& words) {
  if (command == "actor") return conclib::bench::bench_actor(actor_options(words));
  auto options = ask_options(words);
  options.floor_only = command == "floor";
  return conclib::bench::bench_ask(options);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  if (words.empty() || words[0] == "--help" || words[0] == "-h") {
    std::fputs(usage.data(), stdout);
    return words.empty() ? 2 : 0;
  }
  const std::vector<std::string_view> rest(words.begin() + 1, words.end());
  // What `actor` calls for every measurement.
  if (words[0] == "actor-run") {
    return conclib::bench::run_program(conclib::bench::on_conclib::programs(), rest);
  }
  if (words[0] != "ask" && words[0] != "floor" && words[0] != "actor") {
    return wrong("unknown command");
  }
  try {
    return run(words[0], Words(rest)) ? 0 : 1;
  } catch (const std::invalid_argument& error) {
    return wrong(error.what());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "conclib-bench: %s\n", error.what());
    return 1;
  }
}
