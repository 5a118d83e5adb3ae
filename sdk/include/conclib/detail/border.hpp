// SPDX-License-Identifier: MIT
/// Plumbing of conclib/actor.hpp: the C functions of its actor types. No exception leaves them.
#pragma once

#include <exception>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "conclib/detail/actor_state.hpp"
#include "conclib/detail/class_name.hpp"
#include "conclib/detail/root.hpp"
#include "conclib/detail/spawning.hpp"
#include "conclib/detail/timers.hpp"
#include "conclib/detail/visibility.hpp"

namespace CONCLIB_HIDDEN conclib {
namespace detail {

/// Runs it; turns an exception into `failure`, whose text the host learns.
template <typename Run>
conclib_status guarded(const conclib_host* host, conclib_plugin_handle* plugin,
                       conclib_context* context, conclib_status failure, const Run& run) noexcept {
  try {
    run();
    return CONCLIB_OK;
  } catch (...) {
    host->set_error(plugin, context, c_str_of(exception_text()));
    return failure;
  }
}

/// What the plumbing may do with an actor.
struct ActorAccess {
  static conclib_context* context(const Actor& actor) noexcept { return actor.context_; }
  static bool may_block(const Actor& actor) noexcept { return actor.may_block_; }
  static bool is_reentrant(const Actor& actor) noexcept { return actor.reentrant_; }
  static ActorState& state(Actor& actor) {
    if (!actor.state_) actor.state_ = std::make_unique<ActorState>();
    return *actor.state_;
  }

