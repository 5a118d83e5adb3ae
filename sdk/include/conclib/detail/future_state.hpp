// SPDX-License-Identifier: MIT
/// Part of conclib/future.hpp: what a promise and its futures share.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <concepts>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "conclib/detail/visibility.hpp"
#include "conclib/message.hpp"

namespace CONCLIB_HIDDEN conclib {
namespace detail {

/// Whether this thread may not wait for a future: it runs the turn of an actor whose type is not
/// declared blocking. The border sets it around each turn.
[[gnu::tls_model("local-dynamic")]] inline constinit thread_local bool blocking_refused = false;

/// Until when a caller waits, and what it said, for the text of the error.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  /// Less than 0 counts as 0.
  explicit Deadline(std::chrono::milliseconds timeout) {
    using std::chrono::milliseconds;
    const auto now = Clock::now();
    const auto most = std::chrono::floor<milliseconds>(Clock::time_point::max() - now);
    timeout_ = std::clamp(timeout, milliseconds(0), most);
    end_ = now + timeout_;
  }

  [[nodiscard]] std::chrono::milliseconds timeout() const { return timeout_; }
  [[nodiscard]] Clock::time_point end() const { return end_; }
  [[nodiscard]] bool passed() const { return Clock::now() >= end_; }
  /// Rounded up; 0 once it has passed.
  [[nodiscard]] std::chrono::milliseconds left() const {
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(end_ - Clock::now()),
                    std::chrono::milliseconds(0));
  }

 private:
  std::chrono::milliseconds timeout_;
  Clock::time_point end_;
};

/// What does not depend on the type of the result. It is `open` until somebody has the right to
/// complete it, `computing` while that one does, and `done` from then on. It is `lazy` if the right
/// is the first getter's: there is a get-hook, or it is computed from other futures, the sources.
/// Threading: any thread. `mutex_` guards the stage's changes and what is declared below it; it is
/// never held while an author's code runs or another future is locked.
class FutureCore {
 public:
  /// Owned by their promises and futures, and until the result is there by what is computed of it.
  using Sources = std::vector<std::shared_ptr<FutureCore>>;
  using Callback = std::function<void()>;

  /// `name`: what is waited for, for the texts of errors; may be empty.
  explicit FutureCore(std::string name) : name_(std::move(name)) {}
  explicit FutureCore(Sources sources)
      : derived_(true), stage_(Stage::lazy), sources_(std::move(sources)) {}
  FutureCore(const FutureCore&) = delete;
  FutureCore& operator=(const FutureCore&) = delete;
  virtual ~FutureCore() = default;

  /// Whether settle() waits for nothing but, at most, another thread that computes.
  [[nodiscard]] bool ready() const;
  [[nodiscard]] bool failed();
  void on_ready(Callback callback);

  /// Returns once the result is there; computes it if that is this caller's to do. Throws Error:
  /// TIMEOUT, BAD_ARGUMENT if this thread may not wait, DEADLOCK if the result needs itself.
  void settle(const Deadline& deadline);
  void settle(std::chrono::milliseconds timeout) {
    if (!done()) settle(Deadline(timeout));
  }

 protected:
  /// Makes the result by the hook. Called once, without the lock.
  virtual void compute(std::chrono::milliseconds left) noexcept = 0;

  /// Takes the right to complete an open future; the caller then makes the result and finishes.
  [[nodiscard]] bool claim();
  void finish();
  /// Says that the first getter computes. `store_hook` runs under the lock, if it is still open.
  template <typename StoreHook>
  [[nodiscard]] bool make_lazy(const StoreHook& store_hook);

  [[nodiscard]] std::string named(const char* otherwise) const {
    return name_.empty() ? otherwise : name_;
  }

  /// Written between claim and finish; read when done.
  std::exception_ptr error_;

 private:
  enum class Stage : unsigned char { open, lazy, computing, done };

  [[nodiscard]] bool done() const { return stage_.load(std::memory_order_acquire) == Stage::done; }
  [[nodiscard]] Sources sources() const {
    const std::lock_guard lock(mutex_);
    return sources_;
  }
  void check_may_wait(const Deadline& deadline) const;
  void check_may_run_hook() const;
  static void call(const Callback& callback) noexcept;
  static void when_all_ready(const Sources& sources, Callback callback);

  const std::string name_;
  const bool derived_ = false;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<Stage> stage_ = Stage::open;
  std::thread::id computing_on_;
  Sources sources_;
  std::vector<Callback> callbacks_;
};

inline bool FutureCore::ready() const {
  if (done()) return true;
  if (!derived_) return false;
  // Done meanwhile, it has none left.
  const auto all = sources();
  return std::all_of(all.begin(), all.end(), [](const auto& source) { return source->ready(); });
}

inline bool FutureCore::failed() {
  if (!ready()) return false;
  try {
    settle(std::chrono::milliseconds(0));
  } catch (const Error&) {
    // Another thread is just computing it, or this one is: not known to have failed.
    return false;
  }
  return error_ != nullptr;
}

inline void FutureCore::on_ready(Callback callback) {
  if (!callback) throw Error(CONCLIB_BAD_ARGUMENT, named("the future") + " was given no callback");
  Sources sources;
  {
    const std::lock_guard lock(mutex_);
    const bool by_another_thread = stage_ == Stage::open || stage_ == Stage::computing;
    if (!derived_ && by_another_thread) {
      callbacks_.push_back(std::move(callback));
      return;
    }
    sources = sources_;
  }
  when_all_ready(sources, std::move(callback));
}

