// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace conclib::queue {

/// How much may be read and not yet finished, in entries and bytes, and how much the next XREAD may
/// ask for. Pure. Threading: one thread.
class Window {
 public:
  Window(std::size_t entries_max, std::size_t bytes_max)
      : entries_max_(entries_max), bytes_max_(bytes_max) {}

  /// Whether one more entry of this size fits. An empty window takes any one entry.
  [[nodiscard]] bool admits(std::size_t bytes) const;
  void take(std::size_t bytes);
  void give_back(std::size_t bytes);

  /// What one XREAD should ask for: COUNT is per stream, so a small window is spent on fewer
  /// streams.
  struct Plan {
    std::size_t streams = 0;  ///< 0: nothing fits now.
    std::size_t count = 0;    ///< COUNT; never 0 with streams, for that means no limit.
  };
  [[nodiscard]] Plan plan(std::size_t streams) const;

  [[nodiscard]] std::size_t entries() const { return entries_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  /// What one COUNT asks for at most.
  static constexpr std::size_t count_max = 128;

 private:
  std::size_t entries_max_;
  std::size_t bytes_max_;
  std::size_t entries_ = 0;
  std::size_t bytes_ = 0;
  /// A moving average of the size of entries.
  std::size_t usual_bytes_ = 256;
};

}  // namespace conclib::queue
