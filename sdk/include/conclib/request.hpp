// SPDX-License-Identifier: MIT
/// Part of conclib/actor.hpp: a message as an actor gets it, and the right to answer it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "conclib/detail/object.hpp"
#include "conclib/detail/turn.hpp"
#include "conclib/detail/visibility.hpp"
#include "conclib/message.hpp"
#include "conclib/plugin.h"
#include "conclib/ref.hpp"

namespace CONCLIB_HIDDEN conclib {

/// Thrown by a handler: the message was looked at, and nothing was or will be done for it.
class Rejected : public Error {
 public:
  explicit Rejected(const std::string& text) : Error(CONCLIB_REJECTED, text) {}
};

/// The actor has no handler for this type of message; nothing was done for it.
class UnexpectedMessageError : public Error {
 public:
  explicit UnexpectedMessageError(const std::string& text)
      : Error(CONCLIB_UNEXPECTED_MESSAGE, text) {}
};

/// Thrown by a handler: something is so wrong that no actor of this worker must go on. The asker
/// hears ACTOR_FAILED; all actors are stopped, and the worker ends and is replaced.
class FatalError : public Error {
 public:
  explicit FatalError(const std::string& text) : Error(CONCLIB_ACTOR_FAILED, text) {}
};

/// The right to answer one request, once. If it is destroyed without an answer, the asker hears
/// NO_REPLY at once. The answer to a tell goes nowhere. A second answer throws Error
/// (ALREADY_RESPONDED) and is logged; one that cannot be sent throws Error with the reason.
/// Threading: one thread at a time, any thread; not beyond the plugin's unload.
class Responder {
 public:
  /// `reply_to` null: of a tell.
  Responder(const conclib_host* host, conclib_plugin_handle* plugin,
            conclib_reply_to* reply_to) noexcept
      : host_(host), plugin_(plugin), reply_to_(reply_to), open_(true) {}
  Responder(Responder&& other) noexcept
      : host_(other.host_),
        plugin_(other.plugin_),
        reply_to_(std::exchange(other.reply_to_, nullptr)),
        open_(std::exchange(other.open_, false)) {}
  Responder& operator=(Responder&& other) noexcept {
    Responder old(std::move(*this));
    host_ = other.host_;
    plugin_ = other.plugin_;
    reply_to_ = std::exchange(other.reply_to_, nullptr);
    open_ = std::exchange(other.open_, false);
    return *this;
  }
  ~Responder() {
    if (reply_to_ != nullptr) host_->drop(reply_to_);
  }

  /// Whether the answer is still to be given.
  [[nodiscard]] bool open() const noexcept { return open_; }
  /// Whether somebody waits for it.
  [[nodiscard]] bool awaited() const noexcept { return reply_to_ != nullptr; }

  template <Message T>
  void respond(T reply) {
    close();
    if (reply_to_ == nullptr) return;
    const auto payload = detail::payload_of(reply);
    send(CONCLIB_OK, &payload, {});
  }
  /// Answers that it went wrong: the asker hears ACTOR_FAILED with the text.
  void fail(std::string_view text) { refuse(CONCLIB_ACTOR_FAILED, text); }
  /// Answers that nothing was done and nothing will be: the asker hears REJECTED with the text.
  void reject(std::string_view text) { refuse(CONCLIB_REJECTED, text); }
  /// Has another actor answer: sends it the message; if that cannot be sent, the asker hears why.
  /// For a tell it is a tell, which throws as Actor::tell. On an actor's turn only.
  template <Message M>
  void delegate(Address to, M message);

 private:
  void close() {
    if (std::exchange(open_, false)) return;
    constexpr std::string_view text = "the request has been answered already";
    auto* const context =
        detail::current_actor == nullptr ? nullptr : detail::context_of(*detail::current_actor);
    host_->log(plugin_, context, CONCLIB_LOG_WARN, detail::c_str_of(text));
    throw Error(CONCLIB_ALREADY_RESPONDED, std::string(text));
  }
  void refuse(conclib_status status, std::string_view text) {
    close();
    if (reply_to_ != nullptr) send(status, nullptr, text);
  }
  void send(conclib_status status, const conclib_payload* payload, std::string_view text) {
    auto* const reply_to = std::exchange(reply_to_, nullptr);
    const auto sent = host_->respond(reply_to, status, payload, detail::c_str_of(text));
    if (sent == CONCLIB_OK) return;
    const auto type =
        payload == nullptr ? std::string_view("a failure") : detail::view_of(payload->type);
    detail::throw_failure(sent, "the reply, " + std::string(type) + ", was not sent", {});
  }

