// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace conclib::bench {

/// One caller that waits for each answer before it asks again. Made and used on its own thread.
class Caller {
 public:
  virtual ~Caller() = default;
  /// One ask; throws if the answer is not the right one.
  virtual void ask() = 0;
};

using CallerFactory = std::function<std::unique_ptr<Caller>()>;

struct Measurement {
  double median_us = 0;  ///< Of the time that one ask takes.
  double p99_us = 0;
  double per_second = 0;  ///< Asks of all callers together.
};

/// Runs that many callers at once, each on its own thread, for about `duration` after a warm-up of
/// a tenth of it. Throws what a caller throws.
[[nodiscard]] Measurement measure(const CallerFactory& make, unsigned callers,
                                  std::chrono::milliseconds duration);

[[nodiscard]] double median(std::vector<double> values);

}  // namespace conclib::bench
