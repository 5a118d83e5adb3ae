// SPDX-License-Identifier: MIT
/// Plumbing of conclib/ask.hpp: who gets the answers of the host, and what a coroutine waits in.
#pragma once

#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "conclib/ask.hpp"
#include "conclib/detail/actor_state.hpp"
#include "conclib/detail/root.hpp"
#include "conclib/detail/visibility.hpp"
#include "conclib/future.hpp"

namespace CONCLIB_HIDDEN conclib {
namespace detail {

/// What the host says about an ask, as the asker sees it.
template <Message Reply>
[[nodiscard]] AskResult<Reply> result_of(conclib_status status, std::string_view text,
                                         conclib_payload* reply) {
  if (status != CONCLIB_OK || reply == nullptr) {
    if (status == CONCLIB_OK) status = CONCLIB_BAD_REPLY;
    return {status, std::string(text.empty() ? sentence_of(status) : text)};
  }
  if (auto* const object = object_in<Reply>(*reply)) return AskResult<Reply>(std::move(*object));
  if (!names_type<Reply>(*reply)) {
    return {CONCLIB_WRONG_TYPE, "expected " + std::string(MessageName<Reply>::value) + ", got " +
                                    std::string(view_of(reply->type))};
  }
  try {
    return AskResult<Reply>(decode_payload<Reply>(*reply));
  } catch (const DecodeError& error) {
    return {CONCLIB_BAD_REPLY, error.what()};
  }
}

/// Hands an ask to the host; what the host says if it does not take it.
template <Message M>
[[nodiscard]] AskResult<Done> send_ask(Actor& asker, const Address& to, M& message, Timeout timeout,
                                       std::uint32_t flags, ReplySink& sink) {
  auto* const context = context_of(asker);
  const auto ask = outgoing(to, payload_of(message), timeout, flags);
  const auto status = context->host->ask(context, &ask, &deliver_reply, &sink);
  if (status == CONCLIB_OK) return AskResult<Done>(Done{});
  const auto said = last_error(context);
  return {status, std::string("ask to ").append(to.urn()).append(": ").append(
                      said.empty() ? sentence_of(status) : said)};
}

/// An ask whose answer goes to a function of the author.
template <Message Reply, typename Callback>
class CallbackSink final : public OwnedSink {
 public:
  explicit CallbackSink(Callback callback) : callback_(std::move(callback)) {}
  void deliver(Actor& actor, conclib_status status, std::string_view text,
               conclib_payload* reply) override {
    // The callback may ask again, so it leaves first.
    const auto self = state_of(actor).sinks.take(*this);
    callback_(result_of<Reply>(status, text, reply));
  }

 private:
  Callback callback_;
};

/// An ask whose answer goes into a future.
template <Message Reply>
class FutureSink final : public OwnedSink {
 public:
  explicit FutureSink(std::string name) : promise_(std::move(name)) {
    future_state = FutureAccess::state_of(promise_.future()).get();
  }
  [[nodiscard]] Future<Reply> future() const { return promise_.future(); }
  void deliver(Actor& actor, conclib_status status, std::string_view text,
               conclib_payload* reply) override {
    const auto self = state_of(actor).sinks.take(*this);
    settle(result_of<Reply>(status, text, reply));
  }
  void settle(AskResult<Reply> result) {
    if (result.ok()) return promise_.set(std::move(result.value()));
    promise_.set_exception(std::make_exception_ptr(Error(result.status(), result.text())));
  }

 private:
  Promise<Reply> promise_;
};

/// A coroutine that waits for something that the host calls back for.
class Waiter {
 public:
  explicit Waiter(Actor& actor) noexcept : actor_(&actor) {}

 protected:
  template <typename Promise>
  void hold(std::coroutine_handle<Promise> at) {
    root_ = at.promise().root;
    at_ = at;
    root_->hold();
  }
  void go_on() noexcept { root_->resume(at_); }
  [[nodiscard]] bool exclusive() const noexcept { return root_->exclusive(); }
  [[nodiscard]] Actor& actor() const noexcept { return *actor_; }

 private:
  Actor* actor_;
  Root* root_ = nullptr;
  std::coroutine_handle<> at_;
};

template <Message Reply, Message M>
class AskAwaiter final : public ReplySink, private Waiter {
 public:
  explicit AskAwaiter(Ask<Reply, M>& ask) noexcept : Waiter(ask.asker_), ask_(ask) {}
  AskAwaiter(const AskAwaiter&) = delete;
  AskAwaiter& operator=(const AskAwaiter&) = delete;

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> at) {
    hold(at);
    const auto sent = send_ask(ask_.asker_, ask_.to_, ask_.message_, ask_.timeout_,
                               exclusive() ? CONCLIB_ASK_AWAITED : 0, *this);
    if (sent.ok()) return true;
    result_.emplace(sent.status(), sent.text());
    return false;
  }
  Reply await_resume() { return std::move(result_->value()); }

  void deliver(Actor&, conclib_status status, std::string_view text,
               conclib_payload* reply) override {
    result_.emplace(result_of<Reply>(status, text, reply));
    go_on();
  }