inline void FutureCore::when_all_ready(const Sources& sources, Callback callback) {
  if (sources.empty()) {
    call(callback);
    return;
  }
  struct Countdown {
    Countdown(std::size_t count, Callback then) : left(count), callback(std::move(then)) {}
    std::atomic<std::size_t> left;
    Callback callback;
  };
  // Owned by the callbacks that the sources hold.
  const auto countdown = std::make_shared<Countdown>(sources.size(), std::move(callback));
  for (const auto& source : sources) {
    source->on_ready([countdown] {
      if (--countdown->left == 0) countdown->callback();
    });
  }
}

inline void FutureCore::settle(const Deadline& deadline) {
  if (done()) return;
  for (const auto& source : sources()) source->settle(deadline);
  std::unique_lock lock(mutex_);
  while (stage_ != Stage::done) {
    if (stage_ == Stage::lazy) {
      if (!derived_) check_may_run_hook();
      stage_ = Stage::computing;
      computing_on_ = std::this_thread::get_id();
      lock.unlock();
      compute(deadline.left());
      finish();
      return;
    }
    check_may_wait(deadline);
    changed_.wait_until(lock, deadline.end());
  }
}

inline void FutureCore::check_may_wait(const Deadline& deadline) const {
  if (stage_ == Stage::computing && computing_on_ == std::this_thread::get_id()) {
    throw Error(CONCLIB_DEADLOCK, named("a future") + " needs its own result to be computed");
  }
  if (deadline.passed()) {
    throw Error(CONCLIB_TIMEOUT, named("the result of the future") + " was not there within " +
                                     std::to_string(deadline.timeout().count()) + " ms");
  }
  // What another getter computes from results that are there is as good as there itself.
  if (blocking_refused && !derived_) {
    throw Error(CONCLIB_BAD_ARGUMENT,
                named("the result of the future") +
                    " is not there, and this actor type may not wait for it in a handler: "
                    "co_await it instead, or declare the actor type blocking");
  }
}

inline void FutureCore::check_may_run_hook() const {
  if (!blocking_refused) return;
  throw Error(CONCLIB_BAD_ARGUMENT,
              named("the future") +
                  " has a get-hook, which may wait, and this actor type may not in a handler: set "
                  "the promise elsewhere and co_await it, or declare the actor type blocking");
}

inline bool FutureCore::claim() {
  const std::lock_guard lock(mutex_);
  if (stage_ != Stage::open) return false;
  stage_ = Stage::computing;
  computing_on_ = std::this_thread::get_id();
  return true;
}

inline void FutureCore::finish() {
  // Both are let go without the lock: it may be the author's code that goes with them.
  Sources sources;
  std::vector<Callback> callbacks;
  {
    const std::lock_guard lock(mutex_);
    stage_.store(Stage::done, std::memory_order_release);
    sources.swap(sources_);
    callbacks.swap(callbacks_);
  }
  changed_.notify_all();
  for (const auto& callback : callbacks) call(callback);
}

template <typename StoreHook>
bool FutureCore::make_lazy(const StoreHook& store_hook) {
  std::vector<Callback> callbacks;
  {
    const std::lock_guard lock(mutex_);
    if (stage_ != Stage::open) return false;
    store_hook();
    stage_ = Stage::lazy;
    callbacks.swap(callbacks_);
  }
  changed_.notify_all();
  for (const auto& callback : callbacks) call(callback);
  return true;
}

inline void FutureCore::call(const Callback& callback) noexcept {
  try {
    callback();
  } catch (...) {
    // It is neither the setter's fault nor the next callback's.
  }
}

/// Owned by the promise, by every copy of its futures, and, until they are computed, by the futures
/// that are made of them.
template <typename T>
class FutureState final : public FutureCore {
  static_assert(std::is_object_v<T> && std::move_constructible<T> && !std::is_const_v<T>,
                "the value of a future is of a type that can be moved");

 public:
  using Hook = std::function<T(std::chrono::milliseconds)>;

  explicit FutureState(std::string name) : FutureCore(std::move(name)) {}
  FutureState(Sources sources, Hook hook)
      : FutureCore(std::move(sources)), hook_(std::move(hook)) {}

  void set(T value) {
    if (!claim()) refuse("the value");
    make([&]() -> T&& { return std::move(value); });
    finish();
  }
  void set_exception(std::exception_ptr error) {
    if (!error) throw Error(CONCLIB_BAD_ARGUMENT, named("the promise") + " was given no exception");
    if (!claim()) refuse("the exception");
    error_ = std::move(error);
    finish();
  }
  void set_hook(Hook hook) {
    if (!hook) throw Error(CONCLIB_BAD_ARGUMENT, named("the promise") + " was given no get-hook");
    if (!make_lazy([&] { hook_ = std::move(hook); })) refuse("the get-hook");
  }
  /// The promise is gone; completes what is still open.
  void abandon() {
    if (!claim()) return;
    error_ = std::make_exception_ptr(
        Error(CONCLIB_NO_REPLY, named("the promise") + " was dropped without a result"));
    finish();
  }

  /// The result, of a future that is settled; throws it if it is an exception.
  [[nodiscard]] const T& result() const {
    if (error_) std::rethrow_exception(error_);
    return *value_;
  }

 private:
  template <typename Source>
  void make(Source&& source) noexcept {
    try {
      value_.emplace(source());
    } catch (...) {
      error_ = std::current_exception();
    }
  }
  void compute(std::chrono::milliseconds left) noexcept override {
    const auto hook = std::exchange(hook_, nullptr);
    make([&] { return hook(left); });
  }
  [[noreturn]] void refuse(const char* what) const {
    throw Error(CONCLIB_ALREADY_RESPONDED, std::string(what) +
                                               " is refused: " + named("the promise") +
                                               " has a result or a get-hook already");
  }

  Hook hook_;
  std::optional<T> value_;
};

}  // namespace detail
}  // namespace conclib
