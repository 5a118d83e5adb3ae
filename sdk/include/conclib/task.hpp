// SPDX-License-Identifier: MIT
/// Part of conclib/actor.hpp: handlers that wait without blocking.
///
///     conclib::Task<Total> add_all(AddAll message) {            // by value: it outlives the call
///       const auto cart = co_await ask<Cart>("cart/" + message.id, Read{});
///       co_await sleep(10ms);
///       co_return Total{sum_of(cart)};
///     }
///
/// What can be awaited: an ask, a Future of any thread, sleep, stop_and_wait, stop_all, and a Task
/// of the author's own. While a handler waits its actor takes no other message, unless its class
/// has `static constexpr bool reentrant = true`. If the actor ends first, the handler is destroyed
/// where it stands, with all that it holds, and its asker hears NO_REPLY.
///
/// GCC 12 destroys twice what is made with braces within a co_await expression. A message that
/// holds more than numbers is to be made before it, or by conclib::make:
///
///     Read message{.name = name};
///     const auto cart = co_await ask<Cart>(urn, std::move(message));
///     const auto other = co_await ask<Cart>(urn, conclib::make<Read>(name));
#pragma once

#include <concepts>
#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "conclib/detail/root.hpp"
#include "conclib/detail/visibility.hpp"
#include "conclib/future.hpp"

namespace CONCLIB_HIDDEN conclib {

namespace detail {
template <typename T>
class TaskPromise;
template <typename T>
class TaskAwaiter;
}  // namespace detail

/// A coroutine that runs on the turn of the actor whose handler it is, or whose handler awaits it:
/// `co_await part_of_it(x)`. It starts when it is awaited. What leaves it as an exception is thrown
/// by the co_await.
/// Threading: the actor's turn. It owns the coroutine.
template <typename T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::TaskPromise<T>;
  using Frame = std::coroutine_handle<promise_type>;

  explicit Task(Frame frame) noexcept : frame_(frame) {}
  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    Task old(std::move(*this));
    frame_ = std::exchange(other.frame_, nullptr);
    return *this;
  }
  ~Task() {
    if (frame_) frame_.destroy();
  }

  /// Once, of a temporary or with std::move.
  [[nodiscard]] detail::TaskAwaiter<T> operator co_await() && noexcept {
    return detail::TaskAwaiter<T>(frame_);
  }

  [[nodiscard]] Frame frame() const noexcept { return frame_; }
  [[nodiscard]] Frame release() noexcept { return std::exchange(frame_, nullptr); }

 private:
  Frame frame_;
};

namespace detail {

template <typename T>
inline constexpr bool is_task = false;
template <typename T>
inline constexpr bool is_task<Task<T>> = true;

/// What a Task may await.
template <typename T>
concept AwaitableInTask = requires(T&& awaited) {
  std::forward<T>(awaited).operator co_await();
};

template <typename T>
class FutureAwaiter;

class TaskPromiseBase {
 public:
  /// Goes on with whoever awaits this task.
  struct FinalAwaiter {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> at) const noexcept {
      const auto next = at.promise().continuation;
      return next ? next : std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };

  [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
  [[nodiscard]] FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { error_ = std::current_exception(); }

  template <AwaitableInTask T>
  T&& await_transform(T&& awaited) const noexcept {
    return std::forward<T>(awaited);
  }
  template <typename T>
  FutureAwaiter<T> await_transform(Future<T> future) const {
    return FutureAwaiter<T>(std::move(future));
  }

  /// Who awaits it; null for a handler itself.
  std::coroutine_handle<> continuation;
  /// The handler that it is, or is a part of.
  Root* root = nullptr;
  /// Used if it is a handler itself.
  Root own_root;

 protected:
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::exception_ptr error_;
};

template <typename T>
class TaskPromise final : public TaskPromiseBase {
 public:
  Task<T> get_return_object() {
    return Task<T>(std::coroutine_handle<TaskPromise>::from_promise(*this));
  }
  template <typename Value>
  requires std::constructible_from<T, Value>
  void return_value(Value&& value) { value_.emplace(std::forward<Value>(value)); }
  void return_value(T value) { value_.emplace(std::move(value)); }
  /// Once, when it is done.
  [[nodiscard]] T take() {
    rethrow();
    return std::move(*value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class TaskPromise<void> final : public TaskPromiseBase {
 public:
  Task<void> get_return_object() {
    return Task<void>(std::coroutine_handle<TaskPromise>::from_promise(*this));
  }
  void return_void() const noexcept {}
  void take() const { rethrow(); }
};

template <typename T>
class TaskAwaiter {
 public:
  explicit TaskAwaiter(typename Task<T>::Frame frame) noexcept : frame_(frame) {}
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <typename Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> at) const noexcept {
    frame_.promise().continuation = at;
    frame_.promise().root = at.promise().root;
    return frame_;
  }
  T await_resume() const { return frame_.promise().take(); }

 private:
  typename Task<T>::Frame frame_;
};

/// Waits for a future that any thread may complete.
template <typename T>
class FutureAwaiter {
 public:
  explicit FutureAwaiter(Future<T> future) noexcept : future_(std::move(future)) {}
  [[nodiscard]] bool await_ready() const { return future_.ready(); }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> at) {
    root_ = at.promise().root;
    at_ = at;
    root_->hold();
    auto* const context = root_->context();
    auto* const completion = context->host->completion(context, &completed, this);
    if (completion == nullptr) {
      failure_ = std::string(last_error(context));
      return false;
    }
    root_->awaits_future(FutureAccess::state_of(future_).get());
    // The future may outlive this actor: what it calls knows the host alone.
    future_.on_ready([host = context->host, completion] { host->complete(completion); });
    return true;
  }
  T await_resume() const {
    if (failure_) throw Error(CONCLIB_INTERNAL, "the wait for a future: " + *failure_);
    return std::as_const(future_).get();
  }

 private:
  static conclib_status completed(void*, conclib_context*, void* user_data) noexcept {
    auto& self = *static_cast<FutureAwaiter*>(user_data);
    self.root_->resume(self.at_);
    return CONCLIB_OK;
  }

  Future<T> future_;
  Root* root_ = nullptr;
  std::coroutine_handle<> at_;
  std::optional<std::string> failure_;
};

}  // namespace detail
}  // namespace conclib