  const conclib_host* host_;
  conclib_plugin_handle* plugin_;
  conclib_reply_to* reply_to_;
  bool open_;
};

/// A Responder whose answer has one type.
template <Message Reply>
class Deferred {
 public:
  explicit Deferred(Responder responder) noexcept : responder_(std::move(responder)) {}
  [[nodiscard]] bool open() const noexcept { return responder_.open(); }
  void respond(Reply reply) { responder_.respond(std::move(reply)); }
  void fail(std::string_view text) { responder_.fail(text); }
  void reject(std::string_view text) { responder_.reject(text); }

 private:
  Responder responder_;
};

/// A message as on_receive gets it, an ask or a tell. Valid during the call, on the actor's turn.
class RequestEnvelope {
 public:
  RequestEnvelope(conclib_context* context, conclib_message* message) noexcept
      : context_(context), message_(message), ask_(message->reply_to != nullptr) {}
  RequestEnvelope(const RequestEnvelope&) = delete;
  RequestEnvelope& operator=(const RequestEnvelope&) = delete;

  /// Whether the message is a T.
  template <Message T>
  [[nodiscard]] bool matches() const noexcept {
    return message_->payload.object_type == &detail::ObjectTypeOf<T>::table ||
           detail::names_type<T>(message_->payload);
  }
  /// The message, the actor's to change or to move from. Throws UnexpectedMessageError if it is no
  /// T, Rejected if its bytes do not fit.
  template <Message T>
  [[nodiscard]] T& extract() {
    if (auto* const object = detail::object_in<T>(message_->payload)) return *object;
    return decoded<T>();
  }
  /// Answers; what a tell is answered goes nowhere. A second answer throws Error
  /// (ALREADY_RESPONDED) and is logged.
  template <Message T>
  void respond(T reply) {
    take().respond(std::move(reply));
  }
  /// Has another actor answer; see Responder::delegate.
  template <Message M>
  void delegate(Address to, M message) {
    take().delegate(to, std::move(message));
  }

  /// Whether somebody waits for an answer.
  [[nodiscard]] bool is_ask() const noexcept { return ask_; }
  /// Name of the message type; id for logs; URN of the actor that sent it, or empty.
  [[nodiscard]] std::string_view type() const noexcept {
    return detail::view_of(message_->payload.type);
  }
  [[nodiscard]] std::string_view id() const noexcept { return detail::view_of(message_->id); }
  [[nodiscard]] std::string_view sender() const noexcept {
    return detail::view_of(message_->sender);
  }

  /// The right to answer, to be used now or later, on any thread.
  [[nodiscard]] Responder take();
  /// Whether the answer is still to be given and has not been taken.
  [[nodiscard]] bool open() const noexcept { return open_; }
  /// The message as it came; its owner is who it was before.
  [[nodiscard]] const conclib_payload& payload() const noexcept { return message_->payload; }

 private:
  template <Message T>
  [[nodiscard]] T& decoded();

  conclib_context* context_;
  conclib_message* message_;
  bool ask_;
  bool open_ = true;
  std::unique_ptr<void, void (*)(void*)> decoded_{nullptr, nullptr};
  const conclib_object_type* decoded_type_ = nullptr;
};

inline Responder RequestEnvelope::take() {
  if (!std::exchange(open_, false)) {
    constexpr std::string_view text = "the request has been answered or taken already";
    context_->host->log(context_->plugin, context_, CONCLIB_LOG_WARN, detail::c_str_of(text));
    throw Error(CONCLIB_ALREADY_RESPONDED, std::string(text));
  }
  return {context_->host, context_->plugin, std::exchange(message_->reply_to, nullptr)};
}

template <Message T>
T& RequestEnvelope::decoded() {
  if (!matches<T>()) {
    throw UnexpectedMessageError("the message is a " + std::string(type()) + ", not a " +
                                 std::string(detail::MessageName<T>::value));
  }
  const auto* const table = &detail::ObjectTypeOf<T>::table;
  if (decoded_type_ != table) {
    try {
      decoded_ = {new T(detail::decode_payload<T>(message_->payload)), table->destroy};
      decoded_type_ = table;
    } catch (const DecodeError& error) {
      throw Rejected(error.what());
    }
  }
  return *static_cast<T*>(decoded_.get());
}

}  // namespace conclib
