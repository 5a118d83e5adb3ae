// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <mutex>

#include "daemon/runtime/cell.hpp"

namespace conclib::runtime {

/// Actors that are ready for a turn, first in first out.
/// Threading: any thread.
/// Limit: none; an actor stands in one queue at most.
class RunQueue {
 public:
  void push(Cell& cell) {
    const std::lock_guard lock(mutex_);
    cell.next_ready = nullptr;
    (last_ ? last_->next_ready : first_) = &cell;
    last_ = &cell;
    filled_.store(true, std::memory_order_relaxed);
  }

  /// The next one, or null. A push of another thread may be overlooked if it has only just come.
  [[nodiscard]] Cell* pop() {
    if (!filled_.load(std::memory_order_relaxed)) return nullptr;
    const std::lock_guard lock(mutex_);
    auto* cell = first_;
    if (!cell) return nullptr;
    first_ = cell->next_ready;
    if (!first_) {
      last_ = nullptr;
      filled_.store(false, std::memory_order_relaxed);
    }
    return cell;
  }

  /// A guess without the lock.
  [[nodiscard]] bool may_have_some() const { return filled_.load(std::memory_order_relaxed); }

  /// Exact, as of some moment during the call.
  [[nodiscard]] bool empty() {
    const std::lock_guard lock(mutex_);
    return first_ == nullptr;
  }

 private:
  std::mutex mutex_;
  std::atomic<bool> filled_{false};  // first_ != nullptr, to look without the lock
  Cell* first_ = nullptr;
  Cell* last_ = nullptr;
};

}  // namespace conclib::runtime
