// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace conclib::master {

/// What the service manager is told, over NOTIFY_SOCKET; without one nothing happens.
/// Threading: one thread.
class ServiceNotice {
 public:
  ServiceNotice();

  void ready(const std::string& status);
  void stopping(const std::string& status);
  void status(const std::string& status);
  /// What is under way takes so long more: the manager's start or stop time-out begins anew.
  void extend(std::chrono::milliseconds time);
  /// This process lives.
  void beat();

  /// How often beat() is to be called: half of WATCHDOG_USEC; nothing if no watchdog waits for it.
  [[nodiscard]] std::optional<std::chrono::milliseconds> beat_interval() const {
    return beat_interval_;
  }

 private:
  std::optional<std::chrono::milliseconds> beat_interval_;
};

}  // namespace conclib::master