  /// Makes the handlers that an object has named known to its class.
  static void publish_handlers(Actor& actor, ClassRecord& record);
  /// Hands a message to the actor. What receive returns.
  static conclib_status handle(Actor& actor, conclib_message& message) noexcept;
  static void dispatch(Actor& actor, RequestEnvelope& request);
  /// Null: none takes such a message.
  static const HandlerEntry* handler_of(const Actor& actor,
                                        const conclib_payload& payload) noexcept;
  /// Ends all that waits, while the whole object is there.
  static void abandon(Actor& actor) noexcept;
  static std::exception_ptr take_failure(Actor& actor, conclib_status status,
                                         std::string_view text);
};

inline conclib_context* context_of(const Actor& actor) noexcept {
  return ActorAccess::context(actor);
}
inline ActorState& state_of(Actor& actor) { return ActorAccess::state(actor); }
inline bool is_reentrant(const Actor& actor) noexcept { return ActorAccess::is_reentrant(actor); }
inline bool may_block(const Actor& actor) noexcept { return ActorAccess::may_block(actor); }

/// Keeps the exception that is being handled for on_failure, unless it is an asker's to hear of.
inline Outcome failure_of(Actor& actor, conclib_status status, bool asked) {
  if (!asked) state_of(actor).failure = std::current_exception();
  return {status, exception_text()};
}

/// Answers with a failure. That the answer cannot be sent is nobody's failure any more.
inline void refuse(Responder& responder, conclib_status status, std::string_view text) noexcept {
  try {
    if (status == CONCLIB_REJECTED) {
      responder.reject(text);
    } else {
      responder.fail(text);
    }
  } catch (const Error&) {
  }
}

inline Outcome conclude_exception(Actor& actor, bool asked, Responder* responder) noexcept {
  auto* const context = context_of(actor);
  const bool awaited = responder != nullptr && responder->awaited();
  auto status = CONCLIB_ACTOR_FAILED;
  try {
    throw;
  } catch (const FatalError& error) {
    if (awaited) refuse(*responder, status, error.what());
    context->host->fail_worker(context, c_str_of(error.what()));
    return {};
  } catch (const Rejected&) {
    status = CONCLIB_REJECTED;
  } catch (...) {
  }
  if (!asked) return failure_of(actor, status, asked);
  auto text = exception_text();
  if (awaited) {
    refuse(*responder, status, text);
    if (status == CONCLIB_REJECTED) return {};
  }
  return {status, std::move(text)};
}

inline const HandlerEntry* ActorAccess::handler_of(const Actor& actor,
                                                   const conclib_payload& payload) noexcept {
  const std::span handlers(actor.handlers_, actor.handlers_count_);
  if (payload.object != nullptr) {
    for (const auto& handler : handlers) {
      if (handler.type == payload.object_type) return &handler;
    }
  }
  const auto name = view_of(payload.type);
  for (const auto& handler : handlers) {
    if (view_of(handler.type->name) == name) return &handler;
  }
  return nullptr;
}

inline void ActorAccess::dispatch(Actor& actor, RequestEnvelope& request) {
  const auto* const found = handler_of(actor, request.payload());
  if (found == nullptr) {
    actor.on_receive(request);
    return;
  }
  // A handler may name handlers, which moves them.
  const auto entry = *found;
  entry.call(actor, request, entry);
}

inline conclib_status ActorAccess::handle(Actor& actor, conclib_message& message) noexcept {
  auto* const context = actor.context_;
  RequestEnvelope request(context, &message);
  auto* const before = std::exchange(actor.request_, &request);
  Outcome outcome;
  try {
    dispatch(actor, request);
    actor.request_ = before;
    return CONCLIB_OK;
  } catch (const UnexpectedMessageError& error) {
    outcome = {CONCLIB_UNEXPECTED_MESSAGE, error.what()};
  } catch (const Rejected& error) {
    if (request.is_ask() && request.open()) {
      auto responder = request.take();
      refuse(responder, CONCLIB_REJECTED, error.what());
    } else {
      outcome = failure_of(actor, CONCLIB_REJECTED, request.is_ask());
    }
  } catch (const FatalError& error) {
    if (request.is_ask() && request.open()) {
      auto responder = request.take();
      refuse(responder, CONCLIB_ACTOR_FAILED, error.what());
    }
    context->host->fail_worker(context, c_str_of(error.what()));
  } catch (...) {
    outcome = failure_of(actor, CONCLIB_ACTOR_FAILED, request.is_ask());
  }
  actor.request_ = before;
  if (outcome.status != CONCLIB_OK) {
    context->host->set_error(context->plugin, context, c_str_of(outcome.text));
  }
  return outcome.status;
}

inline void ActorAccess::abandon(Actor& actor) noexcept {
  if (!actor.state_) return;
  Root::destroy_all(*actor.state_);
  actor.state_->sinks.clear();
}

inline std::exception_ptr ActorAccess::take_failure(Actor& actor, conclib_status status,
                                                    std::string_view text) {
  if (actor.state_ && actor.state_->failure) {
    return std::exchange(actor.state_->failure, nullptr);
  }
  return std::make_exception_ptr(Error(status, std::string(text)));
}

inline void ActorAccess::publish_handlers(Actor& actor, ClassRecord& record) {
  if (record.handlers() != nullptr || !actor.state_ || actor.state_->handlers.empty()) return;
  auto& own = actor.state_->handlers;
  const auto* const known =
      record.publish(std::make_unique<const ClassRecord::Handlers>(std::move(own)));
  actor.handlers_ = known->data();
  own.clear();
}

template <Message M>
conclib_status handle_here(Actor& actor, M message) {
  auto* const context = context_of(actor);
  const auto payload = payload_of(message);
  const auto* const handler = ActorAccess::handler_of(actor, payload);
  if (handler != nullptr && handler->may_wait) {
    const ActorRef self(context->host, context->host->self(context));
    const auto sent = outgoing(self, payload, 0);
    check(context, context->host->tell(context, &sent), "tell to ", view_of(context->urn));
    return CONCLIB_OK;
  }
  conclib_message here{sizeof(here), payload, nullptr, context->message_id, context->urn};
  const auto status = ActorAccess::handle(actor, here);
  // What travels by value is the caller's.
  auto& left = here.payload;
  if (left.object != nullptr && left.object_type->move == nullptr) {
    left.object_type->destroy(left.object);
  }
  return status;
}

inline conclib_status TimerAction::call(void* actor, conclib_context* context,
                                        void* user_data) noexcept {
  auto& self = *static_cast<Actor*>(actor);
  const Turn turn(self);
  auto status = CONCLIB_OK;
  const auto ran = guarded(context->host, context->plugin, context, CONCLIB_ACTOR_FAILED,
                           [&] { status = static_cast<TimerAction*>(user_data)->run(self); });
  return ran == CONCLIB_OK ? status : ran;
}

inline void deliver_reply(void* actor, conclib_context* context, void* user_data,
                          conclib_status status, conclib_str text,
                          conclib_payload* reply) noexcept {
  auto& self = *static_cast<Actor*>(actor);
  const Turn turn(self);
  try {
    static_cast<ReplySink*>(user_data)->deliver(self, status, view_of(text), reply);
  } catch (...) {
    const auto outcome = conclude_exception(self, false, nullptr);
    if (outcome.status == CONCLIB_OK) return;
    const auto line = "a callback failed: " + outcome.text;
    context->host->fail(context, outcome.status, c_str_of(line));
  }
}

/// The functions of all actor types but create.
struct ActorBorder {
  static conclib_status start(void* actor, conclib_context*) noexcept {
    return run(actor, CONCLIB_NOT_STARTED, [](Actor& self) { self.on_start(); });
  }
  static conclib_status stop(void* actor, conclib_context*) noexcept {
    return run(actor, CONCLIB_ACTOR_FAILED, [](Actor& self) { self.on_stop(); });
  }
  static conclib_status idle(void* actor, conclib_context*) noexcept {
    return run(actor, CONCLIB_ACTOR_FAILED, [](Actor& self) { self.on_receive_timeout(); });
  }
  static conclib_status failed(void* actor, conclib_context*, conclib_status status,
                               conclib_str text) noexcept {
    return run(actor, CONCLIB_ACTOR_FAILED, [&](Actor& self) {
      self.on_failure(ActorAccess::take_failure(self, status, view_of(text)));
    });
  }
  static conclib_status receive(void* actor, conclib_context*, conclib_message* message) noexcept {
    auto& self = *static_cast<Actor*>(actor);
    const Turn turn(self);
    return ActorAccess::handle(self, *message);
  }
  static void destroy(void* actor) noexcept {
    auto* const self = static_cast<Actor*>(actor);
    const Turn turn(*self);
    ActorAccess::abandon(*self);
    delete self;
  }

