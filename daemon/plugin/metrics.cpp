// SPDX-License-Identifier: MIT
#include "daemon/plugin/metrics.hpp"

#include <algorithm>
#include <bit>
#include <limits>

void conclib_histogram::record(std::uint64_t value) noexcept {
  count.fetch_add(1, std::memory_order_relaxed);
  sum.fetch_add(value, std::memory_order_relaxed);
  const auto bits = static_cast<std::size_t>(std::bit_width(value));
  buckets[bits].fetch_add(1, std::memory_order_relaxed);
  auto seen = max.load(std::memory_order_relaxed);
  while (seen < value && !max.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

namespace conclib::plugin {

namespace {

bool is_metric_name(std::string_view name) {
  return !name.empty() && name.size() <= MetricSet::name_bytes_max &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

/// The largest value of the bucket in which the quantile lies, or the maximum if that is smaller.
std::uint64_t quantile(const conclib_histogram& histogram, std::uint64_t percent) {
  std::uint64_t total = 0;
  for (const auto& bucket : histogram.buckets) total += bucket.load(std::memory_order_relaxed);
  const auto max = histogram.max.load(std::memory_order_relaxed);
  std::uint64_t below = 0;
  for (std::size_t bits = 0; bits < histogram.buckets.size(); ++bits) {
    below += histogram.buckets[bits].load(std::memory_order_relaxed);
    if (below * 100 < total * percent) continue;
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    return std::min(max, bits == 0 ? 0 : most >> (64 - bits));
  }
  return max;
}

}  // namespace

conclib_counter* MetricSet::counter(std::string_view name) {
  const std::lock_guard lock(mutex_);
  if (const auto found = counters_.find(name); found != counters_.end()) return found->second.get();
  if (!may_add(name)) return nullptr;
  return counters_.emplace(name, std::make_unique<conclib_counter>()).first->second.get();
}

conclib_histogram* MetricSet::histogram(std::string_view name) {
  const std::lock_guard lock(mutex_);
  if (const auto found = histograms_.find(name); found != histograms_.end()) {
    return found->second.get();
  }
  if (!may_add(name)) return nullptr;
  return histograms_.emplace(name, std::make_unique<conclib_histogram>()).first->second.get();
}

bool MetricSet::may_add(std::string_view name) const {
  return is_metric_name(name) && counters_.size() + histograms_.size() < metrics_max &&
         !counters_.contains(name) && !histograms_.contains(name);
}

std::vector<std::pair<std::string, std::uint64_t>> MetricSet::numbers() const {
  std::vector<std::pair<std::string, std::uint64_t>> numbers;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, counter] : counters_) {
    numbers.emplace_back(name, counter->value.load(std::memory_order_relaxed));
  }
  for (const auto& [name, histogram] : histograms_) {
    numbers.emplace_back(name + "_count", histogram->count.load(std::memory_order_relaxed));
    numbers.emplace_back(name + "_max", histogram->max.load(std::memory_order_relaxed));
    numbers.emplace_back(name + "_p50", quantile(*histogram, 50));
    numbers.emplace_back(name + "_p99", quantile(*histogram, 99));
    numbers.emplace_back(name + "_sum", histogram->sum.load(std::memory_order_relaxed));
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace conclib::plugin
