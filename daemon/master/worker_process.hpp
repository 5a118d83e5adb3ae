// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "daemon/config/exit_code.hpp"
#include "daemon/config/settings.hpp"
#include "daemon/log/log.hpp"
#include "daemon/master/watch.hpp"
#include "daemon/redis/backoff.hpp"
#include "daemon/redis/loop.hpp"
#include "daemon/worker/control.hpp"

namespace conclib::master {

/// The place of one worker: the process in it now, its control connection, its beat, and the next
/// process when that one ends.
///
/// Backoff: a process that dies within ten seconds makes the next one wait, up to five seconds.
/// Threading: loop-only; start() from the main thread, to which its process's death is tied.
class WorkerProcess {
 public:
  struct Callbacks {
    std::function<void()> ready;  ///< This process serves.
    /// It says, or shows by dying again and again, that it cannot serve. It is tried again
    /// nevertheless, until stop().
    std::function<void(const config::Failure&)> failed;
    std::function<void()> ended;  ///< After stop(): no process is left.
  };

  /// `arguments` are those of the master, with argv[0]. All that is given by reference outlives it.
  WorkerProcess(redis::Loop& loop, int index, const config::Settings& settings,
                const std::vector<std::string>& arguments, const log::Log& log,
                Callbacks callbacks);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  void start();
  /// Asks the process to drain and to end; no other follows. `ended` is called, never from within.
  void stop();
  /// Ends the process at once.
  void kill();
  /// Takes the end of a child; false if it was not this one.
  bool child_ended(pid_t pid, int status);

  [[nodiscard]] bool is_ready() const { return ready_; }
  [[nodiscard]] int index() const { return index_; }
  /// 0 if there is none now.
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  using Clock = std::chrono::steady_clock;

  void read_control();
  void take(const worker::ControlLine& line);
  void look_at_beat();
  void replace_stalled();
  void again();
  void close_control();
  [[nodiscard]] std::vector<std::string> arguments_of_child(int control_fd) const;

  redis::Loop& loop_;
  const config::Settings& settings_;
  const std::vector<std::string>& arguments_;
  const log::Log& log_;
  Callbacks callbacks_;
  int index_;

  redis::Timer restart_;
  redis::Timer beat_;
  redis::Backoff backoff_;
  pid_t pid_ = 0;
  int control_fd_ = -1;
  std::unique_ptr<ReadWatch> control_;
  worker::ControlReader reader_;
  bool ready_ = false;
  bool stopping_ = false;
  bool stalled_ = false;
  bool said_fatal_ = false;
  int deaths_before_ready_ = 0;
  Clock::time_point started_;
  Clock::time_point last_beat_;  ///< Or the start, before the first one.
};

}  // namespace conclib::master
