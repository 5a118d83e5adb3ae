// SPDX-License-Identifier: MIT
#include "daemon/master/embedded_redis.hpp"

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/master/child.hpp"
#include "daemon/master/redis_program.hpp"

namespace conclib::master {

namespace {

using namespace std::chrono_literals;
using config::ExitCode;
using config::Outcome;

constexpr auto look_interval = 20ms;
constexpr auto adopted_look_interval = 500ms;
/// How long a server that holds the lock and does not answer may take to end.
constexpr auto holder_patience = 5s;
constexpr auto shutdown_patience = 10s;
constexpr auto report_interval = 2s;
constexpr auto stable_after = 10s;
constexpr int failed_starts_max = 3;
constexpr std::uintmax_t log_bytes_max = 1U << 20;

constexpr std::string_view component = "redis";

/// Quoted for redis.conf.
std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

}  // namespace

EmbeddedRedis::EmbeddedRedis(redis::Loop& loop, const config::Settings& settings,
                             const log::Log& log, Callbacks callbacks)
    : settings_(settings),
      log_(log),
      callbacks_(std::move(callbacks)),
      timer_(loop, [this] { tick(); }),
      backoff_(100ms, 5s, std::random_device{}()) {}

void EmbeddedRedis::start() {
  deadline_ = Clock::now() + holder_patience;
  enter(State::locking);
}

void EmbeddedRedis::stop() {
  asked_to_end_ = false;
  deadline_ = Clock::now() + shutdown_patience;
  enter(pid_ == 0 ? State::ended : State::stopping);
}

void EmbeddedRedis::enter(State state) {
  state_ = state;
  next_report_ = Clock::now() + report_interval;
  switch (state) {
    case State::locking:
    case State::starting:
    case State::stopping:
      timer_.start(0ms, look_interval);
      return;
    case State::ended:
      timer_.start(0ms);
      return;
    case State::serving:
      // The end of a child is told by a signal; that of somebody else's has to be looked for.
      adopted_ ? timer_.start(adopted_look_interval, adopted_look_interval) : timer_.stop();
      return;
    case State::waiting:
      timer_.start(backoff_.next());
      return;
    case State::idle:
      timer_.stop();
      return;
  }
}

void EmbeddedRedis::tick() {
  switch (state_) {
    case State::locking:
      return try_lock();
    case State::starting:
      return look_at_child();
    case State::serving:
      if (has_ended(pid_)) died("has ended");
      return;
    case State::waiting:
      return start();
    case State::stopping:
      return look_at_end();
    case State::ended:
      enter(State::idle);
      return callbacks_.ended();
    case State::idle:
      return;
  }
}

void EmbeddedRedis::try_lock() {
  auto lock = LockFile::try_lock(lock_path());
  if (!lock) return give_up(lock.error().code, lock.error().text);
  if (!*lock) return look_at_holder();
  const auto answer = ping_redis(settings_.redis_socket());
  if (answer.state != RedisAnswer::State::silent) {
    return give_up(ExitCode::directories,
                   fmt::format("run-dir: another Redis, pid {}, serves '{}' from another state "
                               "directory; end it, or choose another --run-dir",
                               answer.pid, settings_.redis_socket()));
  }
  launch(*std::move(*lock));
}

void EmbeddedRedis::look_at_holder() {
  const auto answer = ping_redis(settings_.redis_socket());
  if (answer.state == RedisAnswer::State::ready) return adopt(answer.pid);
  if (answer.state == RedisAnswer::State::loading) return report_loading(answer);
  const auto holder = LockFile::text(lock_path());
  // After a crash the lock may stay for a moment with a server's own child, and the daemon that
  // serves has nothing better to do than to wait for it. At the first start the operator waits.
  if (has_served_) return report("waiting for the lock '" + lock_path() + "' of " + holder);
  if (Clock::now() < deadline_) return;
  give_up(ExitCode::directories,
          fmt::format("state-dir: '{}' is in use by {}, which does not answer at '{}'; end it, or "
                      "choose another --state-dir",
                      settings_.state_dir, holder, settings_.redis_socket()));
}

void EmbeddedRedis::launch(LockFile lock) {
  const auto program = find_redis_server(settings_.redis_server);
  if (!program) return give_up(program.error().code, program.error().text);
  const auto configuration = write_configuration();
  if (!configuration) return give_up(configuration.error().code, configuration.error().text);
  const auto pid = start_child({.program = *program,
                                .arguments = {"redis-server", *configuration},
                                .inherited_fd = lock.fd(),
                                .dies_with_parent = false});
  if (!pid) return give_up(ExitCode::redis, pid.error().text);
  pid_ = *pid;
  adopted_ = false;
  lock.write(fmt::format("redis-server pid {} of the conclibd in '{}'", pid_, settings_.run_dir));
  log_.debug(component, "started {} as pid {}", *program, pid_);
  enter(State::starting);
}

void EmbeddedRedis::look_at_child() {
  const auto answer = ping_redis(settings_.redis_socket());
  if (answer.pid != pid_) return;
  if (answer.state == RedisAnswer::State::loading) return report_loading(answer);
  if (answer.state == RedisAnswer::State::ready) serve();
}

void EmbeddedRedis::adopt(pid_t pid) {
  pid_ = pid;
  adopted_ = true;
  const bool configured = configure_redis(settings_.redis_socket(), settings_);
  log_.warn(component, "adopted the redis-server (pid {}) that an earlier master has left{}", pid,
            configured ? "" : "; it refused the settings of this start and keeps its own");
  serve();
}

void EmbeddedRedis::serve() {
  const bool first = !std::exchange(has_served_, true);
  serving_since_ = Clock::now();
  enter(State::serving);
  log_.info(component, "redis-server (pid {}) serves at {}", pid_, settings_.redis_socket());
  if (first) callbacks_.ready();
}

bool EmbeddedRedis::child_ended(pid_t pid, int status) {
  if (pid != pid_ || adopted_) return false;
  died(describe_end(status));
  return true;
}

void EmbeddedRedis::died(const std::string& how) {
  const auto pid = std::exchange(pid_, 0);
  if (state_ == State::stopping) {
    log_.info(component, "redis-server (pid {}) {}", pid, how);
    return enter(State::ended);
  }
  if (state_ == State::serving && Clock::now() - serving_since_ > stable_after) backoff_.reset();
  log_.error(component, "redis-server (pid {}) {}: it is started again; {}", pid, how,
             last_words());
  if (!has_served_ && ++failed_starts_ == failed_starts_max) {
    return give_up(ExitCode::redis,
                   fmt::format("the embedded redis-server {}; {}", how, last_words()));
  }
  enter(State::waiting);
}

void EmbeddedRedis::look_at_end() {
  if (adopted_ && has_ended(pid_)) return died("has ended");
  if (!asked_to_end_) asked_to_end_ = shut_down_redis(settings_.redis_socket());
  if (Clock::now() < deadline_) return;
  // It was started deaf to SIGTERM, so nothing milder is left. What it has acknowledged is with
  // the kernel already.
  log_.warn(component, "redis-server (pid {}) did not end on SHUTDOWN and is killed", pid_);
  ::kill(pid_, SIGKILL);
  deadline_ = Clock::now() + shutdown_patience;
}

void EmbeddedRedis::give_up(ExitCode code, std::string text) {
  if (has_served_) {
    log_.error(component, "{}", text);
    return enter(State::waiting);
  }
  enter(State::idle);
  callbacks_.gave_up({code, std::move(text)});
}

void EmbeddedRedis::report_loading(const RedisAnswer& answer) {
  deadline_ = Clock::now() + holder_patience;
  report(fmt::format("Redis is reading its file: {} %", answer.detail));
}

void EmbeddedRedis::report(const std::string& what) {
  if (Clock::now() < next_report_) return;
  next_report_ = Clock::now() + report_interval;
  log_.info(component, "{}", what);
  callbacks_.progress(what);
}

Outcome<std::string> EmbeddedRedis::write_configuration() const {
  std::error_code error;
  if (std::filesystem::file_size(log_path(), error) > log_bytes_max && !error) {
    std::filesystem::rename(log_path(), log_path() + ".1", error);
  }
  const auto path = settings_.run_dir + "/redis.conf";
  std::ofstream file(path, std::ios::trunc);
  file << "# Written by conclibd at each start; changes are lost.\n"
       << "port 0\n"
       << "unixsocket " << quoted(settings_.redis_socket()) << "\nunixsocketperm 660\n"
       << "daemonize no\nsupervised no\nalways-show-logo no\n"
       << "dir " << quoted(settings_.state_dir) << "\n"
       << "loglevel notice\nlogfile " << quoted(log_path()) << "\n"
       << "save \"\"\nappendonly yes\nappendfsync "
       << config::append_fsync_name(settings_.appendfsync) << "\n"
       << "maxmemory " << settings_.redis_maxmemory_bytes << "\nmaxmemory-policy noeviction\n";
  file.close();
  if (file) return path;
  return config::failure(ExitCode::directories,
                         fmt::format("run-dir: '{}' cannot be written: {}; make room there", path,
                                     std::generic_category().message(errno)));
}

std::string EmbeddedRedis::last_words() const {
  std::ifstream file(log_path());
  std::string last;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) last = std::move(line);
  }
  return fmt::format("{} ends with: {}", log_path(), last.empty() ? "nothing" : last);
}

}  // namespace conclib::master
