// SPDX-License-Identifier: MIT
#include "daemon/master/worker_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <random>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/master/child.hpp"
#include "proto/node_record.hpp"

namespace conclib::master {

namespace {

using namespace std::chrono_literals;
using config::ExitCode;

constexpr auto stable_after = 10s;
constexpr auto asked_restart_delay = 100ms;
constexpr auto beat_look_interval = 500ms;
/// How long a stalled worker may take to die of SIGABRT, which writes a core.
constexpr auto abort_patience = 5s;
constexpr int deaths_before_ready_max = 5;
constexpr std::string_view component = "worker";

/// This very program, even if its file is replaced or deleted meanwhile: all workers are of one
/// build. Where /proc is not mounted, the path by which it was started.
std::string own_program() {
  static constexpr const char* link = "/proc/self/exe";
  if (::access(link, X_OK) == 0) return link;
  // The kernel keeps the path for the life of the process.
  return reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
}

}  // namespace

WorkerProcess::WorkerProcess(redis::Loop& loop, int index, const config::Settings& settings,
                             const std::vector<std::string>& arguments, const log::Log& log,
                             Callbacks callbacks)
    : loop_(loop),
      settings_(settings),
      arguments_(arguments),
      log_(log),
      callbacks_(std::move(callbacks)),
      index_(index),
      restart_(loop, [this] { again(); }),
      beat_(loop, [this] { look_at_beat(); }),
      backoff_(100ms, 5s, std::random_device{}()) {}

WorkerProcess::~WorkerProcess() { close_control(); }

void WorkerProcess::start() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    callbacks_.failed({ExitCode::worker, fmt::format("worker {} could not be started: {}", index_,
                                                     std::generic_category().message(errno))});
    return restart_.start(backoff_.next());
  }
  const auto pid = start_child({.program = own_program(),
                                .arguments = arguments_of_child(ends[1]),
                                .inherited_fd = ends[1]});
  ::close(ends[1]);
  if (!pid) {
    ::close(ends[0]);
    callbacks_.failed(pid.error());
    return restart_.start(backoff_.next());
  }
  pid_ = *pid;
  control_fd_ = ends[0];
  control_ = std::make_unique<ReadWatch>(loop_, control_fd_, [this] { read_control(); });
  reader_ = {};
  ready_ = stalled_ = said_fatal_ = false;
  started_ = last_beat_ = Clock::now();
  beat_.start(beat_look_interval, beat_look_interval);
  log_.debug(component, "worker {} started as pid {}", index_, pid_);
}

std::vector<std::string> WorkerProcess::arguments_of_child(int control_fd) const {
  auto arguments = arguments_;
  arguments.push_back(fmt::format("--worker-index={}", index_));
  arguments.push_back(fmt::format("--control-fd={}", control_fd));
  arguments.push_back(fmt::format("--master-pid={}", ::getpid()));
  arguments.push_back(fmt::format("--node-id={}", proto::draw_node_id()));
  return arguments;
}

void WorkerProcess::stop() {
  stopping_ = true;
  if (pid_ != 0) {
    ::kill(pid_, SIGTERM);
    return;
  }
  restart_.start(0ms);
}

void WorkerProcess::kill() {
  if (pid_ != 0) ::kill(pid_, SIGKILL);
}

void WorkerProcess::again() {
  if (stopping_) return callbacks_.ended();
  start();
}

void WorkerProcess::read_control() {
  std::array<char, 4096> bytes{};
  for (;;) {
    const ssize_t size = ::recv(control_fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return;
    // A worker that closes its end is about to die, and that is what will be told.
    if (size <= 0) return close_control();
    for (const auto& line : reader_.feed({bytes.data(), static_cast<std::size_t>(size)})) {
      take(line);
    }
  }
}

void WorkerProcess::take(const worker::ControlLine& line) {
  last_beat_ = Clock::now();
  switch (line.kind) {
    case worker::ControlLine::Kind::beat:
      return;
    case worker::ControlLine::Kind::ready:
      deaths_before_ready_ = 0;
      log_.info(component, "worker {} (pid {}) is ready", index_, pid_);
      if (!std::exchange(ready_, true)) callbacks_.ready();
      return;
    case worker::ControlLine::Kind::fatal:
      said_fatal_ = true;
      log_.debug(component, "worker {} (pid {}) cannot serve: {}", index_, pid_, line.text);
      callbacks_.failed({line.code, line.text});
      return;
  }
}

void WorkerProcess::look_at_beat() {
  if (pid_ == 0) return beat_.stop();
  const auto silence = Clock::now() - last_beat_;
  if (!stalled_ && silence > settings_.stall_timeout) return replace_stalled();
  if (stalled_ && silence > settings_.stall_timeout + abort_patience) kill();
}

void WorkerProcess::replace_stalled() {
  stalled_ = true;
  log_.error(component, "worker {} (pid {}) stands still for {} ms: it is aborted and replaced",
             index_, pid_, settings_.stall_timeout.count());
  ::kill(pid_, SIGABRT);
  // A stopped process would take no signal but this one.
  ::kill(pid_, SIGCONT);
}

bool WorkerProcess::child_ended(pid_t pid, int status) {
  if (pid == 0 || pid != pid_) return false;
  // What it has said last may still be in the connection.
  if (control_fd_ >= 0) read_control();
  close_control();
  pid_ = 0;
  beat_.stop();
  const bool was_ready = std::exchange(ready_, false);
  if (Clock::now() - started_ > stable_after) backoff_.reset();
  if (stopping_) {
    log_.info(component, "worker {} (pid {}) {}", index_, pid, describe_end(status));
    restart_.start(0ms);
    return true;
  }
  // A worker that was told to go drains and ends with 0; that is no reason to wait.
  const bool asked = WIFEXITED(status) && WEXITSTATUS(status) == 0 && was_ready;
  log_.write(asked ? log::Level::info : log::Level::error, component,
             fmt::format("worker {} (pid {}) {}{}; another takes its place", index_, pid,
                         describe_end(status), was_ready ? "" : " before it was ready"));
  restart_.start(asked ? asked_restart_delay : backoff_.next());
  if (asked) return true;
  if (!was_ready && !said_fatal_ && ++deaths_before_ready_ == deaths_before_ready_max) {
    deaths_before_ready_ = 0;
    callbacks_.failed(
        {ExitCode::worker, fmt::format("worker {} died {} times before it was ready; the last {}",
                                       index_, deaths_before_ready_max, describe_end(status))});
  }
  return true;
}

void WorkerProcess::close_control() {
  control_.reset();
  if (control_fd_ >= 0) ::close(std::exchange(control_fd_, -1));
}

}  // namespace conclib::master
