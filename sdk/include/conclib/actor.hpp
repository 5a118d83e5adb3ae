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
/// The constants of an actor class, all optional:
///   urn                     `cart` (one actor) or `cart/{id}` (one for each key); its constructor
///                           takes nothing, or the key as a std::string_view. None: made by spawn.
///   blocking, threads_max   handlers wait for files, databases or sleep: they get threads of their
///                           own, at most so many.
///   reentrant               it takes other messages while a handler of it co_awaits.
///   supervision             a conclib::Supervision: what is done when it has failed.
///   mailbox_messages_max, drop_when_full      the bound of its mailbox, and what is done there.
///   passivate_after, live_max                 a keyed actor is stopped when it is idle for so long
///                           (or conclib::never), or when so many others were used after it.
///   pool_size               so many instances behind one URN.
///   handler_limit           a handler that runs longer is reported.
///
/// An exception that leaves a handler reaches the asker as ACTOR_FAILED with its text, and the
/// actor goes on; Rejected reaches it as REJECTED, UnexpectedMessageError as UNEXPECTED_MESSAGE.
/// One that leaves the handler of a tell is the actor's failure; see Supervision. FatalError ends
/// the worker. What leaves the constructor or on_start is the reason of NOT_STARTED.
///
/// Link nothing of conclib; in CMake: find_package(conclib) and conclib_add_plugin(cart cart.cpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conclib/ask.hpp"
#include "conclib/detail/services.hpp"
#include "conclib/detail/visibility.hpp"
#include "conclib/future.hpp"
#include "conclib/message.hpp"
#include "conclib/options.hpp"
#include "conclib/plugin.h"
#include "conclib/ref.hpp"
#include "conclib/request.hpp"
#include "conclib/task.hpp"

namespace CONCLIB_HIDDEN conclib {

/// The base of all actors.
/// Threading: one call at a time, on any thread of the worker; all that is protected is for the
/// actor's own calls, from the constructor on, and not for other threads or the destructor.
/// Errors: what cannot be done throws Error with status and text.
class Actor {
 public:
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;
  virtual ~Actor() = default;

  /// Before the first message.
  virtual void on_start() {}
  /// After the last message of a stop; not after a failure or a crash.
  virtual void on_stop() {}
  /// It has failed, and what its supervision says will be done. `error` is the exception itself, or
  /// an Error if it was none of this actor's. For clean-up: by default nothing.
  virtual void on_failure(std::exception_ptr error) { static_cast<void>(error); }
  /// Takes every message that no `on` takes. Unless overridden: throws UnexpectedMessageError.
  virtual void on_receive(RequestEnvelope& request);
  /// No message came for the time of receive_timeout.
  virtual void on_receive_timeout() {}

 protected:
  Actor();

  /// Names a member function as the handler of the message type that it takes (`const M&`, `M&&` or
  /// `M`). What it returns is the reply; from one that returns nothing, an asker gets a Done. One
  /// that returns a Task is a coroutine. May also be called while the actor runs.
  template <typename Self, typename Result, typename Argument>
  void on(Result (Self::*handler)(Argument));
  template <typename Self, typename Result, typename Argument>
  void on(Result (Self::*handler)(Argument) const);

  /// The whole URN; what stands in place of `{...}` in that of the class; class and URN for people.
  [[nodiscard]] std::string_view urn() const { return detail::view_of(context()->urn); }
  [[nodiscard]] std::string_view key() const { return detail::view_of(context()->key); }
  [[nodiscard]] std::string text() const;
  [[nodiscard]] ActorRef self() const;
  /// How often it has been restarted since it was made.
  [[nodiscard]] std::uint64_t restarts() const { return context()->restarts; }

  // Messages. An Address is a URN or a reference.

  /// Sends and goes on. Throws Error with the reason if the message was not taken.
  template <Message M>
  void tell(Address to, M message, TellOptions options = {});
  /// `co_await` it for the reply, or make a Future of it. The wait never outlasts the deadline of
  /// the message being handled.
  template <Message Reply, Message M>
  [[nodiscard]] Ask<Reply, M> ask(Address to, M message, Timeout timeout = {});
  /// Sends and goes on; `callback(AskResult<Reply>)` is called on this actor's turn, once, also if
  /// there is no such actor, unless this one ends before. Other messages may be handled between.
  /// What the callback throws is this actor's failure. Throws Error if `to` is no valid URN or the
  /// message cannot be encoded.
  template <Message Reply, Message M, typename Callback>
  void ask(Address to, M message, Timeout timeout, Callback callback);

