// SPDX-License-Identifier: MIT
/// Plumbing of conclib/actor.hpp: what the members of its classes do.
#pragma once

#include <algorithm>
#include <limits>
#include <utility>

namespace CONCLIB_HIDDEN conclib {
namespace detail {

/// The context of the actor that is being constructed on this thread. It lets the constructors of
/// authors use the actor's URN and settings without handing anything through to the base.
inline thread_local conclib_context* constructing = nullptr;

/// What stands behind plugin_data when a plugin shares something. The address of `tag` names T.
template <typename T>
struct SharedBox {
  static constexpr char tag = 0;
  const void* type = &tag;
  T value;
};

[[nodiscard]] inline std::uint32_t milliseconds_of(std::chrono::milliseconds time) {
  constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(time.count(), 0, most));
}

}  // namespace detail

inline RequestEnvelope::RequestEnvelope(const conclib_host* host, conclib_message* message) noexcept
    : host_(host), message_(message), ask_(message->reply_to != nullptr) {}

template <MessageStruct T>
bool RequestEnvelope::matches() const noexcept {
  return detail::names_type<T>(message_->payload);
}

template <MessageStruct T>
T& RequestEnvelope::extract() {
  if (!matches<T>()) {
    throw UnexpectedMessageError("the message is a " + std::string(type()) + ", not a " +
                                 std::string(T::conclib_type_name()));
  }
  const auto& payload = message_->payload;
  if (auto* const object = detail::object_in<T>(payload)) return *object;
  const auto* const table = &detail::ObjectTypeOf<T>::table;
  if (decoded_type_ != table) {
    try {
      decoded_ = {new T(detail::decode_payload<T>(payload)), table->destroy};
      decoded_type_ = table;
    } catch (const DecodeError& error) {
      throw Rejected(error.what());
    }
  }
  return *static_cast<T*>(decoded_.get());
}

template <MessageStruct T>
void RequestEnvelope::respond(T reply) {
  take().respond(std::move(reply));
}

inline std::string_view RequestEnvelope::type() const noexcept {
  return detail::view_of(message_->payload.type);
}
inline std::string_view RequestEnvelope::id() const noexcept {
  return detail::view_of(message_->id);
}
inline std::string_view RequestEnvelope::sender() const noexcept {
  return detail::view_of(message_->sender);
}

inline Responder RequestEnvelope::take() {
  if (!std::exchange(open_, false)) {
    throw Error(CONCLIB_ALREADY_RESPONDED, "the request has been answered or taken already");
  }
  return {host_, std::exchange(message_->reply_to, nullptr)};
}

inline Actor::Actor() : context_(detail::constructing) {}

inline conclib_context* Actor::context() const {
  if (context_ == nullptr) throw std::logic_error("this actor was not made by conclib");
  return context_;
}

inline void Actor::on_receive(RequestEnvelope& request) {
  std::string known;
  for (const auto& handler : handlers_) {
    known.append(known.empty() ? "" : ", ").append(detail::view_of(handler.type->name));
  }
  throw UnexpectedMessageError("actor " + std::string(urn()) + " has no handler for " +
                               std::string(request.type()) + "; it takes " +
                               (known.empty() ? "nothing" : known));
}

inline void Actor::add_handler(Handler handler) {
  const auto name = detail::view_of(handler.type->name);
  for (const auto& other : handlers_) {
    if (detail::view_of(other.type->name) == name) {
      throw std::logic_error("two handlers for message type " + std::string(name));
    }
  }
  handlers_.push_back(std::move(handler));
}

