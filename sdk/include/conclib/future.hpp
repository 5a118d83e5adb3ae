// SPDX-License-Identifier: MIT
/// Results that come later, from another thread. Header-only.
///
///     conclib::Promise<Price> promise("the price of tea");
///     conclib::Future<Price> price = promise.future();
///     shop.query("tea", [promise = std::move(promise)](Price p) mutable { promise.set(p); });
///
///     Price there = price.get(200ms);                          // throws what went wrong
///     auto text = price.map([](const Price& p) { return std::to_string(p.cents); });
///     std::vector<Price> both = conclib::join(price, other).get(1s);
///
/// A result is a value or an exception. It is there once and for all: every get gives the same.
/// Nothing waits without a deadline. Only a thread of one's own and an actor that is declared
/// blocking may wait in get; the others co_await.
#pragma once

#include <chrono>
#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <ranges>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "conclib/detail/future_state.hpp"
#include "conclib/detail/visibility.hpp"
#include "conclib/message.hpp"

namespace CONCLIB_HIDDEN conclib {

namespace detail {
struct FutureAccess;
template <typename Fn, typename T>
using MappedBy = std::decay_t<std::invoke_result_t<Fn&, const T&>>;
}  // namespace detail

/// The reader's end: a copy is as good as the original. T may be a Future, too.
/// Threading: any thread, also several at once. An author's code is never called under a lock.
/// One that was made without a promise or moved from throws Error (BAD_ARGUMENT) when it is used.
template <typename T>
class Future {
 public:
  using Value = T;

  Future() = default;

  /// The result: a reference to the value, valid as long as a copy of this future; an exception is
  /// rethrown, the very object that was set. Waits up to `timeout`; without one it takes only what
  /// is there. Throws Error: TIMEOUT if nothing is there by then; BAD_ARGUMENT if it would have to
  /// wait on the turn of an actor that is not declared blocking; DEADLOCK if a hook or function
  /// wants the result that it is to make.
  const T& get(std::chrono::milliseconds timeout = {}) const& { return settled(timeout).result(); }
  /// The same of a temporary: a copy of the value.
  T get(std::chrono::milliseconds timeout = {}) const&& requires std::copy_constructible<T> {
    return settled(timeout).result();
  }

  /// Whether get would wait for nobody's answer. Once true, always true.
  [[nodiscard]] bool ready() const { return state()->ready(); }
  /// Whether it is ready and its result an exception. Like get it may have to compute it.
  [[nodiscard]] bool failed() const { return state()->failed(); }
  /// Calls back once, when there is nothing to wait for any more: it is ready, or it has a get-hook
  /// (which only a get runs). At once if that is so already, else on the thread that sets the
  /// promise. What the callback throws is dropped.
  void on_ready(std::function<void()> callback) const { state()->on_ready(std::move(callback)); }

  /// Futures of what is made of this one. The first getter computes it, on its own thread, within
  /// its own deadline; the outcome is kept, but that a getter ran out of time is no outcome. An
  /// exception here is the result there. Functions must be copyable. A chain of futures that are
  /// not computed yet may be a thousand long: it is walked by recursion.

  /// `fn(value)`: of the whole value, also if it is a range.
  template <typename Fn>
  [[nodiscard]] Future<detail::MappedBy<Fn, T>> map(Fn fn) const;
  /// The elements of the value, a range, for which `predicate(element)` holds; a std::vector.
  template <typename Predicate>
  [[nodiscard]] auto filter(Predicate predicate) const;
  /// Folds the value, a range, from the left: `fn(fn(fn(initial, a), b), c)`.
  template <typename Fn, typename Initial>
  [[nodiscard]] Future<Initial> reduce(Fn fn, Initial initial) const;
  /// The same from the first element on. The result is Error (BAD_ARGUMENT) if there is none.
  template <typename Fn>
  [[nodiscard]] auto reduce(Fn fn) const;

 private:
  friend struct detail::FutureAccess;
  using State = detail::FutureState<T>;

  explicit Future(std::shared_ptr<State> state) : state_(std::move(state)) {}
  [[nodiscard]] const std::shared_ptr<State>& state() const {
    if (!state_) throw Error(CONCLIB_BAD_ARGUMENT, "this future belongs to no promise");
    return state_;
  }
  /// `limit`: a time-out or a detail::Deadline.
  template <typename Limit>
  [[nodiscard]] const State& settled(const Limit& limit) const {
    state()->settle(limit);
    return *state_;
  }

  std::shared_ptr<State> state_;  // Its owners: see FutureState.
};

/// The writer's end, to be set once. If it goes unset, the result is Error (NO_REPLY).
/// Threading: any thread, also several at once; moved and destroyed by one alone. Callbacks of
/// on_ready run in the call that sets.
/// Everything but the first `set...` throws Error (ALREADY_RESPONDED) and changes nothing. One that
/// was moved from throws Error (BAD_ARGUMENT).
template <typename T>
class Promise {
 public:
  /// `name` says in the texts of errors what is waited for: "the reply of cart/42 to Add".
  explicit Promise(std::string name = {}) : state_(std::make_shared<State>(std::move(name))) {}
  Promise(Promise&&) noexcept = default;
  Promise& operator=(Promise&& other) noexcept {
    Promise old(std::move(*this));
    state_ = std::move(other.state_);
    return *this;
  }
  ~Promise() {
    if (state_) state_->abandon();
  }

  [[nodiscard]] Future<T> future() const;

  void set(T value) { shared()->set(std::move(value)); }
  /// `error` null throws Error (BAD_ARGUMENT).
  void set_exception(std::exception_ptr error) { shared()->set_exception(std::move(error)); }
  /// Instead of a result: `hook(time left)` makes it, on the thread of the first get and within
  /// that one's deadline. It is called once; what it returns or throws is the result. Not run on
  /// the turn of an actor that is not declared blocking. An empty hook throws Error (BAD_ARGUMENT).
  void set_get_hook(std::function<T(std::chrono::milliseconds)> hook) {
    shared()->set_hook(std::move(hook));
  }

 private:
  using State = detail::FutureState<T>;

  /// A reference of the call's own: whoever gets the result may destroy the promise meanwhile.
  [[nodiscard]] std::shared_ptr<State> shared() const {
    if (!state_) throw Error(CONCLIB_BAD_ARGUMENT, "this promise was moved from");
    return state_;
  }

  std::shared_ptr<State> state_;  // Its owners: see FutureState.
};

/// All values, in the order of the futures, as a future: see Future::map for how it is computed.
/// The first exception, in that order, is the result instead, once all are there.
template <std::copy_constructible T>
[[nodiscard]] Future<std::vector<T>> join(std::vector<Future<T>> futures);
template <std::copy_constructible T, std::same_as<Future<T>>... More>
[[nodiscard]] Future<std::vector<T>> join(Future<T> first, More... more) {
  return join(std::vector<Future<T>>{std::move(first), std::move(more)...});
}

/// All values, in the order of the futures, within one time-out for all. Throws as get does.
template <std::copy_constructible T>
[[nodiscard]] std::vector<T> get_all(const std::vector<Future<T>>& futures,
                                     std::chrono::milliseconds timeout);
/// The same of several types: `auto [price, stock] = get_all(std::tuple(price_of, stock_of), 1s);`
template <std::copy_constructible... Ts>
[[nodiscard]] std::tuple<Ts...> get_all(const std::tuple<Future<Ts>...>& futures,
                                        std::chrono::milliseconds timeout);

}  // namespace conclib

#include "conclib/detail/future_inline.hpp"
