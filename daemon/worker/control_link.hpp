// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string_view>

#include "daemon/config/exit_code.hpp"
#include "daemon/redis/loop.hpp"

struct uv_poll_s;

namespace conclib::worker {

/// The worker's end of the pipe to its master: says that the worker is ready, that its loop is
/// alive (once a second) and why it gives up; sees the master's death.
///
/// Threading: the loop's thread.
/// Ownership: owns the descriptor and closes it.
class ControlLink {
 public:
  /// `master_gone` is called once, when the other end is closed. It may destroy the link.
  ControlLink(redis::Loop& loop, int fd, std::function<void()> master_gone);
  ~ControlLink();
  ControlLink(const ControlLink&) = delete;
  ControlLink& operator=(const ControlLink&) = delete;

  void say_ready();
  void say_fatal(config::ExitCode code, std::string_view text);

 private:
  void say(std::string_view line) const;
  void look();

  int fd_;
  std::function<void()> master_gone_;
  uv_poll_s* poll_;
  redis::Timer beat_;
};

}  // namespace conclib::worker
