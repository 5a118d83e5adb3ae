// SPDX-License-Identifier: MIT
#include "daemon/runtime/message.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

#include "daemon/runtime/cell.hpp"
#include "daemon/runtime/message_pool.hpp"

namespace conclib::runtime {
namespace {

constexpr std::size_t align_up(std::size_t bytes) {
  return (bytes + alignof(Message) - 1) & ~(alignof(Message) - 1);
}

std::uint32_t charge(std::size_t bytes) {
  return static_cast<std::uint32_t>(
      std::min<std::size_t>(bytes, std::numeric_limits<std::uint32_t>::max()));
}

std::string_view copy(std::string_view from, char*& to) {
  if (!from.empty()) std::memcpy(to, from.data(), from.size());
  const std::string_view copied(to, from.size());
  to += from.size();
  return copied;
}

}  // namespace

PendingAsk::PendingAsk(Cell* from, conclib_reply_fn function, void* data)
    : Message(MessageKind::answer),
      conclib_reply_to(Asker::local),
      asker_cell(from),
      asker_type(from ? &from->type() : nullptr),
      on_reply(function),
      user_data(data) {}

PendingAsk::~PendingAsk() {
  // It is answered before, but at the end of the runtime.
  if (relay && relay->asker == Asker::queue) {
    delete static_cast<Delivery*>(relay);
  } else {
    delete static_cast<PendingAsk*>(relay);
  }
  payload = {};
  if (object_memory) free_message(object_memory);
}

Control::Control(What of_what) : Message(MessageKind::control), what(of_what) {}

Control::~Control() = default;

Letter* Letter::make(Payload payload, std::string_view sender, PendingAsk* ask) {
  static_assert(sizeof(Letter) == 112);
  const bool object = payload.is_object();
  const auto moved = payload.bytes_to_move();
  const auto size = sizeof(Letter) + align_up(sender.size()) + moved +
                    (object ? 0 : payload.type().size() + payload.body().size());
  auto* memory = static_cast<char*>(allocate_message(size));
  auto* letter = new (memory) Letter(ask, charge(size));
  auto* place = memory + sizeof(Letter);
  // A URN has at most 255 bytes.
  letter->sender_bytes = static_cast<std::uint8_t>(copy(sender, place).size());
  place = memory + sizeof(Letter) + align_up(sender.size());
  if (object) {
    if (moved > 0) payload.move_object(place);
    letter->payload = std::move(payload);
  } else {
    const auto type = copy(payload.type(), place);
    letter->payload = Payload(type, copy(payload.body(), place));
  }
  return letter;
}

Delivery::Delivery(std::unique_ptr<QueuedRequest> request, TimePoint now)
    : Message(MessageKind::delivery, charge(sizeof(Delivery) + request->bytes.size())),
      conclib_reply_to(Asker::queue),
      queued(std::move(request)),
      arrived(now) {}

void discard(Message* message) {
  switch (message->kind) {
    case MessageKind::letter: {
      auto* letter = static_cast<Letter*>(message);
      delete letter->ask;
      delete letter;
      return;
    }
    case MessageKind::delivery:
      delete static_cast<Delivery*>(message);
      return;
    case MessageKind::stop: {
      auto* stop = static_cast<StopRequest*>(message);
      delete stop->ask;
      delete stop;
      return;
    }
    case MessageKind::tick:
    case MessageKind::urgent_tick:
      discard_tick(message);
      return;
    case MessageKind::answer:
      delete static_cast<PendingAsk*>(message);
      return;
    case MessageKind::completion:
      delete static_cast<conclib_completion*>(message);
      return;
    case MessageKind::control: {
      auto* control = static_cast<Control*>(message);
      delete control->ask;
      delete control;
      return;
    }
  }
}

}  // namespace conclib::runtime

conclib_completion::conclib_completion() : Message(conclib::runtime::MessageKind::completion) {}

conclib_completion::~conclib_completion() = default;
