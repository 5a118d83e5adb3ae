// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "daemon/log/log.hpp"

namespace conclib::testkit {

/// A log that is kept in memory.
class LogLines {
 public:
  LogLines();
  ~LogLines();
  LogLines(const LogLines&) = delete;
  LogLines& operator=(const LogLines&) = delete;

  [[nodiscard]] const log::Log& log() const { return log_; }
  /// What was written so far, such as "warn runtime: actor a failed".
  [[nodiscard]] std::vector<std::string> read() const;

 private:
  int file_;
  log::Log log_;
};

}  // namespace conclib::testkit
