// SPDX-License-Identifier: MIT
#include "tests/bench/actor/child_output.hpp"

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace conclib::bench {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

[[noreturn]] void become(const char* program, char* const* arguments, int output) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(output, STDOUT_FILENO);
  execv(program, arguments);
  _exit(127);
}

std::string read_all(int from) {
  std::string text;
  std::array<char, 4096> piece{};
  for (;;) {
    const auto size = read(from, piece.data(), piece.size());
    if (size == 0) return text;
    if (size > 0) text.append(piece.data(), static_cast<std::size_t>(size));
    if (size < 0 && errno != EINTR) fail("read");
  }
}

std::string what_became(int status) {
  return WIFSIGNALED(status) ? "was killed by signal " + std::to_string(WTERMSIG(status))
                             : "failed with exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

std::string child_output(const std::filesystem::path& program, std::vector<std::string> arguments) {
  std::string line = program;
  for (const auto& argument : arguments) line += ' ' + argument;
  arguments.insert(arguments.begin(), program);
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe");
  const pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) become(program.c_str(), argv.data(), ends[1]);
  close(ends[1]);
  auto text = read_all(ends[0]);
  close(ends[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) fail("waitpid");
  }
  if (status != 0) throw std::runtime_error(line + ": it " + what_became(status));
  return text;
}

}  // namespace conclib::bench
