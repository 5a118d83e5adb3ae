// SPDX-License-Identifier: MIT
/// Plumbing of conclib/task.hpp: a coroutine that handles a message.
#pragma once

#include <coroutine>
#include <optional>
#include <utility>

#include "conclib/detail/actor_state.hpp"
#include "conclib/detail/visibility.hpp"
#include "conclib/plugin.h"
#include "conclib/request.hpp"

namespace CONCLIB_HIDDEN conclib {
namespace detail {

/// A handler that is a coroutine, from its call to its end. As long as it does not wait it is like
/// any other handler; before it waits for the first time it becomes a work of the host (hold), and
/// keeps the right to answer. It lies in the coroutine's frame and ends with it.
/// Threading: the actor's turn.
class Root {
 public:
  /// Answers with what the coroutine returned, or throws what left it.
  using Conclude = void (*)(std::coroutine_handle<> frame, std::optional<Responder>& responder);

  Root() = default;
  Root(const Root&) = delete;
  Root& operator=(const Root&) = delete;

  void begin(Actor& actor, RequestEnvelope& request, std::coroutine_handle<> frame,
             Conclude conclude) noexcept {
    actor_ = &actor;
    request_ = &request;
    frame_ = frame;
    conclude_ = conclude;
  }
  /// To be called before the coroutine waits for something.
  void hold();
  /// Goes on where it waits. It may be gone afterwards.
  void resume(std::coroutine_handle<> at) noexcept;
  /// Answers, and ends the coroutine and its work.
  void complete() noexcept;

  [[nodiscard]] bool held() const noexcept { return held_; }
  [[nodiscard]] Actor& actor() const noexcept { return *actor_; }
  [[nodiscard]] conclib_context* context() const noexcept { return context_of(*actor_); }
  /// Whether its actor takes no other message until it is done.
  [[nodiscard]] bool exclusive() const noexcept {
    return work_ != nullptr && !is_reentrant(*actor_);
  }
  /// Tells the host what it waits for, if the future is that of an ask of this actor.
  void awaits_future(const void* future_state);
  [[nodiscard]] std::optional<Responder> take_responder() noexcept {
    return std::exchange(responder_, std::nullopt);
  }

  /// Ends all coroutines of an actor that is about to end, where they stand.
  static void destroy_all(ActorState& state) noexcept {
    while (state.roots != nullptr) {
      auto* const root = state.roots;
      root->leave(state);
      root->frame_.destroy();
    }
  }

 private:
  void enter(ActorState& state) noexcept {
    after_ = state.roots;
    if (after_ != nullptr) after_->before_ = this;
    state.roots = this;
  }
  void leave(ActorState& state) noexcept {
    (before_ == nullptr ? state.roots : before_->after_) = after_;
    if (after_ != nullptr) after_->before_ = before_;
    before_ = after_ = nullptr;
  }

  Actor* actor_ = nullptr;
  RequestEnvelope* request_ = nullptr;
  std::coroutine_handle<> frame_;
  Conclude conclude_ = nullptr;
  Root* before_ = nullptr;
  Root* after_ = nullptr;
  conclib_work* work_ = nullptr;
  std::optional<Responder> responder_;
  bool held_ = false;
  bool asked_ = false;
};

inline void Root::hold() {
  if (std::exchange(held_, true)) return;
  auto& state = state_of(*actor_);
  enter(state);
  state.running = this;
  const auto* const host = context()->host;
  work_ = host->begin_work(context(), is_reentrant(*actor_) ? 0 : CONCLIB_WORK_EXCLUSIVE);
  asked_ = request_->is_ask();
  if (request_->open()) responder_ = request_->take();
  request_ = nullptr;
}

inline void Root::resume(std::coroutine_handle<> at) noexcept {
  const Turn turn(*actor_);
  auto& state = state_of(*actor_);
  state.running = this;
  at.resume();
  state.running = nullptr;
  if (frame_.done()) complete();
}

inline void Root::complete() noexcept {
  auto& actor = *actor_;
  leave(state_of(actor));
  // The rest lies in the frame and goes with it.
  auto* const work = work_;
  const auto frame = frame_;
  const bool asked = asked_;
  auto responder = std::move(responder_);
  Outcome outcome;
  try {
    conclude_(frame, responder);
  } catch (...) {
    outcome = conclude_exception(actor, asked, responder ? &*responder : nullptr);
  }
  frame.destroy();
  auto* const context = context_of(actor);
  const auto* const host = context->host;
  if (work == nullptr) {
    if (outcome.status != CONCLIB_OK && !asked)
      host->fail(context, outcome.status, c_str_of(outcome.text));
    return;
  }
  if (outcome.status != CONCLIB_OK) {
    host->set_error(context->plugin, context, c_str_of(outcome.text));
  }
  host->end_work(context, work, outcome.status);
}

inline void Root::awaits_future(const void* future_state) {
  if (!exclusive()) return;
  auto* const sink = state_of(*actor_).sinks.find(
      [&](const OwnedSink& other) { return other.future_state == future_state; });
  if (sink == nullptr) return;
  context()->host->await_reply(context(), static_cast<ReplySink*>(sink));
}

}  // namespace detail
}  // namespace conclib
