// SPDX-License-Identifier: MIT
#include "tests/bench/measure.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace conclib::bench {
namespace {

using Clock = std::chrono::steady_clock;

double quantile(std::vector<double>& values, double part) {
  if (values.empty()) throw std::runtime_error("nothing was measured");
  const auto at = static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

/// Asks until `end`; the times in microseconds of those asks that began after `start`.
std::vector<double> ask_until(Caller& caller, Clock::time_point start, Clock::time_point end) {
  std::vector<double> times;
  times.reserve(1 << 16);
  for (auto before = Clock::now(); before < end;) {
    caller.ask();
    const auto after = Clock::now();
    if (before >= start) {
      times.push_back(std::chrono::duration<double, std::micro>(after - before).count());
    }
    before = after;
  }
  return times;
}

}  // namespace

Measurement measure(const CallerFactory& make, unsigned callers,
                    std::chrono::milliseconds duration) {
  std::mutex mutex;
  std::vector<double> times;
  std::exception_ptr failure;
  std::atomic<unsigned> connected = 0;
  std::atomic<bool> go = false;
  Clock::time_point start;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < callers; ++i) {
    threads.emplace_back([&] {
      try {
        const auto caller = make();
        caller->ask();
        ++connected;
        go.wait(false);
        auto own = ask_until(*caller, start, start + duration);
        const std::lock_guard lock(mutex);
        times.insert(times.end(), own.begin(), own.end());
      } catch (...) {
        const std::lock_guard lock(mutex);
        failure = std::current_exception();
        ++connected;
      }
    });
  }
  while (connected < callers) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  start = Clock::now() + duration / 10;
  go = true;
  go.notify_all();
  for (auto& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
  Measurement result;
  result.per_second =
      static_cast<double>(times.size()) / std::chrono::duration<double>(duration).count();
  result.median_us = quantile(times, 0.5);
  result.p99_us = quantile(times, 0.99);
  return result;
}

double median(std::vector<double> values) { return quantile(values, 0.5); }

}  // namespace conclib::bench
