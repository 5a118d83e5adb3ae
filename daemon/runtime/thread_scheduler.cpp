// SPDX-License-Identifier: MIT
#include "daemon/runtime/thread_scheduler.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "daemon/runtime/turn.hpp"

namespace conclib::runtime {
namespace {

/// Actors taken from the slot in a row before the queue has its turn.
constexpr unsigned slot_streak_max = 16;
/// How often the guard looks, and after how many looks at empty slots it stops.
constexpr std::chrono::milliseconds guard_period{1};
constexpr unsigned guard_idle_looks = 4;
/// A sleep that costs more than the time it lasts: to be woken takes a thread some 5 us, and who
/// wakes it some 2 us (measured on two cores of a virtual machine).
constexpr std::chrono::microseconds short_sleep{50};
/// Some 20 us.
constexpr unsigned looks_max = 1000;

/// Tells the processor that this is a loop that waits.
void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

struct ThreadScheduler::Worker {
  Worker(Core& core, ThreadScheduler* scheduler) : turn(core, scheduler) {}

  Turn turn;
  RunQueue queue;
  std::atomic<Cell*> slot{nullptr};
  /// Counts turns: lets the guard see whether the thread moves on. Written by its thread.
  std::atomic<std::uint64_t> turns{0};
  unsigned slot_streak = 0;
  bool took_injected = false;  ///< Whether the last actor came from outside.
  bool searching = false;
  bool stole = false;       ///< Whether the last actor came from another thread.
  bool woken_soon = false;  ///< Whether its last sleep was short.
  /// With mutex_: whether it was woken, and to what.
  bool woken = false;
  bool to_guard = false;
  std::uint64_t turns_seen = 0;  // by the guard
  std::condition_variable wake;
  std::thread thread;
};

ThreadScheduler::ThreadScheduler(Core& core, unsigned threads, bool guarded)
    : clock_(core.clock), guarded_(guarded && threads > 1) {
  for (unsigned i = 0; i < std::max(threads, 1U); ++i) {
    workers_.push_back(std::make_unique<Worker>(core, this));
  }
}

ThreadScheduler::~ThreadScheduler() { stop(); }

void ThreadScheduler::start() {
  for (auto& worker : workers_) {
    worker->thread = std::thread([this, &worker = *worker] { work(worker); });
  }
}

void ThreadScheduler::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (auto& worker : workers_) worker->wake.notify_one();
  }
  for (auto& worker : workers_) {
    if (worker->thread.joinable()) worker->thread.join();
  }
}

void ThreadScheduler::for_each_turn(const std::function<void(const Turn&)>& each) const {
  for (const auto& worker : workers_) each(worker->turn);
}

void ThreadScheduler::schedule(Cell& cell) {
  auto* turn = Turn::current();
  if (!turn || turn->scheduler() != this) {
    injected_.push(cell);
    wake_one();
    return;
  }
  auto& worker = *workers_[turn->index()];
  // Without a guard a slot would make an actor wait for the end of a handler that blocks.
  if (workers_.size() > 1 && !guarded_) {
    worker.queue.push(cell);
    wake_one();
    return;
  }
  if (auto* displaced = worker.slot.exchange(&cell)) {
    worker.queue.push(*displaced);
    wake_one();
  } else if (guarded_ && sleeping_.load() > 0 && !guard_.load(std::memory_order_relaxed)) {
    ask_for_guard();
  }
}

