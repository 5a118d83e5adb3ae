// SPDX-License-Identifier: MIT
#include "daemon/runtime/core.hpp"

#include <algorithm>

#include "daemon/runtime/recency.hpp"
#include "daemon/runtime/turn.hpp"

namespace conclib::runtime {
namespace {

/// Parts of the handler limit between two looks at what runs.
constexpr int looks_per_limit = 4;

}  // namespace

Core::Core(RuntimeOptions with, const Clock& on_clock, Random& from_random, Outside& to_outside,
           const log::Log& to_log)
    : options(with),
      clock(on_clock),
      random(from_random),
      outside(to_outside),
      log(to_log),
      id_prefix(random.next()),
      timers(clock, outside),
      registry(types, options.partitions) {}

std::optional<RunningSlot::Seen> Core::find_running(std::string_view urn) const {
  std::optional<RunningSlot::Seen> found;
  for (const auto& scheduler : schedulers) {
    scheduler->for_each_turn([&](const Turn& turn) {
      auto seen = turn.slot().read();
      if (seen && seen->urn == urn) found = std::move(seen);
    });
  }
  return found;
}

void Core::stop_all() {
  auto actors = registry.live();
  std::reverse(actors.begin(), actors.end());
  for (const auto& actor : actors) {
    actor->push_control(std::make_unique<Control>(Control::What::stop_now));
  }
}

void Core::schedule_sweep(TimePoint when) {
  if (when != TimePoint::max()) outside.schedule(when);
}

TimePoint Core::sweep(TimePoint now) {
  auto next = TimePoint::max();
  for (const auto& type : types.all()) {
    if (type->recency) next = std::min(next, type->recency->sweep(now));
  }
  return next;
}

void Core::begin_watch() {
  if (watching.exchange(true, std::memory_order_relaxed)) return;
  std::chrono::nanoseconds limit = options.handler_limit;
  for (const auto& type : types.all()) limit = std::min(limit, type->handler_limit);
  outside.schedule(clock.coarse_now() + limit / looks_per_limit);
}

TimePoint Core::look_for_stuck(TimePoint now) {
  if (!watching.load(std::memory_order_relaxed)) return TimePoint::max();
  bool runs = false;
  auto period = std::chrono::nanoseconds(options.handler_limit) / looks_per_limit;
  for (auto& [execution, watched] : watched_) watched.seen = false;
  const auto look = [&](const Turn& turn) {
    const auto seen = turn.slot().read();
    if (!seen) return;
    runs = true;
    period = std::min(period, seen->limit / looks_per_limit);
    // The slot's time is that of the turn's beginning: what runs now may have begun later.
    auto& watched =
        watched_.try_emplace({&turn, seen->number}, Watched{.first_seen = now}).first->second;
    watched.seen = true;
    const auto age = now - watched.first_seen;
    if (watched.reported || age < seen->limit) return;
    watched.reported = true;
    stuck.fetch_add(1, std::memory_order_relaxed);
    log.warn("runtime", "actor {} is stuck: it has been handling {} for {} ms (its limit is {} ms)",
             seen->urn, seen->type.empty() ? std::string("its start or its end") : seen->type,
             std::chrono::duration_cast<std::chrono::milliseconds>(age).count(),
             std::chrono::duration_cast<std::chrono::milliseconds>(seen->limit).count());
  };
  for (const auto& scheduler : schedulers) scheduler->for_each_turn(look);
  std::erase_if(watched_, [](const auto& entry) { return !entry.second.seen; });
  if (runs) return now + period;
  watching.store(false, std::memory_order_relaxed);
  return TimePoint::max();
}

}  // namespace conclib::runtime
