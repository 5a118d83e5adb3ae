// SPDX-License-Identifier: MIT
#include "daemon/runtime/timers.hpp"

#include "daemon/runtime/cell.hpp"

namespace conclib::runtime {

Timers::~Timers() { clear(); }

void Timers::arm(TimerEntry& entry, TimePoint when) {
  bool ask = false;
  {
    const std::lock_guard lock(mutex_);
    if (entry.index == TimerEntry::nowhere) {
      if (entry.armed) return;
      entry.cell->retain();
      entry.when = when;
      heap_.push_back(&entry);
      place(heap_.size() - 1, &entry);
      sift_up(entry.index);
    } else {
      entry.when = when;
      sift_up(entry.index);
      sift_down(entry.index);
    }
    entry.armed = true;
    ask = when < asked_for_;
    if (ask) asked_for_ = when;
  }
  if (ask) outside_.schedule(when);
}

void Timers::cancel(TimerEntry& entry) {
  {
    const std::lock_guard lock(mutex_);
    if (entry.index == TimerEntry::nowhere) return;
    take_out(entry.index);
    entry.armed = false;
  }
  entry.cell->release();
}

std::optional<TimePoint> Timers::fire() {
  const auto now = clock_.now();
  std::vector<Ref<Cell>> due;
  std::optional<TimePoint> next;
  {
    const std::lock_guard lock(mutex_);
    while (!heap_.empty() && heap_.front()->when <= now) {
      due.push_back(Ref<Cell>::adopt(heap_.front()->cell));
      take_out(0);
    }
    if (!heap_.empty()) next = heap_.front()->when;
    asked_for_ = next.value_or(TimePoint::max());
  }
  for (const auto& cell : due) cell->tick();
  return next;
}

void Timers::clear() {
  std::vector<TimerEntry*> left;
  {
    const std::lock_guard lock(mutex_);
    left.swap(heap_);
    for (auto* entry : left) entry->index = TimerEntry::nowhere;
  }
  for (auto* entry : left) entry->cell->release();
}

void Timers::place(std::size_t index, TimerEntry* entry) {
  heap_[index] = entry;
  entry->index = index;
}

void Timers::sift_up(std::size_t index) {
  auto* entry = heap_[index];
  while (index > 0) {
    const auto parent = (index - 1) / 2;
    if (heap_[parent]->when <= entry->when) break;
    place(index, heap_[parent]);
    index = parent;
  }
  place(index, entry);
}

void Timers::sift_down(std::size_t index) {
  auto* entry = heap_[index];
  for (;;) {
    auto child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1]->when < heap_[child]->when) ++child;
    if (entry->when <= heap_[child]->when) break;
    place(index, heap_[child]);
    index = child;
  }
  place(index, entry);
}

void Timers::take_out(std::size_t index) {
  heap_[index]->index = TimerEntry::nowhere;
  auto* last = heap_.back();
  heap_.pop_back();
  if (index == heap_.size()) return;
  place(index, last);
  sift_up(index);
  sift_down(last->index);
}

}  // namespace conclib::runtime
