// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <uv.h>

#include "daemon/config/exit_code.hpp"
#include "daemon/config/settings.hpp"
#include "daemon/log/log.hpp"
#include "daemon/master/embedded_redis.hpp"
#include "daemon/master/service_notice.hpp"
#include "daemon/master/watch.hpp"
#include "daemon/master/worker_process.hpp"
#include "daemon/redis/loop.hpp"

namespace conclib::master {

/// The master process: first Redis, then the workers; says when all of them serve; keeps all of
/// them alive; on SIGTERM, SIGINT or SIGHUP ends the workers, then Redis.
///
/// The directories are prepared and the run directory's lock is held by the caller.
/// Threading: made and run on the main thread.
class Master {
 public:
  /// `arguments` is the command line with argv[0]. All that is given by reference outlives this.
  Master(const config::Settings& settings, std::vector<std::string> arguments, const log::Log& log);
  ~Master();
  Master(const Master&) = delete;
  Master& operator=(const Master&) = delete;

  /// Serves until it is told to stop, or cannot; says why on the log.
  [[nodiscard]] config::ExitCode run();

 private:
  enum class Phase { starting, serving, stopping_workers, stopping_redis, ended };

  void start_redis();
  void check_external_redis();
  void start_workers();
  void worker_ready();
  void worker_failed(const config::Failure& failure);
  void fail(const config::Failure& failure);
  void asked_to_stop(const char* signal);
  void stop(const std::string& why);
  void worker_ended();
  void kill_workers();
  void stop_redis();
  void end();
  void collect_children();
  [[nodiscard]] bool is_stopping() const { return phase_ > Phase::serving; }
  [[nodiscard]] std::string awaited() const;

  const config::Settings& settings_;
  const std::vector<std::string> arguments_;
  const log::Log& log_;
  uv_loop_t uv_loop_{};
  std::optional<redis::Loop> loop_;
  ServiceNotice notice_;
  Phase phase_ = Phase::starting;
  config::ExitCode exit_code_ = config::ExitCode::ok;
  std::size_t workers_ended_ = 0;

  std::vector<std::unique_ptr<SignalWatch>> signals_;
  std::unique_ptr<redis::Timer> watchdog_;
  std::unique_ptr<redis::Timer> soon_;  ///< The next look at Redis, then the end of the drain time.
  std::unique_ptr<EmbeddedRedis> redis_;
  std::vector<std::unique_ptr<WorkerProcess>> workers_;
};

}  // namespace conclib::master
