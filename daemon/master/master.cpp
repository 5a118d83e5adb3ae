// SPDX-License-Identifier: MIT
#include "daemon/master/master.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/master/redis_probe.hpp"
#include "proto/assert.hpp"
#include "proto/url.hpp"

namespace conclib::master {

namespace {

using namespace std::chrono_literals;
using config::ExitCode;

constexpr std::string_view component = "daemon";
/// What a worker may need beyond the drain time-out before it is killed.
/// Above what a worker takes past the drain time-out to give up on what does not end, and on Redis.
constexpr auto drain_grace = 5s;
/// What Redis may need to read a large file, or to write it out, before the next word from us.
constexpr auto redis_extension = 30s;

constexpr auto loading_look_interval = 1s;

}  // namespace

Master::Master(const config::Settings& settings, std::vector<std::string> arguments,
               const log::Log& log)
    : settings_(settings), arguments_(std::move(arguments)), log_(log) {
  CONCLIB_ASSERT(uv_loop_init(&uv_loop_) == 0);
  loop_.emplace(&uv_loop_);
}

Master::~Master() {
  workers_.clear();
  redis_.reset();
  soon_.reset();
  watchdog_.reset();
  signals_.clear();
  // Runs the close callbacks, which give the handles' memory back.
  uv_run(&uv_loop_, UV_RUN_DEFAULT);
  CONCLIB_ASSERT(uv_loop_close(&uv_loop_) == 0);
}

ExitCode Master::run() {
  const auto on = [this](int signal, std::function<void()> came) {
    signals_.push_back(std::make_unique<SignalWatch>(*loop_, signal, std::move(came)));
  };
  on(SIGCHLD, [this] { collect_children(); });
  on(SIGTERM, [this] { asked_to_stop("SIGTERM"); });
  on(SIGINT, [this] { asked_to_stop("SIGINT"); });
  on(SIGHUP, [this] { asked_to_stop("SIGHUP"); });
  if (const auto interval = notice_.beat_interval()) {
    watchdog_ = std::make_unique<redis::Timer>(*loop_, [this] { notice_.beat(); });
    watchdog_->start(0ms, *interval);
  }
  soon_ = std::make_unique<redis::Timer>(
      *loop_, [this] { is_stopping() ? kill_workers() : start_redis(); });
  soon_->start(0ms);
  log_.info(component, "conclibd {} starts: namespace '{}', {} workers with {} threads",
            CONCLIB_VERSION, settings_.name_space, settings_.workers, settings_.threads);
  uv_run(&uv_loop_, UV_RUN_DEFAULT);
  return exit_code_;
}

void Master::start_redis() {
  if (!settings_.embedded_redis()) return check_external_redis();
  redis_ = std::make_unique<EmbeddedRedis>(
      *loop_, settings_, log_,
      EmbeddedRedis::Callbacks{.ready = [this] { start_workers(); },
                               .gave_up = [this](const auto& failure) { fail(failure); },
                               .progress =
                                   [this](const std::string& what) {
                                     notice_.extend(redis_extension);
                                     notice_.status(what);
                                   },
                               .ended = [this] { end(); }});
  redis_->start();
}

void Master::check_external_redis() {
  const auto url = proto::parse_redis_url(settings_.redis_url);
  CONCLIB_ASSERT(url.has_value());
  const auto checked = check_redis(*url, settings_.accept_eviction);
  if (!checked) return fail(checked.error());
  if (*checked) return start_workers();
  log_.info(component, "Redis at {} is reading its file", url->printable());
  notice_.extend(redis_extension);
  soon_->start(loading_look_interval);
}

void Master::start_workers() {
  for (std::uint32_t index = 0; index < settings_.workers && !is_stopping(); ++index) {
    workers_.push_back(std::make_unique<WorkerProcess>(
        *loop_, static_cast<int>(index), settings_, arguments_, log_,
        WorkerProcess::Callbacks{.ready = [this] { worker_ready(); },
                                 .failed = [this](const auto& failure) { worker_failed(failure); },
                                 .ended = [this] { worker_ended(); }}));
    workers_.back()->start();
  }
}

void Master::worker_ready() {
  const auto ready = std::count_if(workers_.begin(), workers_.end(),
                                   [](const auto& worker) { return worker->is_ready(); });
  if (phase_ != Phase::starting || static_cast<std::size_t>(ready) < settings_.workers) return;
  phase_ = Phase::serving;
  const auto where = settings_.embedded_redis()
                         ? "unix://" + settings_.redis_socket()
                         : proto::parse_redis_url(settings_.redis_url)->printable();
  const auto status = fmt::format("{} workers serve namespace '{}' at {}", settings_.workers,
                                  settings_.name_space, where);
  log_.info(component, "ready: {}", status);
  notice_.ready(status);
}

void Master::worker_failed(const config::Failure& failure) {
  // Once the daemon serves, a worker that cannot start again must not take the others down.
  if (phase_ == Phase::starting) return fail(failure);
  // When the start has failed because of one worker, the others fail for the same reason.
  if (is_stopping()) return;
  log_.error(component, "a worker cannot serve: {}", failure.text);
}

void Master::fail(const config::Failure& failure) {
  log_.error(component, "{}", failure.text);
  if (is_stopping()) return;
  exit_code_ = failure.code;
  stop(failure.text);
}

void Master::asked_to_stop(const char* signal) {
  if (is_stopping()) {
    log_.info(component, "{}: still stopping, waiting for {}", signal, awaited());
    return;
  }
  log_.info(component, "{}: stopping", signal);
  stop(signal);
}

void Master::stop(const std::string& why) {
  phase_ = Phase::stopping_workers;
  notice_.stopping("stopping: " + why);
  notice_.extend(settings_.drain_timeout + drain_grace + redis_extension);
  soon_->start(settings_.drain_timeout + drain_grace);
  if (workers_.empty()) return stop_redis();
  for (const auto& worker : workers_) worker->stop();
}

void Master::worker_ended() {
  if (++workers_ended_ == workers_.size()) stop_redis();
}

void Master::kill_workers() {
  if (phase_ != Phase::stopping_workers) return;
  log_.warn(component, "the drain time-out has passed: killing {}", awaited());
  for (const auto& worker : workers_) worker->kill();
}

void Master::stop_redis() {
  phase_ = Phase::stopping_redis;
  if (!redis_) return end();
  notice_.extend(redis_extension);
  redis_->stop();
}

void Master::end() {
  phase_ = Phase::ended;
  log_.info(component, "stopped");
  uv_stop(&uv_loop_);
}

void Master::collect_children() {
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    bool known = redis_ && redis_->child_ended(pid, status);
    for (const auto& worker : workers_) known = known || worker->child_ended(pid, status);
    // As process 1 of a container the master also inherits orphans.
    if (!known) log_.debug(component, "collected pid {}, which is nobody's", pid);
  }
}

std::string Master::awaited() const {
  std::vector<std::string> who;
  for (const auto& worker : workers_) {
    if (worker->pid() != 0)
      who.push_back(fmt::format("worker {} (pid {})", worker->index(), worker->pid()));
  }
  if (redis_ && redis_->pid() != 0)
    who.push_back(fmt::format("redis-server (pid {})", redis_->pid()));
  return fmt::format("{}", fmt::join(who, ", "));
}

}  // namespace conclib::master