void ThreadScheduler::work(Worker& worker) {
  const auto self = std::find_if(workers_.begin(), workers_.end(),
                                 [&](const auto& other) { return other.get() == &worker; });
  worker.turn.enter_thread(static_cast<unsigned>(self - workers_.begin()));
  while (!stopping_.load(std::memory_order_relaxed)) {
    auto* cell = next(worker);
    if (!cell) {
      if (look_around(worker)) continue;
      if (!sleep(worker)) break;
      continue;
    }
    if (worker.searching) {
      worker.searching = false;
      searching_ = 0;
      // What came while this thread was searching did not wake another.
      if (has_queued()) wake_one();
    }
    worker.turns.store(worker.turns.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    if (worker.turn.run(*cell)) {
      const bool alone = !worker.slot.load(std::memory_order_relaxed) && worker.queue.empty();
      worker.queue.push(*cell);
      if (!alone) wake_one();
    }
  }
  worker.turn.leave_thread();
}

Cell* ThreadScheduler::next(Worker& worker) {
  if (auto* cell = take(worker)) {
    worker.stole = false;
    return cell;
  }
  return steal(worker);
}

Cell* ThreadScheduler::take(Worker& worker) {
  const bool slot_first = worker.slot_streak < slot_streak_max;
  if (slot_first && worker.slot.load(std::memory_order_relaxed)) {
    if (auto* cell = worker.slot.exchange(nullptr)) {
      ++worker.slot_streak;
      return cell;
    }
  }
  worker.slot_streak = 0;
  // What comes from outside and what comes from this thread's turns take turns.
  if (!std::exchange(worker.took_injected, false)) {
    if (auto* cell = injected_.pop()) {
      worker.took_injected = true;
      return cell;
    }
  }
  if (auto* cell = worker.queue.pop()) return cell;
  if (auto* cell = injected_.pop()) return cell;
  return worker.slot.exchange(nullptr);
}

bool ThreadScheduler::look_around(const Worker& worker) const {
  if (!worker.stole || !worker.woken_soon) return false;
  for (unsigned looks = 0; looks < looks_max; ++looks) {
    for (const auto& other : workers_) {
      if (other->queue.may_have_some()) return true;
    }
    if (stopping_.load(std::memory_order_relaxed) || injected_.may_have_some()) return true;
    pause();
  }
  return false;
}

Cell* ThreadScheduler::steal(Worker& worker) {
  const auto count = workers_.size();
  for (std::size_t i = 1; i < count; ++i) {
    auto& other = *workers_[(worker.turn.index() + i) % count];
    if (auto* cell = other.queue.pop()) {
      worker.stole = true;
      return cell;
    }
  }
  return nullptr;
}

bool ThreadScheduler::has_queued() {
  if (!injected_.empty()) return true;
  return std::any_of(workers_.begin(), workers_.end(),
                     [](const auto& worker) { return !worker->queue.empty(); });
}

bool ThreadScheduler::has_slotted() const {
  return std::any_of(workers_.begin(), workers_.end(),
                     [](const auto& worker) { return worker->slot.load() != nullptr; });
}

bool ThreadScheduler::sleep(Worker& worker) {
  worker.turn.before_sleep();
  const auto begin = clock_.now();
  std::unique_lock lock(mutex_);
  if (worker.searching) {
    worker.searching = false;
    searching_ = 0;
  }
  worker.woken = false;
  worker.to_guard = false;
  sleepers_.push_back(&worker);
  ++sleeping_;
  // A push that came before this thread counted as sleeping wakes nobody, so look again.
  if (!has_queued()) {
    if (guarded_ && !guard_ && has_slotted()) {
      guard_ = true;
      worker.to_guard = true;
    }
    while (!worker.woken && !stopping_) {
      if (worker.to_guard) {
        keep_guard(worker, lock);
      } else {
        worker.wake.wait(lock);
      }
    }
  }
  if (!worker.woken) {
    std::erase(sleepers_, &worker);
    --sleeping_;
  }
  if (worker.to_guard) {
    guard_ = false;
    if (has_slotted()) appoint_guard();
  }
  worker.woken_soon = clock_.now() - begin < short_sleep;
  return !stopping_;
}

void ThreadScheduler::keep_guard(Worker& worker, std::unique_lock<std::mutex>& lock) {
  for (unsigned idle = 0; idle < guard_idle_looks;) {
    worker.wake.wait_for(lock, guard_period);
    if (worker.woken || stopping_) return;
    if (take_stuck(worker)) {
      worker.woken = true;
      std::erase(sleepers_, &worker);
      --sleeping_;
      return;
    }
    idle = has_slotted() ? 0 : idle + 1;
  }
  worker.to_guard = false;
  guard_ = false;
  // Whoever filled a slot before that found a guard.
  if (has_slotted()) {
    guard_ = true;
    worker.to_guard = true;
  }
}

bool ThreadScheduler::take_stuck(Worker& guard) {
  for (auto& other : workers_) {
    const auto turns = other->turns.load(std::memory_order_relaxed);
    const bool stuck = turns == other->turns_seen && other->slot.load() != nullptr;
    other->turns_seen = turns;
    if (other.get() == &guard || !stuck) continue;
    if (auto* cell = other->slot.exchange(nullptr)) {
      guard.queue.push(*cell);
      return true;
    }
  }
  return false;
}

void ThreadScheduler::wake_one() {
  if (sleeping_.load() == 0) return;
  int nobody = 0;
  if (!searching_.compare_exchange_strong(nobody, 1)) return;
  Worker* worker = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (sleepers_.empty()) {
      searching_ = 0;
      return;
    }
    // The guard comes last, or slots would be left alone while another thread sleeps on.
    auto chosen = std::find_if(sleepers_.rbegin(), sleepers_.rend(),
                               [](const Worker* sleeper) { return !sleeper->to_guard; });
    if (chosen == sleepers_.rend()) chosen = sleepers_.rbegin();
    worker = *chosen;
    sleepers_.erase(std::next(chosen).base());
    --sleeping_;
    worker->woken = true;
    worker->searching = true;
  }
  worker->wake.notify_one();
}

void ThreadScheduler::ask_for_guard() {
  const std::lock_guard lock(mutex_);
  appoint_guard();
}

void ThreadScheduler::appoint_guard() {
  if (guard_ || sleepers_.empty()) return;
  guard_ = true;
  sleepers_.back()->to_guard = true;
  sleepers_.back()->wake.notify_one();
}

}  // namespace conclib::runtime
