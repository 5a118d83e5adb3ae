// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/exit_code.hpp"

namespace conclib::worker {

/// One line that a worker writes to its master on the control connection. The master writes
/// nothing; that the connection ends tells the worker that its master has died.
///
///     ready                 it serves
///     beat                  its loop runs; every `beat_interval_ms`
///     fatal 66 <one line>   it cannot serve and is about to end with that exit code
///
/// Lines that are not known are ignored, so that either side may be the newer one.
struct ControlLine {
  enum class Kind { ready, beat, fatal };
  static constexpr int beat_interval_ms = 1000;

  Kind kind = Kind::beat;
  config::ExitCode code = config::ExitCode::internal;  ///< Of a fatal one.
  std::string text;                                    ///< Of a fatal one.
};

/// The line with its line feed. Line breaks in the text become spaces; it is cut at 2048 bytes.
[[nodiscard]] std::string encode_control(const ControlLine& line);

/// A line without its line feed; nothing if it is not known.
[[nodiscard]] std::optional<ControlLine> decode_control(std::string_view line);

/// Makes lines of what is read from the connection, however it is cut.
/// Threading: one thread. Limit: a line over 4096 bytes is dropped.
class ControlReader {
 public:
  /// Takes bytes and gives the known lines that they complete.
  [[nodiscard]] std::vector<ControlLine> feed(std::string_view bytes);

 private:
  std::string line_;
  bool too_long_ = false;
};

}  // namespace conclib::worker
