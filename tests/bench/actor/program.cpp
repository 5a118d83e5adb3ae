// SPDX-License-Identifier: MIT
#include "tests/bench/actor/program.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <unistd.h>

namespace conclib::bench {
namespace {

constexpr unsigned patience_s = 120;
constexpr std::string_view not_yet = "not yet";

}  // namespace

std::vector<std::string> program_arguments(std::string_view name, const Workload& workload) {
  return {std::string(name), std::to_string(workload.threads), workload.quick ? "quick" : "full"};
}

int run_program(std::span<const Program> programs, const std::vector<std::string_view>& words) {
  if (words.size() != 3) return 2;
  const auto program = std::find_if(programs.begin(), programs.end(),
                                    [&](const Program& each) { return each.name == words[0]; });
  if (program == programs.end()) return 2;
  Workload workload;
  workload.threads = static_cast<unsigned>(std::atoi(words[1].data()));
  workload.quick = words[2] == "quick";
  alarm(patience_s);
  try {
    const auto figures = program->run(workload);
    if (!figures) std::fputs(not_yet.data(), stdout);
    for (const double figure : figures.value_or(std::vector<double>())) {
      std::printf("%.3f ", figure);
    }
    std::fputc('\n', stdout);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", program->name.data(), error.what());
    return 1;
  }
}

Figures read_figures(const std::string& output) {
  if (output.starts_with(not_yet)) return std::nullopt;
  std::vector<double> figures;
  std::istringstream words(output);
  for (double figure = 0; words >> figure;) figures.push_back(figure);
  if (figures.empty()) throw std::runtime_error("a program printed no figure");
  return figures;
}

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double all = 0;
  double resident = 0;
  if (!(statm >> all >> resident)) throw std::runtime_error("/proc/self/statm cannot be read");
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace conclib::bench
