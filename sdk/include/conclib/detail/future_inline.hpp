// SPDX-License-Identifier: MIT
/// Plumbing of conclib/future.hpp: how futures are made of futures.
#pragma once

#include <chrono>
#include <functional>
#include <iterator>
#include <memory>
#include <ranges>
#include <tuple>
#include <utility>
#include <vector>

namespace CONCLIB_HIDDEN conclib {
namespace detail {

/// The way from a future to its state.
struct FutureAccess {
  template <typename T>
  static std::shared_ptr<FutureState<T>> state_of(const Future<T>& future) {
    return future.state();
  }
  template <typename T>
  static const T& get(const Future<T>& future, const Deadline& deadline) {
    return future.settled(deadline).result();
  }
  template <typename T>
  static Future<T> future_of(std::shared_ptr<FutureState<T>> state) {
    return Future<T>(std::move(state));
  }
};

/// The future of `make(value)`, made of the value of `source` once that is there.
template <typename Result, typename T, typename Make>
Future<Result> derive(const Future<T>& source, Make make) {
  auto state = FutureAccess::state_of(source);
  FutureCore::Sources sources{state};
  auto hook = [state = std::move(state), make = std::move(make)](
                  std::chrono::milliseconds) mutable -> Result { return make(state->result()); };
  return FutureAccess::future_of(
      std::make_shared<FutureState<Result>>(std::move(sources), std::move(hook)));
}

/// Left fold of what is left of a range.
template <typename Value, typename Iterator, typename End, typename Fn>
Value fold(Value value, Iterator at, End end, Fn& fn) {
  for (; at != end; ++at) value = std::invoke(fn, std::move(value), *at);
  return value;
}

}  // namespace detail

template <typename T>
template <typename Fn>
Future<detail::MappedBy<Fn, T>> Future<T>::map(Fn fn) const {
  return detail::derive<detail::MappedBy<Fn, T>>(
      *this, [fn = std::move(fn)](const T& value) mutable -> detail::MappedBy<Fn, T> {
        return std::invoke(fn, value);
      });
}

template <typename T>
template <typename Predicate>
auto Future<T>::filter(Predicate predicate) const {
  using Elements = std::vector<std::ranges::range_value_t<const T>>;
  return map([predicate = std::move(predicate)](const T& value) mutable {
    Elements kept;
    for (const auto& element : value) {
      if (std::invoke(predicate, element)) kept.push_back(element);
    }
    return kept;
  });
}

template <typename T>
template <typename Fn, typename Initial>
Future<Initial> Future<T>::reduce(Fn fn, Initial initial) const {
  return map([fn = std::move(fn), initial = std::move(initial)](const T& value) mutable {
    return detail::fold(std::move(initial), std::ranges::begin(value), std::ranges::end(value), fn);
  });
}

template <typename T>
template <typename Fn>
auto Future<T>::reduce(Fn fn) const {
  using Element = std::ranges::range_value_t<const T>;
  return map([fn = std::move(fn)](const T& value) mutable -> Element {
    auto at = std::ranges::begin(value);
    const auto end = std::ranges::end(value);
    if (at == end) {
      throw Error(CONCLIB_BAD_ARGUMENT, "reduce of no elements needs an initial value");
    }
    Element first = *at;
    return detail::fold(std::move(first), std::next(at), end, fn);
  });
}

template <typename T>
Future<T> Promise<T>::future() const {
  return detail::FutureAccess::future_of(shared());
}

template <std::copy_constructible T>
Future<std::vector<T>> join(std::vector<Future<T>> futures) {
  std::vector<std::shared_ptr<detail::FutureState<T>>> states;
  states.reserve(futures.size());
  for (const auto& future : futures) states.push_back(detail::FutureAccess::state_of(future));
  detail::FutureCore::Sources sources(states.begin(), states.end());
  auto hook = [states = std::move(states)](std::chrono::milliseconds) {
    std::vector<T> values;
    values.reserve(states.size());
    for (const auto& state : states) values.push_back(state->result());
    return values;
  };
  return detail::FutureAccess::future_of(
      std::make_shared<detail::FutureState<std::vector<T>>>(std::move(sources), std::move(hook)));
}

template <std::copy_constructible T>
std::vector<T> get_all(const std::vector<Future<T>>& futures, std::chrono::milliseconds timeout) {
  const detail::Deadline deadline(timeout);
  std::vector<T> values;
  values.reserve(futures.size());
  for (const auto& future : futures) {
    values.push_back(detail::FutureAccess::get(future, deadline));
  }
  return values;
}

template <std::copy_constructible... Ts>
std::tuple<Ts...> get_all(const std::tuple<Future<Ts>...>& futures,
                          std::chrono::milliseconds timeout) {
  const detail::Deadline deadline(timeout);
  return std::apply(
      [&](const auto&... future) {
        // In braces, so that they are waited for from left to right.
        return std::tuple<Ts...>{detail::FutureAccess::get(future, deadline)...};
      },
      futures);
}

}  // namespace conclib
