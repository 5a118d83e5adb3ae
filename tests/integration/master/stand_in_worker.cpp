// SPDX-License-Identifier: MIT
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include <poll.h>
#include <unistd.h>

#include "daemon/worker/control.hpp"
#include "daemon/worker/worker_main.hpp"

// Stands in for the worker, so that the master can be tested alone. What it does is said by
// CONCLIB_STAND_IN: nothing (serves), "die", "fatal", "deaf" (to SIGTERM), "blind" (to the end of
// the control connection), or "late" (is ready when the file `go` is in the run directory).

namespace {

volatile std::sig_atomic_t asked_to_end = 0;

void say(int fd, const conclib::worker::ControlLine& line) {
  const auto text = conclib::worker::encode_control(line);
  [[maybe_unused]] const auto written = ::write(fd, text.data(), text.size());
}

/// Leaves for the test who this is; whole at once, since the test may be looking.
void leave_card(const conclib::config::Settings& settings,
                const conclib::worker::Identity& identity) {
  const auto path = settings.run_dir + "/stand-in-" + std::to_string(identity.index);
  std::ofstream(path + ".new") << ::getpid() << ' ' << ::getsid(0) << ' ' << identity.master_pid
                               << ' ' << identity.node_id << '\n';
  std::rename((path + ".new").c_str(), path.c_str());
}

}  // namespace

namespace conclib::worker {

int run(const config::Settings& settings, const Identity& identity, int control_fd, log::Log& log) {
  using Kind = ControlLine::Kind;
  const char* given = std::getenv("CONCLIB_STAND_IN");
  const std::string_view mode = given == nullptr ? "" : given;
  if (mode == "deaf") {
    ::signal(SIGTERM, SIG_IGN);
  } else {
    struct sigaction action {};
    action.sa_handler = [](int) { asked_to_end = 1; };
    ::sigaction(SIGTERM, &action, nullptr);
  }
  leave_card(settings, identity);
  if (mode == "die") return 3;
  if (mode == "fatal") {
    say(control_fd, {.kind = Kind::fatal, .code = config::ExitCode::plugin, .text = "bad.so: no"});
    return static_cast<int>(config::ExitCode::plugin);
  }
  bool ready = false;
  while (asked_to_end == 0) {
    if (!ready && (mode != "late" || ::access((settings.run_dir + "/go").c_str(), F_OK) == 0)) {
      say(control_fd, {.kind = Kind::ready, .text = {}});
      ready = true;
    }
    say(control_fd, {.kind = Kind::beat, .text = {}});
    pollfd master{.fd = mode == "blind" ? -1 : control_fd, .events = POLLIN, .revents = 0};
    if (::poll(&master, 1, 50) == 1) {
      log.info("stand-in", "the master has gone");
      return 0;
    }
  }
  return 0;
}

}  // namespace conclib::worker