 private:
  Ask<Reply, M>& ask_;
  std::optional<AskResult<Reply>> result_;
};

class SleepAwaiter final : private Waiter {
 public:
  SleepAwaiter(Actor& actor, std::chrono::nanoseconds time) noexcept : Waiter(actor), time_(time) {}

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> at) {
    hold(at);
    auto* const context = context_of(actor());
    conclib_timer_spec spec{};
    spec.size = sizeof(spec);
    spec.first_ns = nanoseconds_of(time_);
    spec.flags = CONCLIB_TIMER_WHILE_WAITING;
    spec.call = [](void*, conclib_context*, void* user_data) noexcept {
      static_cast<SleepAwaiter*>(user_data)->go_on();
      return CONCLIB_OK;
    };
    spec.user_data = this;
    started_ = context->host->timer_start(context, &spec) != 0;
    return started_;
  }
  void await_resume() const {
    if (started_) return;
    throw Error(CONCLIB_INTERNAL, "sleep: " + std::string(last_error(context_of(actor()))));
  }

 private:
  std::chrono::nanoseconds time_;
  bool started_ = false;
};

/// Whether an actor has ended by a stop; throws Error with what went wrong.
[[nodiscard]] inline bool ended(conclib_status status, std::string_view text) {
  if (status == CONCLIB_OK) return true;
  if (status == CONCLIB_ACTOR_NOT_FOUND) return false;
  throw Error(status, std::string(text.empty() ? sentence_of(status) : text));
}

/// Asks the host to end an actor; `sink` may be null.
[[nodiscard]] inline conclib_status send_stop(Actor& stopper, const Address& to,
                                              const StopOptions& options, ReplySink* sink) {
  auto* const context = context_of(stopper);
  const auto timeout = options.timeout.value_or(std::chrono::milliseconds(0));
  const conclib_stop stop{
      sizeof(stop), to.ref(), c_str_of(to.urn()),
      static_cast<std::uint32_t>(options.now ? CONCLIB_STOP_NOW : CONCLIB_STOP_GRACEFUL),
      milliseconds_of(timeout)};
  return context->host->stop_actor(context, &stop, sink == nullptr ? nullptr : &deliver_reply,
                                   sink);
}

class StopAwaiter final : public ReplySink, private Waiter {
 public:
  explicit StopAwaiter(Stopping& stopping) noexcept
      : Waiter(stopping.stopper_), stopping_(stopping) {}
  StopAwaiter(const StopAwaiter&) = delete;
  StopAwaiter& operator=(const StopAwaiter&) = delete;

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> at) {
    hold(at);
    status_ = send_stop(actor(), stopping_.to_, stopping_.options_, this);
    if (status_ == CONCLIB_OK) return true;
    text_ = last_error(context_of(actor()));
    return false;
  }
  bool await_resume() const { return ended(status_, text_); }

  void deliver(Actor&, conclib_status status, std::string_view text, conclib_payload*) override {
    status_ = status;
    text_ = text;
    go_on();
  }

 private:
  Stopping& stopping_;
  conclib_status status_ = CONCLIB_OK;
  std::string text_;
};

/// A stop whose end goes into a future.
class StopSink final : public OwnedSink {
 public:
  explicit StopSink(std::string name) : promise_(std::move(name)) {
    future_state = FutureAccess::state_of(promise_.future()).get();
  }
  [[nodiscard]] Future<bool> future() const { return promise_.future(); }
  void deliver(Actor& actor, conclib_status status, std::string_view text,
               conclib_payload*) override {
    const auto self = state_of(actor).sinks.take(*this);
    settle(status, text);
  }
  void settle(conclib_status status, std::string_view text) {
    try {
      promise_.set(ended(status, text));
    } catch (const Error&) {
      promise_.set_exception(std::current_exception());
    }
  }

 private:
  Promise<bool> promise_;
};

}  // namespace detail

template <Message Reply, Message M>
detail::AskAwaiter<Reply, M> Ask<Reply, M>::operator co_await() && noexcept {
  return detail::AskAwaiter<Reply, M>(*this);
}

template <Message Reply, Message M>
Future<Reply> Ask<Reply, M>::start() && {
  auto& sinks = detail::state_of(asker_).sinks;
  auto made =
      std::make_unique<detail::FutureSink<Reply>>(std::string("the reply of ")
                                                      .append(to_.urn())
                                                      .append(" to ")
                                                      .append(detail::MessageName<M>::value));
  auto& sink = *made;
  sinks.push(std::move(made));
  const auto future = sink.future();
  const auto sent = detail::send_ask(asker_, to_, message_, timeout_, 0, sink);
  if (!sent.ok()) {
    sink.settle({sent.status(), sent.text()});
    static_cast<void>(sinks.take(sink));
  }
  return future;
}

inline detail::SleepAwaiter Sleep::operator co_await() && noexcept { return {actor_, time_}; }

inline detail::StopAwaiter Stopping::operator co_await() && noexcept {
  return detail::StopAwaiter(*this);
}

inline Future<bool> Stopping::start() && {
  auto& sinks = detail::state_of(stopper_).sinks;
  auto made = std::make_unique<detail::StopSink>(std::string("the end of ").append(to_.urn()));
  auto& sink = *made;
  sinks.push(std::move(made));
  const auto future = sink.future();
  const auto status = detail::send_stop(stopper_, to_, options_, &sink);
  if (status != CONCLIB_OK) {
    sink.settle(status, detail::last_error(detail::context_of(stopper_)));
    static_cast<void>(sinks.take(sink));
  }
  return future;
}

}  // namespace conclib
