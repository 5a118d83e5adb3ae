// SPDX-License-Identifier: MIT
#include "daemon/runtime/message.hpp"

#include <cstring>
#include <limits>
#include <new>

#include "daemon/runtime/cell.hpp"

namespace conclib::runtime {
namespace {

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

PendingAsk::PendingAsk(Ref<Cell> from, conclib_reply_fn function, void* data)
    : Message(MessageKind::answer),
      conclib_reply_to(Asker::local),
      asker_cell(std::move(from)),
      on_reply(function),
      user_data(data) {}

PendingAsk::~PendingAsk() = default;

Letter* Letter::make(Payload payload, std::string_view sender, PendingAsk* ask) {
  const bool object = payload.is_object();
  const auto trailing =
      sender.size() + (object ? 0 : payload.type().size() + payload.body().size());
  void* memory = ::operator new(sizeof(Letter) + trailing);
  auto* letter = new (memory) Letter(ask, charge(sizeof(Letter) + trailing));
  auto* place = static_cast<char*>(memory) + sizeof(Letter);
  letter->sender = copy(sender, place);
  if (object) {
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
    case MessageKind::answer:
      delete static_cast<PendingAsk*>(message);
      return;
    case MessageKind::control: {
      auto* control = static_cast<Control*>(message);
      if (control->what != Control::What::tick) delete control;
      return;
    }
  }
}

}  // namespace conclib::runtime
