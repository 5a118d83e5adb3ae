// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "conclib/plugin.h"
#include "daemon/runtime/inherited.hpp"
#include "daemon/runtime/message_pool.hpp"
#include "daemon/runtime/payload.hpp"
#include "daemon/runtime/ports.hpp"

namespace conclib::runtime {

struct ActorType;
class Cell;

/// In the order of what they may overtake; see the predicates of Message.
enum class MessageKind : std::uint8_t {
  letter,       ///< From an actor of this worker.
  delivery,     ///< From the queue.
  stop,         ///< The actor ends once it has come so far.
  tick,         ///< Of a timer.
  answer,       ///< To an ask of the receiver.
  urgent_tick,  ///< Of a timer that the running work waits for.
  completion,   ///< From a foreign thread.
  control       ///< From the runtime; overtakes all others.
};

/// What stands in a mailbox. It is in one list at a time and belongs to that list.
/// Threading: belongs to one thread at a time; a mailbox hands it over.
struct alignas(16) Message {
  constexpr explicit Message(MessageKind of_kind, std::uint32_t bytes = 0)
      : bytes_charged(bytes), kind(of_kind) {}
  Message* next = nullptr;
  std::uint32_t bytes_charged;  ///< What it counts for in the bound of a mailbox.
  MessageKind kind;

  /// Only requests count for the bounds: an answer was reckoned with when its ask was sent.
  [[nodiscard]] bool is_request() const { return kind <= MessageKind::delivery; }
  /// What an actor also takes while it waits in the middle of a request.
  [[nodiscard]] bool is_response() const {
    return kind >= MessageKind::answer && kind <= MessageKind::completion;
  }
};

/// Destroys a message that nobody takes, without a word to anybody: see Turn for who is told.
void discard(Message* message);

/// The memory of messages that the calling thread makes; null on threads without turns. The turn
/// sets it.
inline constinit thread_local MessagePool* pool_of_thread = nullptr;

/// Memory for a message, from the pool of the calling thread if it has one. To be given back with
/// free_message, by any thread.
[[nodiscard]] inline void* allocate_message(std::size_t bytes) {
  return pool_of_thread ? pool_of_thread->allocate(bytes) : MessagePool::allocate_shared(bytes);
}
inline void free_message(void* memory) { MessagePool::release(memory, pool_of_thread); }

}  // namespace conclib::runtime

/// An ask that waits for its answer, as the actor that owes it holds it.
struct conclib_reply_to {
  enum class Asker : std::uint8_t { local, queue };
  explicit conclib_reply_to(Asker of_asker) : asker(of_asker) {}
  /// Who owes the answer; it is alive as long as it owes. Null while it stands in a mailbox.
  conclib::runtime::Cell* debtor = nullptr;
  Asker asker;
};

namespace conclib::runtime {

/// An ask of an actor of this worker, from ask to on_reply. The responder holds it first, and with
/// the answer in it it is the message that goes back to the asker. The wait for the end of an actor
/// (stop, watch) is one, too.
///
/// Ownership: the responder's until `state` leaves `waiting`. Who sets `answered` puts it into the
/// asker's mailbox, which is not closed before it has come; the asker that sets `abandoned` leaves
/// it to the responder to destroy. With a `relay` there is no asker: the answer goes on to that.
/// Threading: links and `abandoned_late` belong to the asker's turn, the rest to the owner.
struct PendingAsk final : Message, conclib_reply_to {
  enum class State : std::uint8_t { waiting, answered, abandoned };

  PendingAsk(Cell* from, conclib_reply_fn function, void* data);
  ~PendingAsk();
  void* operator new(std::size_t bytes) { return allocate_message(bytes); }
  void operator delete(void* memory) { free_message(memory); }

  Cell* asker_cell;  ///< Only to be looked at by who made the ask `answered`.
  const ActorType* asker_type;
  conclib_reply_fn on_reply;
  void* user_data;
  TimePoint deadline = TimePoint::max();
  /// Of the message whose handler asked, for what on_reply sends.
  Inherited inherited;
  /// The request that an actor passed on instead of answering it.
  conclib_reply_to* relay = nullptr;
  /// Whom a stop waits for, or to whom an awaited ask went; null: not known here.
  Ref<Cell> target;
  std::string remote_id;  ///< Empty for an ask that stays on this worker.

