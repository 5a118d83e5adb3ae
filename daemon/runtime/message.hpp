// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "conclib/plugin.h"
#include "daemon/runtime/inherited.hpp"
#include "daemon/runtime/payload.hpp"
#include "daemon/runtime/ports.hpp"

namespace conclib::runtime {

class Cell;

enum class MessageKind : std::uint8_t {
  letter,    ///< From an actor of this worker.
  delivery,  ///< From the queue.
  answer,    ///< To an ask of the receiver.
  control    ///< From the runtime; overtakes the others.
};

/// What stands in a mailbox. It is in one list at a time and belongs to that list.
/// Threading: belongs to one thread at a time; a mailbox hands it over.
struct Message {
  constexpr explicit Message(MessageKind of_kind, std::uint32_t bytes = 0)
      : bytes_charged(bytes), kind(of_kind) {}
  Message* next = nullptr;
  std::uint32_t bytes_charged;  ///< What it counts for in the bound of a mailbox.
  MessageKind kind;

  /// Only requests count for the bounds: an answer was reckoned with when its ask was sent.
  [[nodiscard]] bool is_request() const { return kind <= MessageKind::delivery; }
};

/// Destroys a message that nobody takes, without a word to anybody: see Turn for who is told.
void discard(Message* message);

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
/// the answer in it it is the message that goes back to the asker.
///
/// Ownership: the responder's until `state` leaves `waiting`. Who sets `answered` puts it into the
/// asker's mailbox; the asker that sets `abandoned` leaves it to the responder to destroy.
/// Threading: `list` and `abandoned_late` belong to the asker's turn, the rest to the owner.
struct PendingAsk final : Message, conclib_reply_to {
  enum class State : std::uint8_t { waiting, answered, abandoned };

  PendingAsk(Ref<Cell> from, conclib_reply_fn function, void* data);
  ~PendingAsk();

  Ref<Cell> asker_cell;
  conclib_reply_fn on_reply;
  void* user_data;
  TimePoint deadline;
  /// Of the message whose handler asked, for what on_reply sends.
  Inherited inherited;
  std::string remote_id;  ///< Empty for an ask that stays on this worker.

  std::atomic<State> state{State::waiting};
  bool abandoned_late = false;  ///< Its asker ended, but the answer was on its way already.
  PendingAsk* previous_pending = nullptr;
  PendingAsk* next_pending = nullptr;

  proto::Status status = proto::Status::ok;
  Payload payload;
  std::string storage;  ///< What the payload points to, or the text of a failure.

  /// Makes it the answer, unless its asker has given up. After true it is the mailbox's.
  [[nodiscard]] bool settle(State as) {
    auto expected = State::waiting;
    return state.compare_exchange_strong(expected, as, std::memory_order_acq_rel);
  }
};

/// A message from an actor of this worker to another. Type, body and sender of encoded ones lie
/// behind the struct, in the same allocation.
struct Letter final : Message {
  /// Copies what `payload` points to; takes over its object. `ask`: null for a tell.
  static Letter* make(Payload payload, std::string_view sender, PendingAsk* ask);
  void operator delete(void* memory) { ::operator delete(memory); }

  PendingAsk* ask;
  std::uint64_t number = 0;
  TimePoint created;
  Inherited inherited;
  Payload payload;
  std::string_view sender;

 private:
  Letter(PendingAsk* of_ask, std::uint32_t bytes)
      : Message(MessageKind::letter, bytes), ask(of_ask) {}
};

/// A request from the queue. It is completed once the handler has returned and, if it is an ask, it
/// has been answered: whoever comes second completes it.
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

/// A word of the runtime to an actor.
struct Control final : Message {
  enum class What : std::uint8_t {
    look,   ///< See whether something has changed: draining, an answer given.
    tick,   ///< The time of its timer has come. Belongs to the actor, not to the mailbox.
    cancel  ///< Drop the queued ask `id`.
  };
  explicit Control(What of_what) : Message(MessageKind::control), what(of_what) {}
  What what;
  std::string id;
};

}  // namespace conclib::runtime
