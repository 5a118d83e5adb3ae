// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <sys/types.h>

#include "daemon/config/exit_code.hpp"
#include "daemon/config/settings.hpp"
#include "daemon/log/log.hpp"
#include "daemon/master/lock_file.hpp"
#include "daemon/master/redis_probe.hpp"
#include "daemon/master/watch.hpp"
#include "daemon/redis/backoff.hpp"
#include "daemon/redis/loop.hpp"

namespace conclib::master {

/// The redis-server that the daemon runs for itself: started or, if an earlier master has left one,
/// adopted; started again when it dies; ended with SHUTDOWN.
///
/// Only one server may write the append-only file: each holds the lock `redis.lock` in the state
/// directory for as long as it lives, and none is started without it.
/// Threading: loop-only. A look at the socket may block the loop for some hundred milliseconds.
class EmbeddedRedis {
 public:
  struct Callbacks {
    std::function<void()> ready;                            ///< It serves for the first time.
    std::function<void(const config::Failure&)> gave_up;    ///< It never served, and will not.
    std::function<void(const std::string& what)> progress;  ///< It takes its time.
    std::function<void()> ended;                            ///< After stop(): it is gone.
  };

  /// The directories are there, and the master's lock is held. All that is given by reference
  /// outlives this.
  EmbeddedRedis(redis::Loop& loop, const config::Settings& settings, const log::Log& log,
                Callbacks callbacks);

  void start();
  /// Ends the server, then calls `ended`, never from within.
  void stop();
  /// Takes the end of a child; false if it was not this one.
  bool child_ended(pid_t pid, int status);

  /// 0 if there is none.
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  enum class State {
    idle,
    locking,   ///< Waits for the lock, or for the holder to answer.
    starting,  ///< The process runs, and does not serve yet.
    serving,
    waiting,  ///< Before the next start.
    stopping,
    ended,
  };
  using Clock = std::chrono::steady_clock;

  void enter(State state);
  void tick();
  void try_lock();
  void look_at_holder();
  void launch(LockFile lock);
  void look_at_child();
  void adopt(pid_t pid);
  void serve();
  void died(const std::string& how);
  void look_at_end();
  void give_up(config::ExitCode code, std::string text);
  void report_loading(const RedisAnswer& answer);
  /// Says what takes its time, now and then.
  void report(const std::string& what);
  [[nodiscard]] config::Outcome<std::string> write_configuration() const;
  [[nodiscard]] std::string last_words() const;
  [[nodiscard]] std::string lock_path() const { return settings_.state_dir + "/redis.lock"; }
  [[nodiscard]] std::string log_path() const { return settings_.state_dir + "/redis.log"; }

  const config::Settings& settings_;
  const log::Log& log_;
  Callbacks callbacks_;
  redis::Timer timer_;
  redis::Backoff backoff_;
  State state_ = State::idle;
  Clock::time_point serving_since_;
  Clock::time_point deadline_;     ///< Of locking and stopping.
  Clock::time_point next_report_;  ///< Of what takes its time.
  pid_t pid_ = 0;
  bool adopted_ = false;
  bool has_served_ = false;
  bool asked_to_end_ = false;
  int failed_starts_ = 0;
};

}  // namespace conclib::master
