// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conclib/plugin.h"

/// A number that only grows. Any thread.
struct conclib_counter {
  std::atomic<std::uint64_t> value{0};
};

/// Count, sum and maximum of values, and how many there were up to each power of two. Any thread; a
/// reader may see a value in one of them and not yet in another.
struct conclib_histogram {
  /// Bucket b counts the values of b bits: 0; 1; 2 and 3; 4 to 7; and so on.
  static constexpr std::size_t bucket_count = 65;

  std::atomic<std::uint64_t> count{0};
  std::atomic<std::uint64_t> sum{0};
  std::atomic<std::uint64_t> max{0};
  std::array<std::atomic<std::uint64_t>, bucket_count> buckets{};

  void record(std::uint64_t value) noexcept;
};

namespace conclib::plugin {

/// The counters and histograms of one plugin by name. They stay where they are until the end.
///
/// Threading: any thread.
/// Limit: `metrics_max` in all; what is over it is refused.
class MetricSet {
 public:
  static constexpr std::size_t metrics_max = 256;
  static constexpr std::size_t name_bytes_max = 64;

  /// The counter of this name, made if there is none. Null: the name is not 1 to 64 of [a-z0-9_],
  /// belongs to a histogram, or the limit is reached.
  [[nodiscard]] conclib_counter* counter(std::string_view name);
  [[nodiscard]] conclib_histogram* histogram(std::string_view name);

  /// All numbers, sorted by name; a histogram h gives h_count, h_sum, h_max and h_p50, h_p99: upper
  /// bounds of those quantiles, by its buckets.
  [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> numbers() const;

 private:
  [[nodiscard]] bool may_add(std::string_view name) const;

  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<conclib_counter>, std::less<>> counters_;
  std::map<std::string, std::unique_ptr<conclib_histogram>, std::less<>> histograms_;
};

}  // namespace conclib::plugin
