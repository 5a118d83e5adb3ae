// SPDX-License-Identifier: MIT
#include "daemon/runtime/restarts.hpp"

#include <algorithm>

namespace conclib::runtime {
namespace {

using std::chrono::nanoseconds;

/// `backoff_min`, doubled `times` times, but not beyond `backoff_max`.
nanoseconds doubled(const Supervision& policy, std::uint32_t times) {
  const nanoseconds bound = policy.backoff_max;
  nanoseconds delay = policy.backoff_min;
  for (; times > 0 && delay < bound && delay.count() > 0; --times) delay *= 2;
  return std::min(delay, bound);
}

}  // namespace

std::optional<nanoseconds> Restarts::next(const Supervision& policy, TimePoint now,
                                          std::uint64_t random) {
  const auto begin = now - policy.restarts_within;
  if (policy.restarts_max > 0) {
    std::erase_if(recent_, [&](TimePoint when) { return when <= begin; });
    if (recent_.size() >= policy.restarts_max) return std::nullopt;
  }

  if (count_ > 0 && last_ <= begin) in_a_row_ = 0;
  nanoseconds delay{0};
  if (in_a_row_ > 0) {
    delay = doubled(policy, in_a_row_ - 1);
    const auto half = static_cast<std::uint64_t>(delay.count()) / 2;
    delay -= nanoseconds(static_cast<std::int64_t>(random % (half + 1)));
  }
  ++in_a_row_;
  ++count_;
  // It counts from the restart, not from the failure: a delay longer than `restarts_within` would
  // else end the row, and the next restart would be at once.
  last_ = now + delay;
  if (policy.restarts_max > 0) recent_.push_back(last_);
  return delay;
}

}  // namespace conclib::runtime
