// SPDX-License-Identifier: MIT
/// Plumbing of conclib/actor.hpp: messages that come with time.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "conclib/detail/actor_state.hpp"
#include "conclib/detail/visibility.hpp"

namespace CONCLIB_HIDDEN conclib {
namespace detail {

/// Has the actor handle a message as if it had been told it: within this call, or by telling it if
/// the handler may wait, for only the handler of a received message can. What receive would return.
template <Message M>
[[nodiscard]] conclib_status handle_here(Actor& actor, M message);

/// What a timer does; owned by the host from its start on.
class TimerAction {
 public:
  TimerAction() = default;
  TimerAction(const TimerAction&) = delete;
  TimerAction& operator=(const TimerAction&) = delete;
  virtual ~TimerAction() = default;
  virtual conclib_status run(Actor& actor) = 0;

  static conclib_status call(void* actor, conclib_context* context, void* user_data) noexcept;
  static void destroy(void* user_data) noexcept { delete static_cast<TimerAction*>(user_data); }
};

/// Each tick is a copy of one message.
template <Message M>
class Ticker final : public TimerAction {
 public:
  explicit Ticker(M message) : message_(std::move(message)) {}
  conclib_status run(Actor& actor) override { return handle_here(actor, message_); }

 private:
  M message_;
};

template <Message M>
class DelayedToSelf final : public TimerAction {
 public:
  explicit DelayedToSelf(M message) : message_(std::move(message)) {}
  conclib_status run(Actor& actor) override { return handle_here(actor, std::move(message_)); }

 private:
  M message_;
};

template <Message M>
class DelayedSend final : public TimerAction {
 public:
  DelayedSend(const Address& to, M message, ActorRef ref)
      : urn_(to.urn()), ref_(std::move(ref)), message_(std::move(message)) {}
  conclib_status run(Actor& actor) override {
    auto* const context = context_of(actor);
    const auto to = ref_ ? Address(ref_) : Address(urn_);
    const auto message = outgoing(to, payload_of(message_), 0);
    const auto status = context->host->tell(context, &message);
    if (status == CONCLIB_OK) return status;
    // It is nobody's failure: as with any message, its receiver may be gone when it arrives.
    const auto said = last_error(context);
    const auto line = std::string("a delayed message to ")
                          .append(urn_)
                          .append(" was not taken: ")
                          .append(said.empty() ? sentence_of(status) : said);
    context->host->log(context->plugin, context, CONCLIB_LOG_WARN, c_str_of(line));
    return CONCLIB_OK;
  }

 private:
  std::string urn_;
  ActorRef ref_;
  M message_;
};

/// Starts a timer; throws Error if the host refuses it.
[[nodiscard]] inline Timer start_timer(Actor& actor, std::chrono::nanoseconds first,
                                       std::chrono::nanoseconds interval, std::uint32_t flags,
                                       std::unique_ptr<TimerAction> action) {
  auto* const context = context_of(actor);
  const conclib_timer_spec spec{
      sizeof(spec),       nanoseconds_of(first), nanoseconds_of(interval), flags, 0,
      &TimerAction::call, action.get(),          &TimerAction::destroy};
  // The host ends what it was given, also when it refuses.
  static_cast<void>(action.release());
  const auto id = context->host->timer_start(context, &spec);
  if (id == 0) throw_failure(CONCLIB_OVERLOADED, "the timer", last_error(context));
  return {context, id};
}

}  // namespace detail
}  // namespace conclib
