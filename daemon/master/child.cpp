// SPDX-License-Identifier: MIT
#include "daemon/master/child.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace conclib::master {

namespace {

using config::ExitCode;

/// Everything that the child needs, made before the fork: after it only async-signal-safe calls
/// are allowed.
struct Exec {
  const char* program;
  char* const* arguments;
  char* const* environment;
  int inherited_fd;
  int failure_fd;  ///< Close-on-exec: takes the errno of what failed.
  bool dies_with_parent;
  pid_t parent;
};

bool is_for_master_alone(std::string_view variable) {
  constexpr std::array<std::string_view, 6> names{
      "NOTIFY_SOCKET=", "WATCHDOG_USEC=", "WATCHDOG_PID=",
      "LISTEN_PID=",    "LISTEN_FDS=",    "LISTEN_FDNAMES="};
  for (const auto name : names) {
    if (variable.substr(0, name.size()) == name) return true;
  }
  return false;
}

[[noreturn]] void fail_child(int failure_fd) {
  const int error = errno;
  // Nothing can be done about a failing write: the parent then sees the exit code.
  [[maybe_unused]] const auto written = ::write(failure_fd, &error, sizeof error);
  ::_exit(static_cast<int>(ExitCode::worker));
}

/// The handlers of this process's loop must not run in the child: they write into a pipe that the
/// two share.
void reset_signals(bool deaf) {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &standard, nullptr);
  sigset_t blocked;
  sigemptyset(&blocked);
  if (deaf) {
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
  }
  ::sigprocmask(SIG_SETMASK, &blocked, nullptr);
}

[[noreturn]] void run_child(const Exec& exec) {
  ::setsid();
  if (exec.dies_with_parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    // The parent may have died before the line above.
    if (::getppid() != exec.parent) ::_exit(static_cast<int>(ExitCode::ok));
  }
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0 || ::dup2(null, STDIN_FILENO) < 0) fail_child(exec.failure_fd);
  if (::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) fail_child(exec.failure_fd);
  if (exec.inherited_fd >= 0 && ::fcntl(exec.inherited_fd, F_SETFD, 0) != 0) {
    fail_child(exec.failure_fd);
  }
  reset_signals(!exec.dies_with_parent);
  ::execve(exec.program, exec.arguments, exec.environment);
  fail_child(exec.failure_fd);
}

/// Forks with all signals blocked, so that none is handled in the child before it has its own
/// handlers.
pid_t fork_quietly(const Exec& exec) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::fork();
  if (pid == 0) run_child(exec);
  const int error = errno;
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

tl::unexpected<config::Failure> refuse(const std::string& program, int error) {
  return config::failure(ExitCode::worker,
                         fmt::format("the program '{}' could not be started: {}", program,
                                     std::generic_category().message(error)));
}

}  // namespace

config::Outcome<pid_t> start_child(const ChildPlan& plan) {
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!is_for_master_alone(*variable)) environment.emplace_back(*variable);
  }
  auto arguments = plan.arguments;
  const auto argv = pointers(arguments);
  const auto envp = pointers(environment);
  std::array<int, 2> failure{};
  if (::pipe2(failure.data(), O_CLOEXEC) != 0) return refuse(plan.program, errno);

  const pid_t pid = fork_quietly({.program = plan.program.c_str(),
                                  .arguments = argv.data(),
                                  .environment = envp.data(),
                                  .inherited_fd = plan.inherited_fd,
                                  .failure_fd = failure[1],
                                  .dies_with_parent = plan.dies_with_parent,
                                  .parent = ::getpid()});
  const int fork_error = errno;
  ::close(failure[1]);
  int error = 0;
  ssize_t size = 0;
  if (pid > 0) {
    do {
      size = ::read(failure[0], &error, sizeof error);
    } while (size < 0 && errno == EINTR);
  }
  ::close(failure[0]);
  if (pid < 0) return refuse(plan.program, fork_error);
  if (size == sizeof error) {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return refuse(plan.program, error);
  }
  return pid;
}

std::string describe_end(int status) {
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    return fmt::format("was killed by signal {} ({}){}", signal, ::strsignal(signal),
                       WCOREDUMP(status) ? ", core dumped" : "");
  }
  return fmt::format("exited with code {}", WEXITSTATUS(status));
}

bool has_ended(pid_t pid) {
  // By number: the header of glibc 2.36 does not declare it for C++.
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return errno == ESRCH || (::kill(pid, 0) != 0 && errno == ESRCH);
  pollfd end{.fd = fd, .events = POLLIN, .revents = 0};
  const bool ended = ::poll(&end, 1, 0) == 1;
  ::close(fd);
  return ended;
}

}  // namespace conclib::master
