// SPDX-License-Identifier: MIT
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "daemon/config/arguments.hpp"
#include "daemon/log/log.hpp"
#include "daemon/master/directories.hpp"
#include "daemon/master/master.hpp"
#include "daemon/master/run_lock.hpp"
#include "daemon/worker/worker_main.hpp"

namespace {

using namespace conclib;
using config::ExitCode;
using Action = config::Invocation::Action;

int refuse(const config::Failure& failure) {
  std::fprintf(stderr, "conclibd: %s\n", failure.text.c_str());
  return static_cast<int>(failure.code);
}

int print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  return static_cast<int>(std::fflush(stdout) == 0 ? ExitCode::ok : ExitCode::internal);
}

config::Outcome<master::LockFile> take_directories(const config::Settings& settings) {
  if (auto made = master::prepare_directory(settings.run_dir, 0750, "run-dir"); !made) {
    return tl::unexpected(made.error());
  }
  if (settings.embedded_redis()) {
    if (auto made = master::prepare_directory(settings.state_dir, 0700, "state-dir"); !made) {
      return tl::unexpected(made.error());
    }
  }
  return master::lock_run_directory(settings.run_dir);
}

int serve_as_worker(const config::Settings& settings, const config::WorkerSeat& seat) {
  // It was left open over one exec alone: a plugin's children must not keep it open.
  ::fcntl(seat.control_fd, F_SETFD, FD_CLOEXEC);
  log::Log log(settings.log_level, fmt::format("worker-{}", seat.index));
  const worker::Identity identity{
      .index = seat.index, .node_id = seat.node_id, .master_pid = seat.master_pid};
  return worker::run(settings, identity, seat.control_fd, log);
}

int serve_as_master(const config::Settings& settings, std::vector<std::string> arguments) {
  const auto lock = take_directories(settings);
  if (!lock) return refuse(lock.error());
  const log::Log log(settings.log_level, "master");
  master::Master master(settings, std::move(arguments), log);
  return static_cast<int>(master.run());
}

/// Standard descriptors that are closed would be given to the next file that is opened, such as a
/// lock or a socket, and what is printed would go there.
bool fill_standard_descriptors() {
  int fd = ::open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO) fd = ::dup(fd);
  if (fd > STDERR_FILENO) ::close(fd);
  return fd > STDERR_FILENO;
}

}  // namespace

int main(int argc, char** argv) {
  if (!fill_standard_descriptors()) return static_cast<int>(ExitCode::internal);
  // A peer that has gone is an error of the write, not the end of the process.
  ::signal(SIGPIPE, SIG_IGN);

  const auto invocation = config::parse(argc, argv, config::Surroundings::of_process());
  if (!invocation) return refuse(invocation.error());
  switch (invocation->action) {
    case Action::print:
      return print(invocation->text);
    case Action::check:
      return print("the settings are right\n");
    case Action::serve:
      break;
  }
  if (invocation->seat) return serve_as_worker(invocation->settings, *invocation->seat);
  return serve_as_master(invocation->settings, {argv, argv + argc});
}
