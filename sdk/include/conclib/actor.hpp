// SPDX-License-Identifier: MIT
/// Actors in C++: header-only, on top of conclib/plugin.h. A whole plugin:
///
///     #include <conclib/actor.hpp>
///
///     struct Add   { std::int64_t by = 1;    CONCLIB_MESSAGE(Add, by) };
///     struct Total { std::int64_t value = 0; CONCLIB_MESSAGE(Total, value) };
///
///     class Counter final : public conclib::Actor {
///      public:
///       static constexpr std::string_view urn = "counter/{name}";
///       Counter() { on(&Counter::add); }
///       Total add(const Add& message) { return {total_ += message.by}; }
///
///      private:
///       std::int64_t total_ = 0;
///     };
///
///     CONCLIB_PLUGIN("counter", "1.0.0", Counter)
///
/// An actor class has `urn`: `cart` (one actor) or `cart/{id}` (one for each key), and a
/// constructor without arguments or one that takes the key as a std::string_view. It may have more
/// such constants: `bool blocking = true` if its handlers wait for files, databases or sleep (it
/// then gets threads of its own, at most `unsigned threads_max`), `unsigned mailbox_messages_max`.
///
/// An exception that leaves a handler reaches the asker as ACTOR_FAILED with its text, and the
/// actor goes on; Rejected reaches it as REJECTED, UnexpectedMessageError as UNEXPECTED_MESSAGE.
/// What leaves the constructor or on_start is the reason of NOT_STARTED.
///
/// Link nothing of conclib; in CMake: find_package(conclib) and conclib_add_plugin(cart cart.cpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "conclib/detail/object.hpp"
#include "conclib/detail/replies.hpp"
#include "conclib/detail/services.hpp"
#include "conclib/detail/visibility.hpp"
#include "conclib/message.hpp"
#include "conclib/plugin.h"

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

/// The reply to an ask whose handler returns nothing.
struct Done {
  CONCLIB_MESSAGE(Done)
};

/// A message as on_receive gets it, an ask or a tell. Valid during the call.
class RequestEnvelope {
 public:
  RequestEnvelope(const conclib_host* host, conclib_message* message) noexcept;
  RequestEnvelope(const RequestEnvelope&) = delete;
  RequestEnvelope& operator=(const RequestEnvelope&) = delete;

  /// Whether the message is a T.
  template <MessageStruct T>
  [[nodiscard]] bool matches() const noexcept;
  /// The message, the actor's to change or to move from. Throws UnexpectedMessageError if it is no
  /// T, Rejected if its bytes do not fit.
  template <MessageStruct T>
  [[nodiscard]] T& extract();
  /// Answers; what a tell is answered goes nowhere. A second answer throws Error
  /// (ALREADY_RESPONDED).
  template <MessageStruct T>
  void respond(T reply);

  /// Whether somebody waits for an answer.
  [[nodiscard]] bool is_ask() const noexcept { return ask_; }
  /// Name of the message type; id for logs; URN of the actor that sent it, or empty.
  [[nodiscard]] std::string_view type() const noexcept;
  [[nodiscard]] std::string_view id() const noexcept;
  [[nodiscard]] std::string_view sender() const noexcept;

  /// The right to answer, to be used now or later, on any thread.
  [[nodiscard]] Responder take();
  /// Whether the answer is still to be given and has not been taken.
  [[nodiscard]] bool open() const noexcept { return open_; }

 private:
  const conclib_host* host_;
  conclib_message* message_;
  bool ask_;
  bool open_ = true;
  std::unique_ptr<void, void (*)(void*)> decoded_{nullptr, nullptr};
  const conclib_object_type* decoded_type_ = nullptr;
};

struct TellOptions {
  /// Through the queue in Redis even to an actor on this worker, so that it outlives a crash.
  bool durable = false;
};

/// The base of all actors.
/// Threading: one call at a time, on any thread of the worker; all that is protected is for the
/// actor's own calls, from the constructor on, and not for other threads or the destructor.
class Actor {
 public:
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;
  virtual ~Actor() = default;

  /// Before the first message.
  virtual void on_start() {}
  /// After the last message of a graceful stop; not after a crash.
  virtual void on_stop() {}
  /// Takes every message that no `on` takes. Unless overridden: throws UnexpectedMessageError.
  virtual void on_receive(RequestEnvelope& request);

