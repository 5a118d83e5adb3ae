// SPDX-License-Identifier: MIT
#include "daemon/worker/runtime_timer.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

namespace conclib::worker {
namespace {

constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

}  // namespace

RuntimeTimer::RuntimeTimer(redis::Loop& loop, const runtime::Clock& clock, Fire fire)
    : clock_(clock),
      fire_(std::move(fire)),
      next_(never),
      earlier_(loop, [this] { arm(); }),
      timer_(loop, [this] { act(); }) {}

void RuntimeTimer::schedule(runtime::TimePoint when) {
  const auto ticks = static_cast<std::int64_t>(when.time_since_epoch().count());
  auto next = next_.load();
  while (ticks < next) {
    if (next_.compare_exchange_weak(next, ticks)) {
      earlier_.wake();
      return;
    }
  }
}

void RuntimeTimer::arm() {
  const auto next = next_.load();
  if (next == never) return;
  const auto left = runtime::TimePoint::duration(next) - clock_.now().time_since_epoch();
  // Rounded up: a timer that comes early would find nothing due.
  const auto left_ms = std::chrono::ceil<std::chrono::milliseconds>(left);
  timer_.start(std::max(left_ms, std::chrono::milliseconds(0)));
}

void RuntimeTimer::act() {
  next_ = never;
  if (const auto next = fire_()) schedule(*next);
}

}  // namespace conclib::worker
