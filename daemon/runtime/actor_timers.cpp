// SPDX-License-Identifier: MIT
#include "daemon/runtime/actor_timers.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "daemon/runtime/cell.hpp"
#include "proto/assert.hpp"

namespace conclib::runtime {
namespace {

using std::chrono::nanoseconds;

nanoseconds bounded(std::uint64_t ns) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return nanoseconds(static_cast<std::int64_t>(std::min(ns, most)));
}

/// The end of time if it is later than that.
TimePoint after(TimePoint begin, nanoseconds wait) {
  return wait > TimePoint::max() - begin ? TimePoint::max() : begin + wait;
}

/// The first of `begin` + n * `interval` that is later than `now`.
TimePoint next_on_grid(TimePoint begin, nanoseconds interval, TimePoint now) {
  if (now < begin) return begin;
  return after(now - (now - begin) % interval, interval);
}

void destroy_data(const conclib_timer_spec& spec) {
  if (spec.destroy) spec.destroy(spec.user_data);
}

}  // namespace

struct ActorTimers::Running {
  Running(Cell& cell, const conclib_timer_spec& with, std::uint64_t of_id,
          std::optional<Inherited> from)
      : spec(with),
        inherited(std::move(from)),
        id(of_id),
        tick(std::make_unique<Tick>(cell, Tick::Purpose::timer,
                                    (with.flags & CONCLIB_TIMER_WHILE_WAITING) != 0)) {
    tick->timer = id;
  }
  ~Running() { destroy_data(spec); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  conclib_timer_spec spec;
  std::optional<Inherited> inherited;
  std::uint64_t id;
  std::unique_ptr<Tick> tick;
  TimePoint due{};
  bool being_called = false;
  bool cancelled = false;  ///< Within its own call.
};

ActorTimers::ActorTimers(Cell& cell) : cell_(cell) {}

ActorTimers::~ActorTimers() {
  const auto drop = [](std::unique_ptr<Tick>& tick) {
    if (!tick) return;
    CONCLIB_ASSERT(tick->in_heap == Tick::nowhere);
    if (!tick->on_its_way) return;
    // It stands in the mailbox, which goes with the cell as this does.
    tick->orphaned = true;
    (void)tick.release();
  };
  for (auto& running : running_) drop(running->tick);
  drop(receive_tick_);
}

std::uint64_t ActorTimers::start(Timers& timers, const conclib_timer_spec& spec,
                                 std::optional<Inherited> inherited) {
  if (running_.size() >= timers_max) {
    destroy_data(spec);
    return 0;
  }
  if ((spec.flags & CONCLIB_TIMER_WHILE_WAITING) == 0) inherited.reset();
  auto& running = *running_.emplace_back(
      std::make_unique<Running>(cell_, spec, ++last_id_, std::move(inherited)));
  running.due = after(timers.now(), bounded(spec.first_ns));
  timers.arm(*running.tick, running.due);
  return running.id;
}

void ActorTimers::cancel(Timers& timers, std::uint64_t id) {
  const auto at = find(id);
  if (at == running_.end()) return;
  // The call has its data until it returns.
  if ((*at)->being_called) {
    (*at)->cancelled = true;
  } else {
    finish(timers, at);
  }
}

void ActorTimers::end(Timers& timers) {
  while (!running_.empty()) finish(timers, running_.end() - 1);
  set_receive_timeout(timers, nanoseconds(0));
}

std::optional<ActorTimers::Due> ActorTimers::take(Tick* tick) {
  const bool orphaned = tick->orphaned;
  const auto id = tick->timer;
  discard_tick(tick);
  if (orphaned) return std::nullopt;
  const auto at = find(id);
  CONCLIB_ASSERT(at != running_.end());
  auto& running = **at;
  running.being_called = true;
  return Due{.id = id,
             .call = running.spec.call,
             .user_data = running.spec.user_data,
             .inherited = running.inherited};
}

void ActorTimers::called(Timers& timers, std::uint64_t id) {
  const auto at = find(id);
  if (at == running_.end()) return;
  auto& running = **at;
  running.being_called = false;
  const auto interval = bounded(running.spec.interval_ns);
  if (running.cancelled || interval.count() == 0) {
    finish(timers, at);
    return;
  }
  const auto now = timers.now();
  if ((running.spec.flags & CONCLIB_TIMER_FIXED_DELAY) != 0) {
    running.due = after(now, interval);
  } else if ((running.spec.flags & CONCLIB_TIMER_CATCH_UP) != 0) {
    running.due = after(running.due, interval);
  } else {
    running.due = next_on_grid(running.due, interval, now);
  }
  if (running.due > now) {
    timers.arm(*running.tick, running.due);
    return;
  }
  // One call for each tick, so that other messages have their turn between them.
  running.tick->on_its_way = true;
  if (cell_.push(running.tick.get()) == Mailbox::Pushed::closed) running.tick->on_its_way = false;
}

void ActorTimers::set_receive_timeout(Timers& timers, nanoseconds timeout) {
  receive_timeout_ = timeout;
  if (timeout.count() == 0) {
    if (receive_tick_) timers.retire(std::move(receive_tick_));
    return;
  }
  last_received_ = timers.now();
  if (!receive_tick_) {
    receive_tick_ = std::make_unique<Tick>(cell_, Tick::Purpose::receive_timeout, false);
  }
  timers.arm(*receive_tick_, after(last_received_, timeout));
}

bool ActorTimers::take_receive_timeout(Timers& timers, Tick* tick) {
  const bool orphaned = tick->orphaned;
  discard_tick(tick);
  if (orphaned) return false;
  const auto now = timers.now();
  const bool over = after(last_received_, receive_timeout_) <= now;
  if (over) last_received_ = now;
  timers.arm(*tick, after(last_received_, receive_timeout_));
  return over;
}

ActorTimers::List::iterator ActorTimers::find(std::uint64_t id) {
  const auto at = std::lower_bound(
      running_.begin(), running_.end(), id,
      [](const std::unique_ptr<Running>& running, std::uint64_t of) { return running->id < of; });
  return at != running_.end() && (*at)->id == id ? at : running_.end();
}

void ActorTimers::finish(Timers& timers, List::iterator at) {
  const auto running = std::move(*at);
  running_.erase(at);
  timers.retire(std::move(running->tick));
}

}  // namespace conclib::runtime