 protected:
  Actor();

  /// Names a member function as the handler of the message type that it takes (`const M&`, `M&&` or
  /// `M`). What it returns is the reply; from one that returns nothing, an asker gets a Done.
  template <typename Self, typename Reply, typename Argument>
  void on(Reply (Self::*handler)(Argument));
  template <typename Self, typename Reply, typename Argument>
  void on(Reply (Self::*handler)(Argument) const);

  /// The whole URN, and what stands in place of `{...}` in that of the class.
  [[nodiscard]] std::string_view urn() const { return detail::view_of(context()->urn); }
  [[nodiscard]] std::string_view key() const { return detail::view_of(context()->key); }

  /// Sends and goes on. Throws Error with the reason if the message was not taken.
  template <MessageStruct M>
  void tell(std::string_view to, M message, TellOptions options = {});
  /// Sends and goes on; `callback(AskResult<Reply>)` is called on this actor's turn, once, also if
  /// there is no such actor, unless this one ends before. Other messages may be handled between.
  /// `timeout` 0: the configured default; it never outlasts the message being handled. Throws Error
  /// if `to` is no valid URN or the message cannot be encoded.
  template <MessageStruct Reply, MessageStruct M, typename Callback>
  void ask(std::string_view to, M message, std::chrono::milliseconds timeout, Callback callback);

  /// The right to answer the message being handled after the handler has returned (nothing, then).
  template <MessageStruct Reply>
  [[nodiscard]] Deferred<Reply> defer() {
    return Deferred<Reply>(take_request());
  }
  [[nodiscard]] Responder take_request();

  /// Until the deadline of the message being handled; nothing: it has none.
  [[nodiscard]] std::optional<std::chrono::milliseconds> time_left() const;
  /// Ends this actor after the messages that it has now.
  void stop();

  [[nodiscard]] Plugin plugin() const { return {context()->host, context()->plugin}; }
  [[nodiscard]] Log log() const { return {context()->host, context()->plugin, context()}; }
  [[nodiscard]] Settings settings() const { return plugin().settings(); }
  [[nodiscard]] CounterRef counter(std::string_view name) const { return plugin().counter(name); }
  [[nodiscard]] HistogramRef histogram(std::string_view name) const {
    return plugin().histogram(name);
  }
  /// The one T that all actors of the plugin share (see CONCLIB_PLUGIN_SHARING).
  template <typename T>
  [[nodiscard]] T& shared() const;

 private:
  friend struct detail::ActorBorder;
  struct Handler {
    const conclib_object_type* type;
    std::function<void(Actor&, RequestEnvelope&)> call;
  };

  [[nodiscard]] conclib_context* context() const;
  void add_handler(Handler handler);
  template <typename Self, MessageStruct M, typename Method>
  void add_method(Method method);
  void dispatch(RequestEnvelope& request);
  void check(conclib_status status, const char* doing, std::string_view to) const;

  conclib_context* context_;
  RequestEnvelope* request_ = nullptr;
  std::vector<Handler> handlers_;
  std::list<std::unique_ptr<detail::PendingAsk>> asks_;
};

}  // namespace conclib

#include "conclib/detail/actor_inline.hpp"
#include "conclib/detail/border.hpp"

/// Makes a plugin of the actor classes. Once in a plugin, outside of all namespaces. `name` is of
/// [a-z0-9_-] and names the section [plugin.NAME] of the configuration.
#define CONCLIB_PLUGIN(name, version, ...) \
  CONCLIB_DETAIL_PLUGIN(::conclib::detail::Nothing, name, version, __VA_ARGS__)

/// The same with one object that all actors of the plugin share, such as a pool of connections:
///
///     class Pool { public: explicit Pool(conclib::Plugin& plugin); ... };
///     CONCLIB_PLUGIN_SHARING(Pool, "cart", "1.0.0", Cart)      // in Cart:
///     shared<Pool>().query(...)
///
/// It is made when the plugin is loaded, before any actor; if its constructor throws, the plugin is
/// refused with that text. It is destroyed after the last actor. Actors use it on many threads at
/// once.
#define CONCLIB_PLUGIN_SHARING(Shared, name, version, ...) \
  CONCLIB_DETAIL_PLUGIN(Shared, name, version, __VA_ARGS__)
