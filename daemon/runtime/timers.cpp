// SPDX-License-Identifier: MIT
#include "daemon/runtime/timers.hpp"

#include "daemon/runtime/cell.hpp"
#include "proto/assert.hpp"

// Who may touch a tick, and who destroys it:
//
// In the heap and until it is in a mailbox it is guarded by the lock, and the cell is kept alive by
// the reference that came with arm(). fire() sets `on_its_way` when it takes a tick out of the
// heap; from then on arm() and cancel() leave it alone, and retire() only marks it as orphaned.
//
// If the push succeeds the mailbox hands the tick to the actor's turn (or to the end of the cell),
// and fire() does not touch it again: it may be gone.
//
// If the mailbox is closed, nobody else has the tick, but the actor may be ending on another thread
// and retire it at this very moment. Both take the lock. Whoever is first leaves word: either the
// tick is orphaned by now, and fire() destroys it, or it is back, and retire() will. A tick that is
// part of the cell is never orphaned; the reference that fire() still holds keeps it.

namespace conclib::runtime {

void discard_tick(Message* message) {
  auto* tick = static_cast<Tick*>(message);
  tick->on_its_way = false;
  tick->armed_for = TimePoint::max();
  if (tick->orphaned) delete tick;
}

Timers::~Timers() { clear(); }

void Timers::arm(Tick& tick, TimePoint when) {
  {
    const std::lock_guard lock(mutex_);
    if (tick.on_its_way) return;
    tick.when = when;
    tick.armed_for = when;
    if (tick.in_heap == Tick::nowhere) {
      tick.cell->retain();
      heap_.push_back(&tick);
      place(heap_.size() - 1, &tick);
    }
    sift_up(tick.in_heap);
    sift_down(tick.in_heap);
    if (when >= asked_for_) return;
    asked_for_ = when;
  }
  outside_.schedule(when);
}

bool Timers::cancel(Tick& tick) {
  {
    const std::lock_guard lock(mutex_);
    if (tick.on_its_way) return false;
    tick.armed_for = TimePoint::max();
    if (tick.in_heap == Tick::nowhere) return true;
    take_out(tick.in_heap);
  }
  tick.cell->release();
  return true;
}

void Timers::retire(std::unique_ptr<Tick> tick) {
  Ref<Cell> cell;
  const std::lock_guard lock(mutex_);
  if (tick->on_its_way) {
    tick->orphaned = true;
    // Who takes it out of the mailbox, or fire(), destroys it.
    (void)tick.release();
    return;
  }
  if (tick->in_heap == Tick::nowhere) return;
  take_out(tick->in_heap);
  cell = Ref<Cell>::adopt(tick->cell);
}

std::optional<TimePoint> Timers::fire() {
  const auto now = clock_.now();
  std::vector<Tick*> due;
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      take_due(now, due);
      if (due.empty()) {
        asked_for_ = heap_.empty() ? TimePoint::max() : heap_.front()->when;
        return asked_for_ == TimePoint::max() ? std::nullopt : std::optional(asked_for_);
      }
    }
    for (auto* tick : due) {
      const auto cell = Ref<Cell>::adopt(tick->cell);
      const auto pushed = cell->push(tick);
      CONCLIB_ASSERT(pushed != Mailbox::Pushed::full);
      if (pushed == Mailbox::Pushed::closed) take_back(*tick);
    }
    due.clear();
  }
}

void Timers::take_due(TimePoint now, std::vector<Tick*>& due) {
  while (due.size() < due_max && !heap_.empty() && heap_.front()->when <= now) {
    auto* tick = heap_.front();
    take_out(0);
    tick->on_its_way = true;
    due.push_back(tick);
  }
}

void Timers::take_back(Tick& tick) {
  const std::lock_guard lock(mutex_);
  // The actor's turn may look at `armed_for` now.
  tick.on_its_way = false;
  if (tick.orphaned) delete &tick;
}

void Timers::clear() {
  std::vector<Ref<Cell>> cells;
  const std::lock_guard lock(mutex_);
  cells.reserve(heap_.size());
  for (auto* tick : heap_) {
    tick->in_heap = Tick::nowhere;
    cells.push_back(Ref<Cell>::adopt(tick->cell));
  }
  heap_.clear();
}

void Timers::place(std::size_t index, Tick* tick) {
  heap_[index] = tick;
  tick->in_heap = index;
}

void Timers::sift_up(std::size_t index) {
  auto* tick = heap_[index];
  while (index > 0) {
    const auto parent = (index - 1) / 2;
    if (heap_[parent]->when <= tick->when) break;
    place(index, heap_[parent]);
    index = parent;
  }
  place(index, tick);
}

void Timers::sift_down(std::size_t index) {
  auto* tick = heap_[index];
  for (;;) {
    auto child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1]->when < heap_[child]->when) ++child;
    if (tick->when <= heap_[child]->when) break;
    place(index, heap_[child]);
    index = child;
  }
  place(index, tick);
}

void Timers::take_out(std::size_t index) {
  heap_[index]->in_heap = Tick::nowhere;
  auto* last = heap_.back();
  heap_.pop_back();
  if (index == heap_.size()) return;
  place(index, last);
  sift_up(index);
  sift_down(last->in_heap);
}

}  // namespace conclib::runtime
