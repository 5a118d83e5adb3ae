// SPDX-License-Identifier: MIT
/// Plumbing of conclib/actor.hpp: from a message to the member function that takes it.
#pragma once

#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>

#include "conclib/detail/actor_state.hpp"
#include "conclib/detail/root.hpp"
#include "conclib/detail/visibility.hpp"
#include "conclib/task.hpp"

namespace CONCLIB_HIDDEN conclib {
namespace detail {

/// Takes the result of a coroutine that is done, and answers with it.
template <typename T, typename Respond>
void answer_with(TaskPromise<T>& promise, const Respond& respond) {
  if constexpr (std::is_void_v<T>) {
    promise.take();
    respond(Done{});
  } else {
    respond(promise.take());
  }
}

template <typename T>
void conclude_task(std::coroutine_handle<> frame, std::optional<Responder>& responder) {
  using Promise = TaskPromise<T>;
  auto& promise = std::coroutine_handle<Promise>::from_address(frame.address()).promise();
  answer_with(promise, [&](auto reply) {
    if (responder && responder->open()) responder->respond(std::move(reply));
  });
}

/// Runs a coroutine handler up to where it waits, or to its end.
template <typename T>
void run_task(Actor& actor, RequestEnvelope& request, Task<T> task) {
  auto& promise = task.frame().promise();
  auto& root = promise.own_root;
  promise.root = &root;
  root.begin(actor, request, task.frame(), &conclude_task<T>);
  task.frame().resume();
  if (!root.held()) {
    answer_with(promise, [&](auto reply) {
      if (request.open()) request.respond(std::move(reply));
    });
    return;
  }
  state_of(actor).running = nullptr;
  const auto frame = task.release();
  if (frame.done()) root.complete();
}

template <typename Self, Message M, typename Method>
void call_method(Actor& actor, RequestEnvelope& request, const HandlerEntry& entry) {
  Method method;
  std::memcpy(&method, entry.method.data(), sizeof(method));
  auto& self = static_cast<Self&>(actor);
  auto& message = request.extract<M>();
  using Result = std::invoke_result_t<Method, Self&, M>;
  if constexpr (is_task<Result>) {
    run_task(actor, request, (self.*method)(std::move(message)));
  } else if constexpr (std::is_void_v<Result>) {
    (self.*method)(std::move(message));
    if (request.is_ask() && request.open()) request.respond(Done{});
  } else {
    std::remove_cvref_t<Result> reply = (self.*method)(std::move(message));
    if (request.is_ask()) request.respond(std::move(reply));
  }
}

template <typename T>
inline constexpr bool is_reply = std::is_void_v<T> || Message<T>;
template <typename T>
inline constexpr bool is_reply<Task<T>> = is_reply<T>;

template <typename Self, typename Result, typename Argument, typename Method>
[[nodiscard]] HandlerEntry entry_of(Method method) {
  using M = MessageOf<Argument>;
  static_assert(std::is_base_of_v<Actor, Self>, "a handler is a member function of an actor");
  static_assert(Message<M>,
                "a handler takes one message: a struct with CONCLIB_MESSAGE in it, "
                "or a plain value");
  static_assert(std::is_invocable_v<Method, Self&, M>,
                "a handler takes its message as const M&, M&& or M");
  static_assert(is_reply<std::remove_cvref_t<Result>>,
                "a handler returns a message or nothing, or a Task of that");
  static_assert(!is_task<Result> || !std::is_reference_v<Argument>,
                "a coroutine takes its message by value: a reference would not outlive the call");
  static_assert(sizeof(Method) <= sizeof(HandlerEntry::method));
  HandlerEntry entry{&ObjectTypeOf<M>::table, &call_method<Self, M, Method>, is_task<Result>, {}};
  std::memcpy(entry.method.data(), &method, sizeof(method));
  return entry;
}

}  // namespace detail
}  // namespace conclib
