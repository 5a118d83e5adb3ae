// SPDX-License-Identifier: MIT
#include "daemon/master/watch.hpp"

#include <utility>

#include <uv.h>

#include "proto/assert.hpp"

namespace conclib::master {

namespace {

template <typename Handle>
void close_and_delete(Handle* handle) {
  handle->data = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(handle),
           [](uv_handle_t* closed) { delete reinterpret_cast<Handle*>(closed); });
}

}  // namespace

ReadWatch::ReadWatch(redis::Loop& loop, int fd, std::function<void()> readable)
    : readable_(std::move(readable)), handle_(new uv_poll_t) {
  CONCLIB_ASSERT(uv_poll_init(loop.handle(), handle_, fd) == 0);
  handle_->data = this;
  const int started =
      uv_poll_start(handle_, UV_READABLE | UV_DISCONNECT, [](uv_poll_t* handle, int, int) {
        // A copy, since the call may destroy the watch.
        const auto call = static_cast<ReadWatch*>(handle->data)->readable_;
        call();
      });
  CONCLIB_ASSERT(started == 0);
}

ReadWatch::~ReadWatch() { close_and_delete(handle_); }

SignalWatch::SignalWatch(redis::Loop& loop, int signal, std::function<void()> came)
    : came_(std::move(came)), handle_(new uv_signal_t) {
  CONCLIB_ASSERT(uv_signal_init(loop.handle(), handle_) == 0);
  handle_->data = this;
  const int started = uv_signal_start(
      handle_, [](uv_signal_t* handle, int) { static_cast<SignalWatch*>(handle->data)->came_(); },
      signal);
  CONCLIB_ASSERT(started == 0);
}

SignalWatch::~SignalWatch() { close_and_delete(handle_); }

}  // namespace conclib::master
