// SPDX-License-Identifier: MIT
#include "daemon/runtime/answer.hpp"

#include <fmt/core.h>

#include "daemon/runtime/turn.hpp"
#include "proto/ended.hpp"
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

/// Passes the answer on to the request that was forwarded.
void relay(PendingAsk* ask) {
  const std::unique_ptr<PendingAsk> answered(ask);
  auto* const reply_to = std::exchange(ask->relay, nullptr);
  if (ask->status == Status::ok) {
    (void)answer(reply_to, Status::ok, std::move(ask->payload), {});
  } else {
    (void)answer(reply_to, ask->status, {}, std::move(ask->storage));
  }
}

/// Puts the ask, with the answer in it, into its asker's mailbox.
void send_back(PendingAsk* ask) {
  if (ask->relay) {
    relay(ask);
    return;
  }
  if (!ask->settle(PendingAsk::State::answered)) {
    delete ask;
    return;
  }
  // Its mailbox is not closed before the answer has come, not even that of an actor that ended.
  auto* const asker = ask->asker_cell;
  if (asker->push(ask) == Mailbox::Pushed::closed) delete ask;
}

/// Makes the payload one that outlives the sender's.
void keep(PendingAsk* ask, Payload payload) {
  if (const auto bytes = payload.bytes_to_move(); bytes > 0) {
    ask->object_memory = allocate_message(bytes);
    payload.move_object(ask->object_memory);
  } else if (!payload.is_object()) {
    const auto type_size = payload.type().size();
    std::string bytes_of(payload.type());
    bytes_of.append(payload.body());
    ask->storage = std::move(bytes_of);
    const std::string_view stored = ask->storage;
    payload = Payload(stored.substr(0, type_size), stored.substr(type_size));
  }
  ask->payload = std::move(payload);
}

Result<void> answer_local(PendingAsk* ask, const Cell& debtor, const ActorType* asker,
                          Payload payload) {
  if (auto ready = payload.check(); !ready) return ready;
  if (payload.is_object() && asker && debtor.type().spec.plugin != asker->spec.plugin) {
    std::string encoded;
    if (auto ready = payload.encode(encoded); !ready) return ready;
    keep(ask, std::move(payload));
    return {};
  }
  keep(ask, std::move(payload));
  return {};
}

/// Of whose plugin an answer must be: the actor that asked, or the one that passed it on.
const ActorType* asker_of(const PendingAsk& ask) {
  return ask.relay ? &ask.relay->debtor->type() : ask.asker_type;
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

/// The debt of an answer that has been given.
void pay(Cell* debtor) {
  const auto* turn = Turn::current();
  debtor->pay(turn && turn->running() == debtor);
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
  pay(debtor);
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

std::string note_dropped(const conclib_reply_to& reply_to) {
  const auto& debtor = *reply_to.debtor;
  auto& core = *debtor.type().core;
  core.counters.failed.fetch_add(1, std::memory_order_relaxed);
  std::string what = "a request";
  if (reply_to.asker == conclib_reply_to::Asker::queue) {
    const auto& delivery = static_cast<const Delivery&>(reply_to);
    const auto age =
        std::chrono::duration_cast<std::chrono::milliseconds>(core.clock.now() - delivery.arrived);
    what = fmt::format("{} ({} ms old)", delivery.queued->request.type, age.count());
  }
  auto text = fmt::format("actor {} dropped {} without an answer", debtor.urn(), what);
  core.log.write(log::Level::info, "runtime", text);
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
  keep(ask, Payload(type, body));
  send_back(ask);
}

void complete_watch(Core& core, Delivery& watch, Status status, std::string_view text) {
  const auto body = proto::encode_ended({.status = status, .text = presentable(std::string(text))});
  auto reply = proto::encode_reply({.id = watch.queued->request.id,
                                    .status = Status::ok,
                                    .type = proto::ended_type,
                                    .body = body,
                                    .text = {}});
  core.outside.complete({.queued = std::move(watch.queued),
                         .status = Status::ok,
                         .text = {},
                         .reply = std::move(reply)});
}

Result<void> answer(conclib_reply_to* reply_to, Status status, Payload payload, std::string text) {
  auto* debtor = reply_to->debtor;
  const bool local = reply_to->asker == conclib_reply_to::Asker::local;
  Result<void> sent;
  if (status == Status::ok) {
    sent = local ? answer_local(static_cast<PendingAsk*>(reply_to), *debtor,
                                asker_of(*static_cast<PendingAsk*>(reply_to)), std::move(payload))
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
    pay(debtor);
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
