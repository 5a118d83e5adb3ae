// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

#include "daemon/redis/loop.hpp"
#include "daemon/runtime/ports.hpp"

namespace conclib::worker {

/// Calls back on the loop's thread when the runtime has something due.
///
/// Threading: schedule() from any thread, until the destructor begins; the rest on the loop's.
class RuntimeTimer {
 public:
  /// Acts on what is due and says when the next is.
  using Fire = std::function<std::optional<runtime::TimePoint>()>;

  RuntimeTimer(redis::Loop& loop, const runtime::Clock& clock, Fire fire);

  /// Asks for a call at `when` or soon after. Wakes the loop only if that is earlier than what it
  /// waits for already. Never blocks.
  void schedule(runtime::TimePoint when);

 private:
  void arm();
  void act();

  const runtime::Clock& clock_;
  Fire fire_;
  /// When the next call is wanted, in ticks of the clock; `never` if it is not.
  std::atomic<std::int64_t> next_;
  redis::Wakeup earlier_;
  redis::Timer timer_;
};

}  // namespace conclib::worker
