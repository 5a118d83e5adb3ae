// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

#include <sched.h>
#include <sys/types.h>
#include <unistd.h>

namespace conclib::sdk {

/// Notices that the process is a fork of the one that it was.
///
/// It takes no lock, since one that another thread held at the fork would stay locked in the child.
/// Threading: any thread.
class ForkGuard {
 public:
  /// To be called before anything that a fork makes invalid. In a new process it runs `reset` once;
  /// other threads wait for that.
  template <typename Reset>
  void enter(const Reset& reset) {
    const pid_t self = ::getpid();
    pid_t owner = owner_.load(std::memory_order_acquire);
    while (owner != self) {
      // The negative id of a process marks that it is at its reset.
      if (owner == -self) {
        ::sched_yield();
        owner = owner_.load(std::memory_order_acquire);
      } else if (owner_.compare_exchange_weak(owner, -self, std::memory_order_acquire)) {
        reset();
        owner_.store(self, std::memory_order_release);
        return;
      }
    }
  }

 private:
  std::atomic<pid_t> owner_{::getpid()};
};

}  // namespace conclib::sdk