  /// The right to answer the message being handled after the handler has returned (nothing, then).
  template <Message Reply>
  [[nodiscard]] Deferred<Reply> defer() {
    return Deferred<Reply>(take_request());
  }
  [[nodiscard]] Responder take_request();
  /// Has another actor answer the message being handled; see Responder::delegate.
  template <Message M>
  void delegate(Address to, M message);
  /// Until the deadline of the message being handled; nothing: it has none.
  [[nodiscard]] std::optional<std::chrono::milliseconds> time_left() const;

  // Other actors of this worker. None of these activates an actor.

  /// Makes a child, an actor of a class of this plugin, with copies of the arguments, also for each
  /// restart. It starts on a turn of its own: watch it to learn of a failure. It is stopped before
  /// its parent, and when its parent fails. Throws Error: BAD_ARGUMENT, SHUTTING_DOWN.
  template <typename T, typename... Args>
  requires(!detail::begins_with<SpawnOptions, Args...>) Handle<T> spawn(Args&&... args);
  template <typename T, typename... Args>
  Handle<T> spawn(SpawnOptions options, Args&&... args);
  /// The live actor with this URN, if there is one.
  [[nodiscard]] std::optional<ActorRef> find(std::string_view urn) const;
  /// The live actors of a class or of classes that derive from it (empty: all), in the order in
  /// which they started, this one among them.
  [[nodiscard]] std::vector<ActorRef> actors(std::string_view class_name = {}) const;
  template <typename T>
  [[nodiscard]] std::vector<Handle<T>> actors() const;
  [[nodiscard]] std::size_t count(std::string_view class_name = {}) const;
  template <typename T>
  [[nodiscard]] std::size_t count() const;
  /// Tells each of them a copy; a failure does not keep it from the rest.
  template <Message M>
  BroadcastResult broadcast(const M& message, std::string_view class_name = {});
  template <typename T, Message M>
  BroadcastResult broadcast(const M& message);

  /// Ends this actor after the messages that it has now.
  void stop();
  /// Ends another one and goes on. False: it is not alive. Throws Error if `to` is not valid.
  bool stop(Address to, StopOptions options = {});
  /// The same, to be awaited: false: it was not alive. Throws Error then: ACTOR_FAILED if its stop
  /// failed, TIMEOUT with what it waits for, DEADLOCK for its own end.
  [[nodiscard]] Stopping stop_and_wait(Address to, StopOptions options = {});
  /// Stops all but this one, one after the other, in the reverse order of their start. One that
  /// hangs has its share of the time and does not keep the rest.
  [[nodiscard]] Task<StopReport> stop_all(std::chrono::milliseconds timeout,
                                          std::string_view class_name = {});
  template <typename T>
  [[nodiscard]] Task<StopReport> stop_all(std::chrono::milliseconds timeout);
  /// Calls `callback(const Ended&)` once when the actor ends, at once if it is not alive, on this
  /// actor's turn. By URN also of another worker. A restart or passivation is not an end.
  template <typename Callback>
  Watch watch(Address to, Callback callback);
  void unwatch(Watch watch);

  // Time, on the monotonic clock. All timers end with the actor, and when it fails.

  /// Handles a copy of the message again and again, as if it had been told to this actor.
  template <Message M>
  Timer every(std::chrono::nanoseconds interval, M message, TickerOptions options = {});
  /// Handles the message once, later.
  template <Message M>
  Timer after(std::chrono::nanoseconds delay, M message);
  /// Sends it later. That it is not taken then is logged.
  template <Message M>
  Timer send_after(std::chrono::nanoseconds delay, Address to, M message);
  /// `co_await sleep(10ms)`: the handler waits, not the thread.
  [[nodiscard]] Sleep sleep(std::chrono::nanoseconds time) { return {*this, time}; }
  /// Calls on_receive_timeout whenever no message came for so long. 0 ends that.
  void receive_timeout(std::chrono::nanoseconds timeout);

  // The daemon around it.

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
  friend struct detail::ActorAccess;

  [[nodiscard]] conclib_context* context() const;
  void add_handler(const detail::HandlerEntry& handler);

  conclib_context* context_;
  RequestEnvelope* request_ = nullptr;
  const detail::HandlerEntry* handlers_ = nullptr;  // Those of its class, or of state_.
  std::uint32_t handlers_count_ = 0;
  bool may_block_ = false;
  bool reentrant_ = false;
  std::unique_ptr<detail::ActorState> state_;
};

}  // namespace conclib

#include "conclib/detail/actor_inline.hpp"
#include "conclib/detail/plugin_table.hpp"

/// Makes a plugin of the actor classes, also of those that are only spawned. Once in a plugin,
/// outside of all namespaces. `name` is of [a-z0-9_-] and names the section [plugin.NAME] of the
/// configuration.
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
