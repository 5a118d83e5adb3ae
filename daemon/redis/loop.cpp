// SPDX-License-Identifier: MIT
#include "daemon/redis/loop.hpp"

#include <algorithm>
#include <utility>

#include <uv.h>

#include "proto/assert.hpp"

namespace conclib::redis {

struct Timer::Handle {
  uv_timer_t timer{};
  std::function<void()> due;

  static void on_due(uv_timer_t* timer) noexcept {
    // A copy, for the function may destroy the timer, and with it the original's owner.
    const auto due = static_cast<Handle*>(timer->data)->due;
    due();
  }
  static void on_close(uv_handle_t* handle) noexcept { delete static_cast<Handle*>(handle->data); }
};

Timer::Timer(Loop& loop, std::function<void()> due) : loop_(loop), handle_(new Handle) {
  CONCLIB_ASSERT(loop_.is_here());
  handle_->due = std::move(due);
  CONCLIB_ASSERT(uv_timer_init(loop_.handle(), &handle_->timer) == 0);
  handle_->timer.data = handle_;
}

Timer::~Timer() {
  CONCLIB_ASSERT(loop_.is_here());
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_->timer), &Handle::on_close);
}

void Timer::start(std::chrono::milliseconds after, std::chrono::milliseconds repeat) {
  CONCLIB_ASSERT(loop_.is_here());
  const auto count = [](std::chrono::milliseconds ms) {
    return static_cast<std::uint64_t>(std::max<std::chrono::milliseconds::rep>(ms.count(), 0));
  };
  // The loop's idea of now may be old by as long as the current callback has run.
  uv_update_time(loop_.handle());
  CONCLIB_ASSERT(uv_timer_start(&handle_->timer, &Handle::on_due, count(after), count(repeat)) ==
                 0);
}

void Timer::stop() {
  CONCLIB_ASSERT(loop_.is_here());
  uv_timer_stop(&handle_->timer);
}

bool Timer::is_active() const {
  return uv_is_active(reinterpret_cast<const uv_handle_t*>(&handle_->timer)) != 0;
}

struct Wakeup::Handle {
  uv_async_t async{};
  std::function<void()> woken;

  static void on_woken(uv_async_t* async) noexcept {
    const auto woken = static_cast<Handle*>(async->data)->woken;
    woken();
  }
  static void on_close(uv_handle_t* handle) noexcept { delete static_cast<Handle*>(handle->data); }
};

Wakeup::Wakeup(Loop& loop, std::function<void()> woken) : loop_(loop), handle_(new Handle) {
  CONCLIB_ASSERT(loop_.is_here());
  handle_->woken = std::move(woken);
  CONCLIB_ASSERT(uv_async_init(loop_.handle(), &handle_->async, &Handle::on_woken) == 0);
  handle_->async.data = handle_;
}

Wakeup::~Wakeup() {
  CONCLIB_ASSERT(loop_.is_here());
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_->async), &Handle::on_close);
}

void Wakeup::wake() { uv_async_send(&handle_->async); }

}  // namespace conclib::redis