template <typename Self, MessageStruct M, typename Method>
void Actor::add_method(Method method) {
  static_assert(std::is_base_of_v<Actor, Self>, "a handler is a member function of an actor");
  static_assert(std::is_invocable_v<Method, Self&, M>,
                "a handler takes its message as const M&, M&& or M");
  using Reply = std::invoke_result_t<Method, Self&, M>;
  static_assert(std::is_void_v<Reply> || MessageStruct<std::remove_cvref_t<Reply>>,
                "a handler returns a message or nothing");
  add_handler({&detail::ObjectTypeOf<M>::table, [method](Actor& actor, RequestEnvelope& request) {
                 auto& self = static_cast<Self&>(actor);
                 auto& message = request.extract<M>();
                 if constexpr (std::is_void_v<Reply>) {
                   (self.*method)(std::move(message));
                   if (request.open()) request.respond(Done{});
                 } else {
                   request.respond<std::remove_cvref_t<Reply>>((self.*method)(std::move(message)));
                 }
               }});
}

template <typename Self, typename Reply, typename Argument>
void Actor::on(Reply (Self::*handler)(Argument)) {
  add_method<Self, std::remove_cvref_t<Argument>>(handler);
}
template <typename Self, typename Reply, typename Argument>
void Actor::on(Reply (Self::*handler)(Argument) const) {
  add_method<Self, std::remove_cvref_t<Argument>>(handler);
}

inline void Actor::dispatch(RequestEnvelope& request) {
  const auto found = std::find_if(handlers_.begin(), handlers_.end(), [&](const Handler& handler) {
    return detail::view_of(handler.type->name) == request.type();
  });
  if (found == handlers_.end()) {
    on_receive(request);
    return;
  }
  // A handler may add handlers, which moves them.
  const auto call = found->call;
  call(*this, request);
}

inline void Actor::check(conclib_status status, const char* doing, std::string_view to) const {
  if (status == CONCLIB_OK) return;
  detail::throw_failure(status, doing + std::string(to),
                        detail::view_of(context()->host->last_error(context())));
}

template <MessageStruct M>
void Actor::tell(std::string_view to, M message, TellOptions options) {
  const auto* const host = context()->host;
  const conclib_outgoing outgoing{sizeof(conclib_outgoing), detail::c_str_of(to),
                                  detail::payload_of(std::move(message)), 0,
                                  options.durable ? CONCLIB_TELL_DURABLE : 0};
  check(host->tell(context(), &outgoing), "tell to ", to);
}

template <MessageStruct Reply, MessageStruct M, typename Callback>
void Actor::ask(std::string_view to, M message, std::chrono::milliseconds timeout,
                Callback callback) {
  static_assert(std::is_invocable_v<Callback&, AskResult<Reply>>,
                "the callback of an ask takes a conclib::AskResult<Reply>");
  const auto* const host = context()->host;
  asks_.push_back(std::make_unique<detail::PendingAskOf<Reply, Callback>>(std::move(callback)));
  const auto pending = std::prev(asks_.end());
  const conclib_outgoing outgoing{sizeof(conclib_outgoing), detail::c_str_of(to),
                                  detail::payload_of(std::move(message)),
                                  detail::milliseconds_of(timeout), 0};
  const auto status = host->ask(context(), &outgoing, &detail::deliver_reply, pending->get());
  if (status == CONCLIB_OK) return;
  // The callback goes with the exception, and with it what it holds.
  asks_.erase(pending);
  check(status, "ask to ", to);
}

inline Responder Actor::take_request() {
  if (request_ == nullptr) throw std::logic_error("no message is being handled");
  return request_->take();
}

inline std::optional<std::chrono::milliseconds> Actor::time_left() const {
  const auto left = context()->host->time_left_ms(context());
  if (left == std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return std::chrono::milliseconds(left);
}

inline void Actor::stop() { check(context()->host->stop_self(context()), "stop of ", urn()); }

template <typename T>
T& Actor::shared() const {
  auto* const box = static_cast<detail::SharedBox<T>*>(context()->plugin_data);
  if (box == nullptr || box->type != &detail::SharedBox<T>::tag) {
    throw std::logic_error("the plugin shares nothing of this type");
  }
  return box->value;
}

}  // namespace conclib
