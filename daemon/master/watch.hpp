// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "daemon/redis/loop.hpp"

struct uv_poll_s;
struct uv_signal_s;

namespace conclib::master {

/// Calls a function whenever a descriptor can be read, or has been closed at its other end.
/// Threading: loop-only. The descriptor stays the caller's and may be closed once this is gone.
class ReadWatch {
 public:
  /// `readable` may destroy the watch.
  ReadWatch(redis::Loop& loop, int fd, std::function<void()> readable);
  ~ReadWatch();
  ReadWatch(const ReadWatch&) = delete;
  ReadWatch& operator=(const ReadWatch&) = delete;

 private:
  std::function<void()> readable_;
  uv_poll_s* handle_;
};

/// Calls a function on the loop after a signal has come; several may make one call.
/// Threading: loop-only.
class SignalWatch {
 public:
  SignalWatch(redis::Loop& loop, int signal, std::function<void()> came);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  std::function<void()> came_;
  uv_signal_s* handle_;
};

}  // namespace conclib::master
