// SPDX-License-Identifier: MIT
#include "daemon/runtime/recency.hpp"

#include <algorithm>
#include <memory>

#include "proto/assert.hpp"

namespace conclib::runtime {
namespace {

/// Below this the clock of turns, which moves in ticks of the kernel, is too coarse for a part.
constexpr std::chrono::milliseconds short_idle_time{100};

std::chrono::nanoseconds pause_between_touches(const Recency::Limits& limits) {
  if (limits.live_max > 0 || limits.idle_max < short_idle_time) return std::chrono::nanoseconds(0);
  return std::min<std::chrono::nanoseconds>(limits.idle_max / 8, std::chrono::seconds(1));
}

}  // namespace

Recency::Recency(Limits limits)
    : limits_(limits), touched_again_after_(pause_between_touches(limits)) {}

TimePoint Recency::enter(Cell& cell, TimePoint now) {
  TooMany too_many;
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    CONCLIB_ASSERT(!is_linked(cell) && !is_asked(cell));
    first = linked_ + asked_ == 0;
    link_front(cell, now);
    too_many = take_too_many();
  }
  ask_to_end(too_many);
  return first && limits_.idle_max.count() > 0 ? now + limits_.idle_max : TimePoint::max();
}

void Recency::touch(Cell& cell, TimePoint now) {
  // Only the actor's own turns write `used`. If it was asked, so much time has passed.
  if (now - cell.used < touched_again_after_) return;
  TooMany too_many;
  {
    const std::lock_guard lock(mutex_);
    if (!take_out(cell)) return;
    link_front(cell, now);
    too_many = take_too_many();
  }
  ask_to_end(too_many);
}

void Recency::stay(Cell& cell, TimePoint now) {
  if (now - cell.used < touched_again_after_) return;
  const std::lock_guard lock(mutex_);
  if (take_out(cell)) link_front(cell, now);
}

void Recency::leave(Cell& cell) {
  TooMany too_many;
  {
    const std::lock_guard lock(mutex_);
    if (!take_out(cell)) return;
    too_many = take_too_many();
  }
  ask_to_end(too_many);
}

TimePoint Recency::sweep(TimePoint now) {
  if (limits_.idle_max.count() == 0) return TimePoint::max();
  std::array<Ref<Cell>, batch_max> idle;
  for (;;) {
    std::size_t count = 0;
    auto next = TimePoint::max();
    {
      const std::lock_guard lock(mutex_);
      while (count < batch_max && least_recent_ && least_recent_->used + limits_.idle_max <= now) {
        idle[count++] = take_last();
      }
      if (least_recent_) {
        next = least_recent_->used + limits_.idle_max;
      } else if (asked_ > 0) {
        // Those of them that stay are touched, at the earliest now.
        next = now + limits_.idle_max;
      }
    }
    for (std::size_t i = 0; i < count; ++i) {
      ask_to_end(*idle[i]);
      idle[i] = {};
    }
    if (count < batch_max) return next;
  }
}

std::uint32_t Recency::live() const {
  const std::lock_guard lock(mutex_);
  return linked_ + asked_;
}

bool Recency::is_linked(const Cell& cell) const {
  return cell.less_recent || cell.more_recent || most_recent_ == &cell;
}

bool Recency::is_asked(const Cell& cell) { return cell.less_recent == &cell; }

bool Recency::take_out(Cell& cell) {
  if (is_asked(cell)) {
    cell.less_recent = cell.more_recent = nullptr;
    --asked_;
    return true;
  }
  if (!is_linked(cell)) return false;
  unlink(cell);
  return true;
}

void Recency::link_front(Cell& cell, TimePoint now) {
  cell.used = now;
  cell.more_recent = nullptr;
  cell.less_recent = most_recent_;
  (most_recent_ ? most_recent_->more_recent : least_recent_) = &cell;
  most_recent_ = &cell;
  ++linked_;
}

void Recency::unlink(Cell& cell) {
  (cell.more_recent ? cell.more_recent->less_recent : most_recent_) = cell.less_recent;
  (cell.less_recent ? cell.less_recent->more_recent : least_recent_) = cell.more_recent;
  cell.less_recent = cell.more_recent = nullptr;
  --linked_;
}

Ref<Cell> Recency::take_last() {
  auto& cell = *least_recent_;
  unlink(cell);
  cell.less_recent = cell.more_recent = &cell;
  ++asked_;
  return Ref<Cell>::share(&cell);
}

Recency::TooMany Recency::take_too_many() {
  TooMany too_many;
  // Those that were asked are expected to go. If some stay there are too many for a while; each one
  // that has something to do then asks one more than its own place needs, not all of them again.
  for (auto& other : too_many) {
    if (limits_.live_max == 0 || linked_ <= limits_.live_max) break;
    other = take_last();
  }
  return too_many;
}

void Recency::ask_to_end(const TooMany& cells) {
  for (const auto& cell : cells) {
    if (cell) ask_to_end(*cell);
  }
}

void Recency::ask_to_end(Cell& cell) {
  cell.push_control(std::make_unique<Control>(Control::What::passivate));
}

}  // namespace conclib::runtime