 private:
  /// Runs a function of the author; `failure` is what becomes of an exception.
  template <typename Run>
  static conclib_status run(void* actor, conclib_status failure, const Run& run) noexcept {
    auto& self = *static_cast<Actor*>(actor);
    const Turn turn(self);
    try {
      run(self);
      return CONCLIB_OK;
    } catch (...) {
      const auto outcome = conclude_exception(self, false, nullptr);
      if (outcome.status == CONCLIB_OK) return failure;
      auto* const context = context_of(self);
      context->host->set_error(context->plugin, context, c_str_of(outcome.text));
      return failure;
    }
  }
};

}  // namespace detail

inline Actor::Actor() : context_(detail::constructing) {
  if (context_ == nullptr) return;
  const auto* const record = static_cast<const detail::ClassRecord*>(context_->type->type_data);
  may_block_ = record->may_block;
  reentrant_ = record->reentrant;
  detail::current_actor = this;
}

inline conclib_context* Actor::context() const {
  if (context_ == nullptr) throw std::logic_error("this actor was not made by conclib");
  return context_;
}

inline void Actor::on_receive(RequestEnvelope& request) {
  std::string known;
  for (std::uint32_t i = 0; i < handlers_count_; ++i) {
    known.append(known.empty() ? "" : ", ").append(detail::view_of(handlers_[i].type->name));
  }
  throw UnexpectedMessageError("actor " + std::string(urn()) + " has no handler for " +
                               std::string(request.type()) + "; it takes " +
                               (known.empty() ? "nothing" : known));
}

inline void Actor::add_handler(const detail::HandlerEntry& handler) {
  auto& record = *static_cast<detail::ClassRecord*>(context()->type->type_data);
  const bool is_own = state_ && !state_->handlers.empty();
  if (const auto* const known = record.handlers(); known != nullptr && !is_own) {
    if (handlers_count_ < known->size() && (*known)[handlers_count_] == handler) {
      handlers_ = known->data();
      ++handlers_count_;
      return;
    }
  }
  const std::span taken(handlers_, handlers_count_);
  const auto name = detail::view_of(handler.type->name);
  for (const auto& other : taken) {
    if (detail::view_of(other.type->name) == name) {
      throw std::logic_error("two handlers for message type " + std::string(name));
    }
  }
  auto& own = detail::state_of(*this).handlers;
  if (!is_own) own.assign(taken.begin(), taken.end());
  own.push_back(handler);
  handlers_ = own.data();
  ++handlers_count_;
}

inline Responder Actor::take_request() {
  if (request_ != nullptr && request_->open()) return request_->take();
  if (state_ && state_->running != nullptr) {
    if (auto responder = state_->running->take_responder()) return std::move(*responder);
  }
  if (request_ == nullptr) throw std::logic_error("no message is being handled");
  return request_->take();
}

}  // namespace conclib
