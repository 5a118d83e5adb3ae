// SPDX-License-Identifier: MIT
#include "daemon/redis/uv_adapter.hpp"

#include <hiredis/async.h>
#include <uv.h>

#include "daemon/redis/loop.hpp"
#include "proto/assert.hpp"

namespace conclib::redis {
namespace {

class UvAdapter {
 public:
  explicit UvAdapter(redisAsyncContext& context) : context_(&context) {}

  [[nodiscard]] bool open(uv_loop_t* loop) {
    if (uv_poll_init(loop, &poll_, context_->c.fd) != 0) return false;
    poll_.data = this;
    context_->ev.data = this;
    context_->ev.addRead = [](void* self) noexcept { of(self).arm(UV_READABLE, 0); };
    context_->ev.delRead = [](void* self) noexcept { of(self).arm(0, UV_READABLE); };
    context_->ev.addWrite = [](void* self) noexcept { of(self).arm(UV_WRITABLE, 0); };
    context_->ev.delWrite = [](void* self) noexcept { of(self).arm(0, UV_WRITABLE); };
    context_->ev.cleanup = [](void* self) noexcept { of(self).close(); };
    return true;
  }

 private:
  static UvAdapter& of(void* self) { return *static_cast<UvAdapter*>(self); }

  static void on_poll(uv_poll_t* poll, int status, int events) noexcept {
    of(poll->data).drive(status, events);
  }

  void arm(int add, int remove) {
    if (context_ == nullptr) return;
    const int events = (armed_ | add) & ~remove;
    if (events == armed_) return;
    armed_ = events;
    if (events == 0) {
      uv_poll_stop(&poll_);
    } else {
      CONCLIB_ASSERT(uv_poll_start(&poll_, events, &UvAdapter::on_poll) == 0);
    }
  }

  void drive(int status, int events) {
    if (status < 0) events = armed_;
    if (context_ != nullptr && (events & UV_READABLE) != 0) redisAsyncHandleRead(context_);
    if (context_ != nullptr && (events & UV_WRITABLE) != 0) redisAsyncHandleWrite(context_);
    // libuv has stopped the handle; if hiredis found nothing wrong all the same, nothing would ever
    // happen on it again.
    if (status < 0 && context_ != nullptr) redisAsyncFree(context_);
  }

  void close() {
    if (context_ == nullptr) return;
    context_->ev.data = nullptr;
    context_ = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(&poll_),
             [](uv_handle_t* poll) noexcept { delete static_cast<UvAdapter*>(poll->data); });
  }

  redisAsyncContext* context_;
  uv_poll_t poll_{};
  int armed_ = 0;
};

}  // namespace

bool attach(redisAsyncContext& context, Loop& loop) {
  CONCLIB_ASSERT(loop.is_here());
  auto* adapter = new UvAdapter(context);
  // From here on it belongs to the context, which calls cleanup at its end.
  if (adapter->open(loop.handle())) return true;
  delete adapter;
  return false;
}

}  // namespace conclib::redis
