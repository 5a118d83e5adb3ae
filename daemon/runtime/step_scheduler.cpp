// SPDX-License-Identifier: MIT
#include "daemon/runtime/step_scheduler.hpp"

#include <utility>

#include "proto/assert.hpp"

namespace conclib::runtime {

StepScheduler::StepScheduler(Core& core) : core_(core), turn_(core, this) {}

void StepScheduler::stop() { stopped_ = true; }

void StepScheduler::schedule(Cell& cell) {
  const std::lock_guard lock(mutex_);
  ready_.push_back(&cell);
}

void StepScheduler::for_each_turn(const std::function<void(const Turn&)>& each) const {
  each(turn_);
}

bool StepScheduler::step(std::string* urn) {
  CONCLIB_ASSERT(Turn::current() == nullptr);
  auto* cell = stopped_ ? nullptr : choose();
  if (!cell) return false;
  // The actor may end in the turn.
  if (urn) *urn = cell->urn();
  turn_.enter_thread(0);
  const bool has_more = turn_.run(*cell);
  turn_.before_sleep();
  turn_.leave_thread();
  if (has_more) schedule(*cell);
  return true;
}

Cell* StepScheduler::choose() {
  const std::lock_guard lock(mutex_);
  if (ready_.empty()) return nullptr;
  // The remainder favours the first by less than one in 2^32, and is the same on every platform.
  const auto index = static_cast<std::size_t>(core_.random.next() % ready_.size());
  std::swap(ready_[index], ready_.back());
  auto* cell = ready_.back();
  ready_.pop_back();
  return cell;
}

}  // namespace conclib::runtime