  std::atomic<State> state{State::waiting};
  bool abandoned_late = false;  ///< Its asker ended, but the answer was on its way already.
  bool awaited = false;         ///< Its asker takes no other request until the answer.
  bool is_watch = false;
  bool is_stop = false;
  PendingAsk* previous_pending = nullptr;
  PendingAsk* next_pending = nullptr;

  proto::Status status = proto::Status::ok;
  Payload payload;
  std::string storage;            ///< What an encoded payload points to, or the text of a failure.
  void* object_memory = nullptr;  ///< Where an object in the payload stands that was moved there.

  /// Makes it the answer, unless its asker has given up. After true it is the mailbox's.
  [[nodiscard]] bool settle(State as) {
    auto expected = State::waiting;
    return state.compare_exchange_strong(expected, as, std::memory_order_acq_rel);
  }
};

/// A message from an actor of this worker to another. Its sender, then an object that travels by
/// value, or type and body of encoded ones, lie behind the struct, in the same allocation: three
/// cache lines for a small message, however long the queue that it stands in.
struct Letter final : Message {
  /// Copies what `payload` points to; takes over its object. `ask`: null for a tell.
  static Letter* make(Payload payload, std::string_view sender, PendingAsk* ask);
  void operator delete(void* memory) { free_message(memory); }

  [[nodiscard]] std::string_view sender() const {
    return {reinterpret_cast<const char*>(this + 1), sender_bytes};
  }

  // These two stand where the base would be padded.
  std::uint8_t sender_bytes = 0;
  bool awaited = false;  ///< Its sender takes no other request until the answer.
  PendingAsk* ask;
  std::uint64_t number = 0;
  TimePoint created;
  Inherited inherited;
  Payload payload;

 private:
  Letter(PendingAsk* of_ask, std::uint32_t bytes)
      : Message(MessageKind::letter, bytes), ask(of_ask) {}
};

/// A request from the queue. It is completed once it has been handled and, if it is an ask, it has
/// been answered: whoever comes second completes it.
struct Delivery final : Message, conclib_reply_to {
  enum Progress : std::uint8_t { returned = 1, answered = 2 };

  Delivery(std::unique_ptr<QueuedRequest> request, TimePoint now);

  std::unique_ptr<QueuedRequest> queued;
  TimePoint arrived;
  std::atomic<std::uint8_t> progress{0};
  /// The answer; written by who answers, read by who completes.
  proto::Status status = proto::Status::ok;
  std::string text;
  std::string reply;

  [[nodiscard]] bool is_ask() const { return queued->request.kind == proto::Kind::ask; }
};

/// The wish that an actor ends, in the order of its messages. Owns `ask`, the one who waits for it,
/// as a responder does; null: nobody.
struct StopRequest final : Message {
  explicit StopRequest(PendingAsk* of_ask) : Message(MessageKind::stop), ask(of_ask) {}
  PendingAsk* ask;
};

/// A word of the runtime to an actor.
struct Control final : Message {
  enum class What : std::uint8_t {
    look,         ///< See whether something has changed: draining, an answer given.
    cancel,       ///< Drop the queued ask `text`.
    stop_now,     ///< End without taking what waits; `ask` as in StopRequest.
    ends_soon,    ///< It is about to be stopped: a restart that fails is not tried again.
    watch,        ///< Answer `ask` or `delivery` when the actor ends.
    child_ended,  ///< `cell` is a child that has ended.
    escalate,     ///< The child `cell` has failed with `text` and ended.
    passivate     ///< End if there is nothing to do.
  };
  explicit Control(What of_what);
  ~Control();
  What what;
  std::string text;
  PendingAsk* ask = nullptr;
  std::unique_ptr<Delivery> delivery;
  Ref<Cell> cell;
};

}  // namespace conclib::runtime

/// A foreign thread's call of an actor. Made on the actor's turn; after complete() it is a message.
struct conclib_completion final : conclib::runtime::Message {
  conclib_completion();
  ~conclib_completion();
  conclib::runtime::Ref<conclib::runtime::Cell> cell;
  std::uint32_t incarnation = 0;  ///< Of the object that asked for it.
  conclib_call_fn call = nullptr;
  void* user_data = nullptr;
  conclib::runtime::Inherited inherited;
};
