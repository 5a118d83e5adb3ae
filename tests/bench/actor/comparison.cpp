// SPDX-License-Identifier: MIT
#include "tests/bench/actor/comparison.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/bench/actor/child_output.hpp"
#include "tests/bench/actor/program.hpp"
#include "tests/bench/measure.hpp"

namespace conclib::bench {
namespace {

enum class Target : std::uint8_t {
  none,
  ratio,   ///< So many times CAF's figure, at least.
  at_most  ///< The figure itself.
};

/// One line of the table.
struct Line {
  std::string_view program;
  std::size_t figure = 0;  ///< Which of those that the program prints.
  const char* text = nullptr;
  const char* unit = nullptr;
  double scale = 1;
  Target target = Target::none;
  double bound = 0;
};

constexpr std::array lines{
    Line{"ping-pong", 0, "ping-pong", "M messages/s", 1e6, Target::ratio, 2.5},
    Line{"mailbox", 0, "4 producers, 1 mailbox", "M messages/s", 1e6, Target::ratio, 1.3},
    Line{"ask", 0, "ask and answer", "M asks/s", 1e6, Target::ratio, 3},
    Line{"spawn", 0, "actors made", "M actors/s", 1e6, Target::ratio, 1.5},
    Line{"memory", 0, "an idle actor", "bytes", 1, Target::at_most, 512},
    Line{"skynet", 0, "skynet, a million", "s", 1, Target::at_most, 3},
    Line{"random", 0, "random, 10 000 actors", "M messages/s", 1e6},
    Line{"fairness", 0, "quiet actor alone, p50", "us", 1},
    Line{"fairness", 1, "                   p99", "us", 1},
    Line{"fairness", 2, "beside flooded, p50", "us", 1},
    Line{"fairness", 3, "                p99", "us", 1}};

constexpr std::array<std::string_view, 8> programs{"ping-pong", "mailbox", "ask",    "spawn",
                                                   "memory",    "skynet",  "random", "fairness"};

/// What all rounds of one program found on one side: for each figure, the values.
class Series {
 public:
  void add(const std::vector<double>& figures) {
    values_.resize(figures.size());
    for (std::size_t i = 0; i < figures.size(); ++i) values_[i].push_back(figures[i]);
  }
  [[nodiscard]] std::optional<double> median_of(std::size_t figure) const {
    if (figure >= values_.size()) return std::nullopt;
    return median(values_[figure]);
  }

 private:
  std::vector<std::vector<double>> values_;
};

struct Sides {
  Series conclib;
  Series caf;
};

class Comparison {
 public:
  explicit Comparison(const ActorOptions& options)
      : options_(options),
        self_(std::filesystem::read_symlink("/proc/self/exe")),
        caf_(self_.parent_path() / "conclib-bench-caf"),
        has_caf_(std::filesystem::exists(caf_)) {
    workload_.threads = static_cast<unsigned>(options.threads);
    workload_.quick = options.quick;
  }

  Sides measure(std::string_view program) const {
    Sides sides;
    const bool both = has_caf_ && program != "fairness";
    for (int round = 1; round <= options_.rounds; ++round) {
      std::fprintf(stderr, "%s, round %d of %d:", program.data(), round, options_.rounds);
      run(self_, {"actor-run"}, program, sides.conclib);
      if (both) run(caf_, {}, program, sides.caf);
      std::fputc('\n', stderr);
    }
    return sides;
  }

  [[nodiscard]] bool has_caf() const { return has_caf_; }

 private:
  void run(const std::filesystem::path& file, std::vector<std::string> arguments,
           std::string_view program, Series& series) const {
    const auto more = program_arguments(program, workload_);
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto figures = read_figures(child_output(file, std::move(arguments)));
    std::fprintf(stderr, "  %s", file == self_ ? "conclib" : "CAF");
    if (!figures) {
      std::fputs(" not yet", stderr);
      return;
    }
    for (const double figure : *figures) std::fprintf(stderr, " %.10g", figure);
    series.add(*figures);
  }

  ActorOptions options_;
  std::filesystem::path self_;
  std::filesystem::path caf_;
  bool has_caf_;
  Workload workload_;
};

std::string cell(std::optional<double> figure, double scale, const char* missing) {
  if (!figure) return missing;
  std::array<char, 32> text{};
  const double value = *figure / scale;
  std::snprintf(text.data(), text.size(), value < 20 ? "%.2f" : "%.0f", value);
  return text.data();
}

std::string target_text(const Line& line) {
  std::array<char, 32> text{};
  switch (line.target) {
    case Target::none:
      return "";
    case Target::ratio:
      std::snprintf(text.data(), text.size(), ">= %.1fx", line.bound);
      break;
    case Target::at_most:
      std::snprintf(text.data(), text.size(), "<= %.0f %s", line.bound, line.unit);
      break;
  }
  return text.data();
}

/// Prints a line of the table; false if its target was missed or cannot be tested.
bool print(const Line& line, const Sides& sides) {
  const auto conclib = sides.conclib.median_of(line.figure);
  const auto caf = sides.caf.median_of(line.figure);
  std::optional<double> ratio;
  if (conclib && caf) ratio = *conclib / *caf;
  bool ok = true;
  switch (line.target) {
    case Target::none:
      break;
    case Target::ratio:
      ok = ratio && *ratio >= line.bound;
      break;
    case Target::at_most:
      ok = conclib && *conclib <= line.bound;
      break;
  }
  const bool unknown = line.target == Target::ratio ? !ratio : !conclib;
  const char* verdict = ok ? "ok" : unknown ? "unknown" : "short";
  std::printf("%-23s %-13s %9s %9s %7s   %-10s %s\n", line.text, line.unit,
              cell(conclib, line.scale, "not yet").c_str(), cell(caf, line.scale, "-").c_str(),
              cell(ratio, 1, "-").c_str(), target_text(line).c_str(),
              line.target == Target::none ? "" : verdict);
  return ok;
}

void print_head(const ActorOptions& options, bool has_caf) {
  std::printf("medians of %d rounds, interleaved, pools of %d threads\n", options.rounds,
              options.threads);
  if (options.quick) std::puts("a quick run: the figures mean nothing");
#ifndef __OPTIMIZE__
  std::puts("not an optimised build: the figures mean nothing");
#endif
  if (!has_caf) {
    std::puts(
        "CAF is not installed, so there is nothing to compare with: apt-get install libcaf-dev,\n"
        "then configure and build again");
  }
  std::printf("%-37s %9s %9s %7s   %s\n", "", "conclib", "CAF", "ratio", "target");
}

}  // namespace

bool is_actor_program(std::string_view name) {
  return std::find(programs.begin(), programs.end(), name) != programs.end();
}

bool bench_actor(const ActorOptions& options) {
  const Comparison comparison(options);
  std::vector<std::pair<std::string_view, Sides>> measured;
  for (const auto program : programs) {
    if (!options.only.empty() && options.only != program) continue;
    measured.emplace_back(program, comparison.measure(program));
  }
  print_head(options, comparison.has_caf());
  bool all_ok = true;
  for (const auto& [program, sides] : measured) {
    for (const auto& line : lines) {
      if (line.program == program) all_ok = print(line, sides) && all_ok;
    }
  }
  return !options.check || all_ok;
}

}  // namespace conclib::bench
