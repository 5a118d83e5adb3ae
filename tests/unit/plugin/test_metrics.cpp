// SPDX-License-Identifier: MIT
#include <algorithm>
#include <limits>

#include <doctest/doctest.h>

#include "daemon/plugin/metrics.hpp"

using conclib::plugin::MetricSet;

namespace {

std::uint64_t number(const MetricSet& metrics, const std::string& name) {
  const auto numbers = metrics.numbers();
  const auto found = std::find_if(numbers.begin(), numbers.end(),
                                  [&](const auto& pair) { return pair.first == name; });
  REQUIRE(found != numbers.end());
  return found->second;
}

}  // namespace

TEST_CASE("a counter is made once and then found by its name") {
  MetricSet metrics;
  auto* const counter = metrics.counter("sold");
  REQUIRE(counter != nullptr);
  counter->value += 3;
  CHECK(metrics.counter("sold") == counter);
  CHECK(number(metrics, "sold") == 3);
}

TEST_CASE("a metric with a wrong name or of another kind is refused") {
  MetricSet metrics;
  CHECK(metrics.counter("") == nullptr);
  CHECK(metrics.counter("Sold") == nullptr);
  CHECK(metrics.counter("a b") == nullptr);
  CHECK(metrics.counter(std::string(64, 'x')) != nullptr);
  CHECK(metrics.counter(std::string(65, 'x')) == nullptr);
  REQUIRE(metrics.histogram("time") != nullptr);
  CHECK(metrics.counter("time") == nullptr);
}

TEST_CASE("counters and histograms beyond the limit are refused, those there are kept") {
  MetricSet metrics;
  for (std::size_t i = 0; i < MetricSet::metrics_max; ++i) {
    REQUIRE(metrics.counter("c" + std::to_string(i)) != nullptr);
  }
  CHECK(metrics.counter("one_more") == nullptr);
  CHECK(metrics.histogram("one_more") == nullptr);
  CHECK(metrics.counter("c0") != nullptr);
}

TEST_CASE("a histogram knows count, sum, maximum and quantiles") {
  MetricSet metrics;
  auto* const time = metrics.histogram("time");
  REQUIRE(time != nullptr);
  for (int i = 0; i < 98; ++i) time->record(5);
  time->record(100);
  time->record(1000);
  CHECK(number(metrics, "time_count") == 100);
  CHECK(number(metrics, "time_sum") == 98 * 5 + 1100);
  CHECK(number(metrics, "time_max") == 1000);
  CHECK(number(metrics, "time_p50") == 7);
  CHECK(number(metrics, "time_p99") == 127);
}

TEST_CASE("a histogram takes zero and the largest value, and an empty one gives zeros") {
  MetricSet metrics;
  auto* const time = metrics.histogram("time");
  REQUIRE(time != nullptr);
  CHECK(number(metrics, "time_p99") == 0);
  time->record(0);
  CHECK(number(metrics, "time_p50") == 0);
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  time->record(most);
  CHECK(number(metrics, "time_max") == most);
  CHECK(number(metrics, "time_p99") == most);
}
