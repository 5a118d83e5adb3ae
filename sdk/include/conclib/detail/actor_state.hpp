// SPDX-License-Identifier: MIT
/// Plumbing of conclib/actor.hpp: what an actor owns beside its object, once it asks or waits.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conclib/detail/turn.hpp"
#include "conclib/detail/visibility.hpp"
#include "conclib/plugin.h"
#include "conclib/request.hpp"

namespace CONCLIB_HIDDEN conclib {
namespace detail {

/// One handler of an actor: the member function, and who knows how to call it.
struct HandlerEntry {
  const conclib_object_type* type = nullptr;
  void (*call)(Actor& actor, RequestEnvelope& request, const HandlerEntry& entry) = nullptr;
  /// Whether it is a coroutine.
  bool may_wait = false;
  /// The pointer to the member function, which is of one of many types.
  std::array<std::byte, 2 * sizeof(void*)> method{};

  friend bool operator==(const HandlerEntry&, const HandlerEntry&) = default;
};

/// What all actors of a class share: its constants, and the handlers that the first of them named,
/// so that those after it need no table of their own. Threading: any.
class ClassRecord {
 public:
  using Handlers = std::vector<HandlerEntry>;

  constexpr ClassRecord(bool blocks, bool takes_others) noexcept
      : may_block(blocks), reentrant(takes_others) {}
  ClassRecord(const ClassRecord&) = delete;
  ClassRecord& operator=(const ClassRecord&) = delete;
  ~ClassRecord() { delete handlers_.load(std::memory_order_relaxed); }

  /// Null until they are known.
  [[nodiscard]] const Handlers* handlers() const noexcept {
    return handlers_.load(std::memory_order_acquire);
  }
  /// Makes these the known ones, if none are; what is known then.
  const Handlers* publish(std::unique_ptr<const Handlers> handlers) noexcept {
    const Handlers* known = nullptr;
    if (!handlers_.compare_exchange_strong(known, handlers.get(), std::memory_order_acq_rel)) {
      return known;
    }
    return handlers.release();
  }

  const bool may_block;
  const bool reentrant;

 private:
  std::atomic<const Handlers*> handlers_ = nullptr;
};

/// Gets the answer to an ask, a stop or a watch, on the actor's turn: the user_data of the call of
/// the host.
class ReplySink {
 public:
  virtual void deliver(Actor& actor, conclib_status status, std::string_view text,
                       conclib_payload* reply) = 0;

 protected:
  ~ReplySink() = default;
};

/// One that its actor owns until its answer has come or the actor ends.
class OwnedSink : public ReplySink {
 public:
  OwnedSink() = default;
  OwnedSink(const OwnedSink&) = delete;
  OwnedSink& operator=(const OwnedSink&) = delete;
  virtual ~OwnedSink() = default;

  /// Not 0: the number of a watch.
  std::uint64_t watch_id = 0;
  /// Not null: what the future of an ask shares with its promise.
  const void* future_state = nullptr;

 private:
  friend class SinkList;
  OwnedSink* before_ = nullptr;
  OwnedSink* after_ = nullptr;
};

/// The sinks of one actor; each leaves it in constant time.
class SinkList {
 public:
  SinkList() = default;
  SinkList(const SinkList&) = delete;
  SinkList& operator=(const SinkList&) = delete;
  ~SinkList() { clear(); }

  OwnedSink& push(std::unique_ptr<OwnedSink> sink) noexcept {
    sink->after_ = first_;
    if (first_ != nullptr) first_->before_ = sink.get();
    first_ = sink.release();
    return *first_;
  }
  [[nodiscard]] std::unique_ptr<OwnedSink> take(OwnedSink& sink) noexcept {
    (sink.before_ == nullptr ? first_ : sink.before_->after_) = sink.after_;
    if (sink.after_ != nullptr) sink.after_->before_ = sink.before_;
    sink.before_ = sink.after_ = nullptr;
    return std::unique_ptr<OwnedSink>(&sink);
  }
  template <typename Predicate>
  [[nodiscard]] OwnedSink* find(const Predicate& predicate) const {
    auto* at = first_;
    while (at != nullptr && !predicate(*at)) at = at->after_;
    return at;
  }
  void clear() noexcept {
    while (first_ != nullptr) static_cast<void>(take(*first_));
  }

 private:
  OwnedSink* first_ = nullptr;
};

class Root;

/// What few actors need, so that the others stay small. On the actor's turn only.
struct ActorState {
  /// Those of an object that names others than the first of its class.
  ClassRecord::Handlers handlers;
  SinkList sinks;
  /// The coroutine handlers that have begun to wait, and the one that runs.
  Root* roots = nullptr;
  Root* running = nullptr;
  /// The exception of the failure that the host is about to hear of.
  std::exception_ptr failure;
  std::uint64_t last_watch_id = 0;
};

/// The conclib_reply_fn of all sinks.
void deliver_reply(void* actor, conclib_context* context, void* user_data, conclib_status status,
                   conclib_str text, conclib_payload* reply) noexcept;

/// What becomes of an exception that left an actor's function. OK: there is nothing left to do.
/// Else the failure of that function, for the host to count and log.
struct Outcome {
  conclib_status status = CONCLIB_OK;
  std::string text;
};

/// Tells the asker of the exception that is being handled, if `asked`; `responder` may be null when
/// it has been answered already. Else keeps the exception for on_failure. In a catch block only.
[[nodiscard]] Outcome conclude_exception(Actor& actor, bool asked, Responder* responder) noexcept;

}  // namespace detail
}  // namespace conclib
