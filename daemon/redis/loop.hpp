// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <thread>

struct uv_loop_s;

namespace conclib::redis {

/// An event loop of libuv as the classes of this folder see it; it does not own the loop.
/// Threading: made on the thread that runs the loop, which is the only one that may use what stands
/// on it, but for what says otherwise.
class Loop {
 public:
  explicit Loop(uv_loop_s* loop) : loop_(loop), thread_(std::this_thread::get_id()) {}
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  [[nodiscard]] uv_loop_s* handle() const { return loop_; }
  /// Whether the caller runs on the loop's thread. Any thread.
  [[nodiscard]] bool is_here() const { return std::this_thread::get_id() == thread_; }

 private:
  uv_loop_s* loop_;
  std::thread::id thread_;
};

/// Calls a function once or again and again after a time. Loop-only. Its handle's memory is given
/// back by libuv's close callback, after the timer's own end.
class Timer {
 public:
  /// `due` is never called from within start() nor after stop() or the destructor. It may destroy
  /// the timer.
  Timer(Loop& loop, std::function<void()> due);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Starts it anew. `repeat` of zero: once.
  void start(std::chrono::milliseconds after, std::chrono::milliseconds repeat = {});
  void stop();
  [[nodiscard]] bool is_active() const;

 private:
  struct Handle;
  Loop& loop_;
  Handle* handle_;
};

/// Calls a function on the loop's thread soon after it was woken; several wake-ups may make one
/// call. Threading: wake() from any thread, until the destructor begins; the rest on the loop's.
class Wakeup {
 public:
  Wakeup(Loop& loop, std::function<void()> woken);
  ~Wakeup();
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  void wake();

 private:
  struct Handle;
  Loop& loop_;
  Handle* handle_;
};

}  // namespace conclib::redis
