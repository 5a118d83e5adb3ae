// SPDX-License-Identifier: MIT
/// Plumbing of conclib/actor.hpp: what the members of its classes do.
#pragma once

#include <algorithm>
#include <memory>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "conclib/detail/border.hpp"
#include "conclib/detail/handlers.hpp"
#include "conclib/detail/spawning.hpp"
#include "conclib/detail/timers.hpp"
#include "conclib/detail/waiting.hpp"

namespace CONCLIB_HIDDEN conclib {
namespace detail {

/// What stands behind plugin_data when a plugin shares something. The address of `tag` names T.
template <typename T>
struct SharedBox {
  static constexpr char tag = 0;
  const void* type = &tag;
  T value;
};

template <typename T>
struct ActorTypeOf;

/// A watch that calls a function of the author.
template <typename Callback>
class WatchSink final : public OwnedSink {
 public:
  WatchSink(std::string_view urn, Callback callback) : urn_(urn), callback_(std::move(callback)) {}
  void deliver(Actor& actor, conclib_status status, std::string_view text,
               conclib_payload*) override {
    const auto self = state_of(actor).sinks.take(*this);
    const Ended ended{std::move(urn_), status, std::string(text)};
    callback_(ended);
  }

 private:
  std::string urn_;
  Callback callback_;
};

inline void tell_from(Actor& sender, const Address& to, const conclib_payload& payload,
                      TellOptions options) {
  auto* const context = context_of(sender);
  const auto message = outgoing(to, payload, options.durable ? CONCLIB_TELL_DURABLE : 0);
  check(context, context->host->tell(context, &message), "tell to ", to.urn());
}

}  // namespace detail

inline std::string Actor::text() const {
  const auto* const type = context()->type;
  return std::string(detail::view_of(type->class_name)).append(" ").append(urn());
}

inline ActorRef Actor::self() const { return {context()->host, context()->host->self(context())}; }

template <typename Self, typename Result, typename Argument>
void Actor::on(Result (Self::*handler)(Argument)) {
  add_handler(detail::entry_of<Self, Result, Argument>(handler));
}
template <typename Self, typename Result, typename Argument>
void Actor::on(Result (Self::*handler)(Argument) const) {
  add_handler(detail::entry_of<Self, Result, Argument>(handler));
}

// Messages.

template <Message M>
void Actor::tell(Address to, M message, TellOptions options) {
  detail::tell_from(*this, to, detail::payload_of(message), options);
}

template <Message Reply, Message M>
Ask<Reply, M> Actor::ask(Address to, M message, Timeout timeout) {
  return {*this, to, std::move(message), timeout};
}

template <Message Reply, Message M, typename Callback>
void Actor::ask(Address to, M message, Timeout timeout, Callback callback) {
  static_assert(std::is_invocable_v<Callback&, AskResult<Reply>>,
                "the callback of an ask takes a conclib::AskResult<Reply>");
  auto& sinks = detail::state_of(*this).sinks;
  auto& sink =
      sinks.push(std::make_unique<detail::CallbackSink<Reply, Callback>>(std::move(callback)));
  const auto sent = detail::send_ask(*this, to, message, timeout, 0, sink);
  if (sent.ok()) return;
  // The callback goes with the exception, and with it what it holds.
  static_cast<void>(sinks.take(sink));
  throw Error(sent.status(), sent.text());
}

template <Message M>
void Actor::delegate(Address to, M message) {
  take_request().delegate(to, std::move(message));
}

template <Message M>
void Responder::delegate(Address to, M message) {
  auto& actor = detail::actor_on_turn();
  close();
  if (reply_to_ == nullptr) {
    detail::tell_from(actor, to, detail::payload_of(message), {});
    return;
  }
  auto* const context = detail::context_of(actor);
  const auto ask = detail::outgoing(to, detail::payload_of(message), 0);
  // If it fails the asker has heard why, and nobody else needs to.
  static_cast<void>(host_->forward(context, std::exchange(reply_to_, nullptr), &ask));
}

template <typename T>
template <typename Self, typename Result, typename Argument>
requires std::derived_from<T, Self> Ask<ReplyOf<Result>, MessageOf<Argument>> Handle<T>::call(
    Result (Self::*)(Argument), MessageOf<Argument> message, Timeout timeout)
const { return {detail::actor_on_turn(), *this, std::move(message), timeout}; }
template <typename T>
template <typename Self, typename Result, typename Argument>
requires std::derived_from<T, Self> Ask<ReplyOf<Result>, MessageOf<Argument>> Handle<T>::call(
    Result (Self::*)(Argument) const, MessageOf<Argument> message, Timeout timeout)
const { return {detail::actor_on_turn(), *this, std::move(message), timeout}; }
template <typename T>
template <typename Self, typename Result, typename Argument>
requires std::derived_from<T, Self>
void Handle<T>::defer(Result (Self::*)(Argument), MessageOf<Argument> message,
                      TellOptions options) const {
  detail::tell_from(detail::actor_on_turn(), *this, detail::payload_of(message), options);
}
template <typename T>
template <typename Self, typename Result, typename Argument>
requires std::derived_from<T, Self>
void Handle<T>::defer(Result (Self::*)(Argument) const, MessageOf<Argument> message,
                      TellOptions options) const {
  detail::tell_from(detail::actor_on_turn(), *this, detail::payload_of(message), options);
}

inline std::optional<std::chrono::milliseconds> Actor::time_left() const {
  const auto left = context()->host->time_left_ms(context());
  if (left == std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return std::chrono::milliseconds(left);
}

// Other actors.

template <typename T, typename... Args>
requires(!detail::begins_with<SpawnOptions, Args...>) Handle<T> Actor::spawn(Args&&... args) {
  return spawn<T>(SpawnOptions{}, std::forward<Args>(args)...);
}

template <typename T, typename... Args>
Handle<T> Actor::spawn(SpawnOptions options, Args&&... args) {
  static_assert(std::is_base_of_v<Actor, T>, "an actor class derives from conclib::Actor");
  static_assert(std::is_constructible_v<T, const std::decay_t<Args>&...>,
                "the constructor takes these arguments as copies, for a restart needs them again");
  conclib_spawn spawn{};
  spawn.size = sizeof(spawn);
  spawn.type = &detail::ActorTypeOf<T>::table;
  spawn.name = detail::c_str_of(options.name);
  if constexpr (sizeof...(Args) > 0) {
    using Factory = detail::FactoryOf<T, std::decay_t<Args>...>;
    spawn.argument =
        static_cast<detail::Factory*>(new Factory(std::in_place, std::forward<Args>(args)...));
    spawn.destroy_argument = &detail::Factory::destroy;
  }
  conclib_ref* ref = nullptr;
  detail::check(context(), context()->host->spawn(context(), &spawn, &ref), "spawn of ",
                detail::class_name_of<T>());
  return Handle<T>(ActorRef(context()->host, ref));
}

inline std::optional<ActorRef> Actor::find(std::string_view urn) const {
  auto* const ref = context()->host->find(context(), detail::c_str_of(urn));
  if (ref == nullptr) return std::nullopt;
  return ActorRef(context()->host, ref);
}

inline std::vector<ActorRef> Actor::actors(std::string_view class_name) const {
  struct Found {
    const conclib_host* host;
    std::vector<ActorRef> refs;
  } found{context()->host, {}};
  const auto visit = [](void* user_data, conclib_ref* ref) {
    auto& into = *static_cast<Found*>(user_data);
    into.host->ref_retain(ref);
    into.refs.emplace_back(into.host, ref);
  };
  found.host->list(context(), detail::c_str_of(class_name), visit, &found);
  return std::move(found.refs);
}

template <typename T>
std::vector<Handle<T>> Actor::actors() const {
  std::vector<Handle<T>> handles;
  for (auto& ref : actors(typeid(T).name())) handles.emplace_back(std::move(ref));
  return handles;
}

inline std::size_t Actor::count(std::string_view class_name) const {
  return context()->host->list(context(), detail::c_str_of(class_name), nullptr, nullptr);
}

template <typename T>
std::size_t Actor::count() const {
  return count(typeid(T).name());
}

template <Message M>
BroadcastResult Actor::broadcast(const M& message, std::string_view class_name) {
  static_assert(std::is_copy_constructible_v<M>, "each receiver gets a copy");
  BroadcastResult result;
  for (const auto& receiver : actors(class_name)) {
    try {
      tell(receiver, message);
      ++result.delivered;
    } catch (const Error& error) {
      result.failures.push_back({std::string(receiver.urn()), error.status(), error.what()});
    }
  }
  return result;
}

template <typename T, Message M>
BroadcastResult Actor::broadcast(const M& message) {
  return broadcast(message, typeid(T).name());
}

inline void Actor::stop() {
  detail::check(context(), context()->host->stop_self(context()), "stop of ", urn());
}

inline bool Actor::stop(Address to, StopOptions options) {
  const auto status = detail::send_stop(*this, to, options, nullptr);
  if (status == CONCLIB_ACTOR_NOT_FOUND) return false;
  detail::check(context(), status, "stop of ", to.urn());
  return true;
}

inline Stopping Actor::stop_and_wait(Address to, StopOptions options) {
  return {*this, to, options};
}

inline Task<StopReport> Actor::stop_all(std::chrono::milliseconds timeout,
                                        std::string_view class_name) {
  using Milliseconds = std::chrono::milliseconds;
  const auto now = [this] {
    return std::chrono::nanoseconds(context()->host->monotonic_ns(context()->plugin));
  };
  const auto deadline = now() + timeout;
  auto victims = actors(class_name);
  std::erase(victims, self());
  StopReport report;
  for (; !victims.empty(); victims.pop_back()) {
    const auto victim = victims.back();
    const auto left = std::chrono::duration_cast<Milliseconds>(deadline - now());
    // 0 would be the default, which may be longer than all that is left.
    const auto share = std::max(left / static_cast<int>(victims.size()), Milliseconds(1));
    const StopOptions options{.now = false, .timeout = share};
    try {
      if (co_await stop_and_wait(victim, options)) ++report.stopped;
    } catch (const Error& error) {
      report.failures.push_back({std::string(victim.urn()), error.status(), error.what()});
    }
  }
  co_return report;
}

template <typename T>
Task<StopReport> Actor::stop_all(std::chrono::milliseconds timeout) {
  return stop_all(timeout, typeid(T).name());
}

template <typename Callback>
Watch Actor::watch(Address to, Callback callback) {
  static_assert(std::is_invocable_v<Callback&, const Ended&>,
                "the callback of a watch takes a const conclib::Ended&");
  auto& state = detail::state_of(*this);
  auto& sink = state.sinks.push(
      std::make_unique<detail::WatchSink<Callback>>(to.urn(), std::move(callback)));
  sink.watch_id = ++state.last_watch_id;
  const Watch watch{sink.watch_id};
  const auto status =
      context()->host->watch(context(), to.ref(), detail::c_str_of(to.urn()),
                             &detail::deliver_reply, static_cast<detail::ReplySink*>(&sink));
  if (status != CONCLIB_OK) static_cast<void>(state.sinks.take(sink));
  detail::check(context(), status, "watch of ", to.urn());
  return watch;
}

inline void Actor::unwatch(Watch watch) {
  auto& sinks = detail::state_of(*this).sinks;
  auto* const sink = sinks.find(
      [&](const detail::OwnedSink& other) { return watch.id != 0 && other.watch_id == watch.id; });
  if (sink == nullptr) return;
  context()->host->unwatch(context(), static_cast<detail::ReplySink*>(sink));
  static_cast<void>(sinks.take(*sink));
}

// Time.

template <Message M>
Timer Actor::every(std::chrono::nanoseconds interval, M message, TickerOptions options) {
  static_assert(std::is_copy_constructible_v<M>, "each tick is a copy");
  if (interval.count() <= 0) {
    throw Error(CONCLIB_BAD_ARGUMENT, "the interval of a ticker is longer than 0");
  }
  std::uint32_t flags = 0;
  if (options.rate == TickRate::fixed_delay) flags |= CONCLIB_TIMER_FIXED_DELAY;
  if (options.missed == MissedTicks::catch_up) flags |= CONCLIB_TIMER_CATCH_UP;
  const auto first = options.first == FirstTick::now ? std::chrono::nanoseconds(0) : interval;
  return detail::start_timer(*this, first, interval, flags,
                             std::make_unique<detail::Ticker<M>>(std::move(message)));
}

template <Message M>
Timer Actor::after(std::chrono::nanoseconds delay, M message) {
  return detail::start_timer(*this, delay, {}, 0,
                             std::make_unique<detail::DelayedToSelf<M>>(std::move(message)));
}

template <Message M>
Timer Actor::send_after(std::chrono::nanoseconds delay, Address to, M message) {
  ActorRef ref;
  if (to.ref() != nullptr) {
    context()->host->ref_retain(to.ref());
    ref = ActorRef(context()->host, to.ref());
  }
  return detail::start_timer(
      *this, delay, {}, 0,
      std::make_unique<detail::DelayedSend<M>>(to, std::move(message), std::move(ref)));
}

inline void Actor::receive_timeout(std::chrono::nanoseconds timeout) {
  context()->host->receive_timeout(context(), detail::nanoseconds_of(timeout));
}

template <typename T>
T& Actor::shared() const {
  auto* const box = static_cast<detail::SharedBox<T>*>(context()->plugin_data);
  if (box == nullptr || box->type != &detail::SharedBox<T>::tag) {
    throw std::logic_error("the plugin shares nothing of this type");
  }
  return box->value;
}

}  // namespace conclib
