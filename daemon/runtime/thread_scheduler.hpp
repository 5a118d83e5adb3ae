// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "daemon/runtime/run_queue.hpp"
#include "daemon/runtime/scheduler.hpp"

namespace conclib::runtime {

struct Core;

/// A pool of threads that gives ready actors their turns.
///
/// Each thread has a queue and a slot of its own. What a turn makes ready goes into the slot of its
/// thread, which looks there next: the other threads sleep on while two actors talk to each other.
/// What the slot cannot hold goes into the queue, and wakes a thread if one sleeps. So that an
/// actor in a slot does not wait for a long handler, one of the sleeping threads keeps guard while
/// slots are in use: it looks now and then, and takes what has not moved. With nothing to do all
/// threads sleep and nothing ticks. Only a thread that lives on what others have too much of, and
/// was woken right after it had fallen asleep, looks around for some microseconds first.
class ThreadScheduler final : public Scheduler {
 public:
  /// `guarded`: with slots, for actors that do not block. Without, each ready actor wakes a thread.
  ThreadScheduler(Core& core, unsigned threads, bool guarded);
  ~ThreadScheduler() override;

  void start() override;
  void stop() override;
  void schedule(Cell& cell) override;
  void for_each_turn(const std::function<void(const Turn&)>& each) const override;

 private:
  struct Worker;

  void work(Worker& worker);
  Cell* next(Worker& worker);
  /// The next of its own and of those from outside.
  Cell* take(Worker& worker);
  Cell* steal(Worker& worker);
  /// Whether something came that another thread has too much of, in a short look around.
  [[nodiscard]] bool look_around(const Worker& worker) const;
  /// Sleeps until there may be work; false to end.
  bool sleep(Worker& worker);
  void keep_guard(Worker& worker, std::unique_lock<std::mutex>& lock);
  bool take_stuck(Worker& guard);
  [[nodiscard]] bool has_queued();
  [[nodiscard]] bool has_slotted() const;
  void wake_one();
  void ask_for_guard();
  /// Makes one of the sleepers the guard, if there is none. With mutex_.
  void appoint_guard();

  const Clock& clock_;
  const bool guarded_;
  std::vector<std::unique_ptr<Worker>> workers_;
  RunQueue injected_;

  std::mutex mutex_;                // guards what follows, but for the atomics
  std::vector<Worker*> sleepers_;   // the last one is woken first, but for the guard
  std::atomic<int> sleeping_{0};    // as many as sleepers_
  std::atomic<int> searching_{0};   // 1 from waking a thread until it has found work or none
  std::atomic<bool> guard_{false};  // whether one of the sleepers keeps guard
  std::atomic<bool> stopping_{false};
};

}  // namespace conclib::runtime
