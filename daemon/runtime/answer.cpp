// SPDX-License-Identifier: MIT
#include "daemon/runtime/answer.hpp"

#include <fmt/core.h>

#include "proto/envelope.hpp"
#include "proto/limits.hpp"
#include "proto/urn.hpp"

namespace conclib::runtime {
namespace {

using proto::fail;
using proto::Result;
using proto::Status;
using proto::StatusClass;

constexpr std::size_t text_bytes_max = 4096;

bool follows_from_bytes(Status status) {
  return status == Status::bad_envelope || status == Status::wrong_partition;
}

/// Puts the ask, with the answer in it, into its asker's mailbox.
void send_back(PendingAsk* ask) {
  if (!ask->settle(PendingAsk::State::answered)) {
    delete ask;
    return;
  }
  // The asker outlives the push, though its ask may not.
  const auto asker = ask->asker_cell;
  if (asker->push(ask) == Mailbox::Pushed::closed) delete ask;
}

Result<void> answer_local(PendingAsk* ask, const Cell& debtor, Payload payload) {
  auto ready = payload.check();
  if (ready && payload.is_object() &&
      debtor.type().spec.plugin != ask->asker_cell->type().spec.plugin) {
    ready = payload.encode(ask->storage);
  } else if (ready && !payload.is_object()) {
    ask->storage.assign(payload.type()).append(payload.body());
    const std::string_view stored = ask->storage;
    const auto type_size = payload.type().size();
    payload = Payload(stored.substr(0, type_size), stored.substr(type_size));
  }
  if (ready) ask->payload = std::move(payload);
  return ready;
}

Result<void> answer_queued(Delivery& delivery, Payload payload) {
  std::string storage;
  auto ready = payload.check();
  if (ready) ready = payload.encode(storage);
  if (!ready) return ready;
  delivery.reply = proto::encode_reply({.id = delivery.queued->request.id,
                                        .status = Status::ok,
                                        .type = payload.type(),
                                        .body = payload.body(),
                                        .text = {}});
  if (delivery.reply.size() > proto::limits::envelope_bytes_max) {
    const auto size = delivery.reply.size();
    delivery.reply.clear();
    return fail(Status::bad_argument,
                fmt::format("{} has {} bytes, more than the {} of an envelope", payload.type(),
                            size, proto::limits::envelope_bytes_max));
  }
  return {};
}

void finish(Delivery* delivery) {
  auto* debtor = delivery->debtor;
  auto& core = *debtor->type().core;
  if (delivery->status == Status::ok) {
    core.outside.complete({.queued = std::move(delivery->queued),
                           .status = Status::ok,
                           .text = {},
                           .reply = std::move(delivery->reply)});
  } else {
    complete(core, std::move(delivery->queued), delivery->status, std::move(delivery->text));
  }
  delete delivery;
  debtor->pay();
}

}  // namespace

std::string presentable(std::string text) {
  if (text.size() > text_bytes_max) {
    text.resize(text_bytes_max);
    // Not in the middle of a character.
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80) {
      text.pop_back();
    }
    if (!text.empty() && (static_cast<unsigned char>(text.back()) & 0x80) != 0) text.pop_back();
  }
  if (proto::is_utf8(text)) return text;
  for (auto& byte : text) {
    if ((static_cast<unsigned char>(byte) & 0x80) != 0) byte = '?';
  }
  return text;
}

void complete(Core& core, std::unique_ptr<QueuedRequest> queued, Status status, std::string text) {
  text = presentable(std::move(text));
  if (queued->may_have_run && proto::status_class(status) == StatusClass::never_ran &&
      !follows_from_bytes(status)) {
    text = fmt::format("it may have run before its worker was lost; now {}: {}",
                       proto::status_name(status), text);
    status = Status::unknown;
  }
  std::string reply;
  if (queued->request.kind == proto::Kind::ask) {
    reply = proto::encode_reply(
        {.id = queued->request.id, .status = status, .type = {}, .body = {}, .text = text});
  }
  core.outside.complete({.queued = std::move(queued),
                         .status = status,
                         .text = std::move(text),
                         .reply = std::move(reply)});
}

void fail_ask(PendingAsk* ask, Status status, std::string text) {
  ask->status = status;
  ask->payload = {};
  ask->storage = presentable(std::move(text));
  send_back(ask);
}

void answer_ask(PendingAsk* ask, std::string_view type, std::string_view body) {
  ask->storage.assign(type).append(body);
  const std::string_view stored = ask->storage;
  ask->payload = Payload(stored.substr(0, type.size()), stored.substr(type.size()));
  send_back(ask);
}

Result<void> answer(conclib_reply_to* reply_to, Status status, Payload payload, std::string text) {
  auto* debtor = reply_to->debtor;
  const bool local = reply_to->asker == conclib_reply_to::Asker::local;
  Result<void> sent;
  if (status == Status::ok) {
    sent = local ? answer_local(static_cast<PendingAsk*>(reply_to), *debtor, std::move(payload))
                 : answer_queued(*static_cast<Delivery*>(reply_to), std::move(payload));
    if (!sent) {
      status = Status::actor_failed;
      text = fmt::format("the answer of actor {} cannot be sent: {}", debtor->urn(),
                         sent.error().text);
    }
  }
  if (local) {
    auto* ask = static_cast<PendingAsk*>(reply_to);
    if (status == Status::ok) {
      send_back(ask);
    } else {
      fail_ask(ask, status, std::move(text));
    }
    debtor->pay();
    return sent;
  }
  auto* delivery = static_cast<Delivery*>(reply_to);
  delivery->status = status;
  delivery->text = std::move(text);
  const auto before = delivery->progress.fetch_or(Delivery::answered, std::memory_order_acq_rel);
  if ((before & Delivery::returned) != 0) finish(delivery);
  return sent;
}

void handler_returned(Delivery* delivery) {
  const auto before = delivery->progress.fetch_or(Delivery::returned, std::memory_order_acq_rel);
  if ((before & Delivery::answered) != 0) finish(delivery);
}

}  // namespace conclib::runtime
