// SPDX-License-Identifier: MIT
#include "daemon/runtime/sender.hpp"

#include <functional>

#include <fmt/core.h>

#include "daemon/runtime/turn.hpp"
#include "proto/limits.hpp"
#include "proto/partition.hpp"

namespace conclib::runtime {
namespace {

using proto::fail;
using proto::Result;
using proto::Status;

constexpr std::string_view empty_map = "\x80";

void append_big_endian(std::string& out, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(number >> shift));
}

}  // namespace

Sender::Sender(Core& core, Turn& turn, Counters& counters)
    : core_(core),
      turn_(turn),
      counters_(counters),
      number_(std::uint64_t{core.turns_made.fetch_add(1) + 1} << 48) {}

void Sender::forget() { known_ = {}; }

Result<void> Sender::send(Cell& from, const conclib_outgoing& message, PendingAsk* ask) {
  Payload payload(message.payload);
  if (auto checked = payload.check(); !checked) return checked;
  auto* const by_ref = message.size >= CONCLIB_SIZE_UP_TO(conclib_outgoing, to) && message.to
                           ? &Cell::of(message.to)
                           : nullptr;
  const auto urn = by_ref ? by_ref->urn() : view_of(message.urn);
  const bool durable = !ask && (message.flags & CONCLIB_TELL_DURABLE) != 0;
  if (durable) {
    if (auto parsed = proto::parse_urn(urn); !parsed) return tl::unexpected(parsed.error());
    return send_outside(from, urn, std::move(payload), ask);
  }
  std::unique_ptr<Letter> letter;
  for (;;) {
    auto found = by_ref ? find(from, *by_ref, ask != nullptr) : find(from, urn, ask != nullptr);
    if (!found) return tl::unexpected(std::move(found.error()));
    auto* to = *found;
    if (!to) {
      return send_outside(from, urn, std::move(letter ? letter->payload : payload), ask);
    }
    if (!letter && payload.is_object() && to->type().spec.plugin != from.type().spec.plugin) {
      if (auto encoded = payload.encode(storage_); !encoded) {
        // It may have been made for this message alone.
        to->nudge();
        return encoded;
      }
    }
    if (ask) {
      if (auto waits = await(from, *to, *ask); !waits) return waits;
    }
    if (!letter) {
      letter.reset(Letter::make(std::move(payload), from.urn(), ask));
      letter->number = next_number();
      letter->created = turn_.began();
      letter->inherited = turn_.handed_down();
      if (ask) {
        letter->inherited.chain = ask->inherited.chain;
        letter->inherited.deadline = ask->deadline;
        letter->awaited = ask->awaited;
      }
    }
    switch (to->push(letter.get())) {
      case Mailbox::Pushed::queued:
      case Mailbox::Pushed::wake:
        (void)letter.release();
        Counters::count(counters_.queued);
        return {};
      case Mailbox::Pushed::full:
        return refuse_full(from, *to, *letter);
      case Mailbox::Pushed::closed:
        break;  // It may live anew, or elsewhere.
    }
  }
}

Result<void> Sender::refuse_full(const Cell& from, const Cell& to, const Letter& letter) {
  Counters::count(counters_.refused);
  auto why = fmt::format("the mailbox of actor {} is full ({} messages or {} bytes)", to.urn(),
                         to.type().limits.messages_max, to.type().limits.bytes_max);
  if (letter.ask || !to.type().drops_when_full) return fail(Status::overloaded, std::move(why));
  core_.dead_letters.add({.urn = std::string(to.urn()),
                          .type = std::string(letter.payload.type()),
                          .sender = std::string(from.urn()),
                          .status = Status::overloaded,
                          .reason = std::move(why),
                          .when = turn_.began()});
  return {};
}

Result<void> Sender::await(Cell& from, Cell& to, PendingAsk& ask) {
  if (ask.awaited) {
    // An edge of an attempt before goes first: others follow it to its target.
    core_.wait_graph.end(from);
    ask.target = Ref<Cell>::share(&to);
    auto ring = core_.wait_graph.begin(from, ask);
    if (!ring.empty()) {
      return fail(Status::deadlock, fmt::format("actors wait for each other: {}", ring));
    }
    const auto* chain = ask.inherited.chain.get();
    if (chain && to.is_waiting() && chain->names(to.urn())) {
      core_.wait_graph.end(from);
      return fail(Status::deadlock,
                  fmt::format("actors wait for each other, across workers: {} -> {} -> {}",
                              chain->text_from(to.urn()), from.urn(), to.urn()));
    }
    return {};
  }
  // A future of it may be awaited later, and a time-out names who did not answer.
  ask.target = Ref<Cell>::share(&to);
  return {};
}

Result<Cell*> Sender::find(Cell& from, Cell& to, bool is_ask) {
  if (to.is_closed()) {
    if (to.revives()) return find(from, to.urn(), is_ask);
    return fail(Status::actor_not_found, fmt::format("actor {} is not alive", to.urn()));
  }
  if (to.parent()) {
    if (to.is_alive()) return &to;
    return fail(Status::actor_not_found, fmt::format("actor {} is not alive", to.urn()));
  }
  return to.draining() ? find(from, to.urn(), is_ask) : &to;
}

Result<Cell*> Sender::find(Cell& from, std::string_view text, bool is_ask) {
  using Where = Registry::Found::Where;
  const auto hash = std::hash<std::string_view>{}(text);
  auto& known = known_[hash % places];
  if (known.cell && known.hash == hash && known.cell->urn() == text) {
    const bool ended = known.cell->parent() && !known.cell->is_alive();
    if (!known.cell->draining() && !known.cell->is_closed() && !ended) return known.cell.get();
    known.cell = {};
  }
  const auto urn = proto::parse_urn(text);
  if (!urn) return tl::unexpected(urn.error());
  const auto partition = proto::partition_of(text, core_.registry.partitions());
  const bool leaver = is_ask && from.draining() && !from.told_outside;
  auto found = core_.registry.find_or_make(
      *urn, partition, leaver ? Registry::Seeker::leaver : Registry::Seeker::newcomer);
  switch (found.where) {
    case Where::here:
      if (found.cell->parent() && !found.cell->is_alive()) {
        return fail(Status::actor_not_found, fmt::format("actor {} is not alive", text));
      }
      known = {.hash = hash, .cell = std::move(found.cell)};
      return known.cell.get();
    case Where::leaving:
      if (!is_ask) from.told_outside = true;
      return nullptr;
    case Where::elsewhere:
      return nullptr;
    case Where::unknown_type:
      if (core_.options.unknown_types_outside) return nullptr;
      return fail(Status::no_actor, fmt::format("there is no actor type for {}", text));
    case Where::not_alive:
      return fail(Status::actor_not_found, fmt::format("actor {} is not alive", text));
  }
  return nullptr;
}

Result<void> Sender::send_outside(const Cell& from, std::string_view urn, Payload payload,
                                  PendingAsk* ask) {
  if (auto encoded = payload.encode(storage_); !encoded) return encoded;
  if (payload.body().size() > proto::limits::envelope_bytes_max) {
    return fail(
        Status::bad_argument,
        fmt::format("{} for {} has {} bytes, more than the {} of an envelope", payload.type(), urn,
                    payload.body().size(), proto::limits::envelope_bytes_max));
  }
  OutboundMessage message;
  message.kind = ask ? proto::Kind::ask : proto::Kind::tell;
  append_big_endian(message.id, core_.id_prefix);
  append_big_endian(message.id, next_number());
  message.urn = urn;
  message.type = payload.type();
  message.body = payload.body().empty() ? empty_map : payload.body();
  message.source = from.urn();
  const auto inherited = turn_.handed_down();
  if (const auto* origin = inherited.origin.get()) {
    message.root = origin->root;
    message.trace_parent = origin->trace_parent;
    message.trace_state = origin->trace_state;
    message.cause = origin->cause;
  } else if (inherited.root != 0) {
    append_big_endian(message.root, core_.id_prefix);
    append_big_endian(message.root, inherited.root);
  } else {
    message.root = message.id;
  }
  if (!ask) return core_.outside.push(std::move(message));

  message.deadline = ask->deadline;
  // Only who waits without taking anything else can be part of a ring.
  if (ask->awaited) {
    message.chain = Chain::extend(ask->inherited.chain.get(), from.urn())->encode();
  }
  ask->remote_id = message.id;
  core_.remote_asks.add(ask);
  const auto id = message.id;
  auto pushed = core_.outside.push(std::move(message));
  if (!pushed) {
    // Nobody answers what was not sent, so it is still there.
    (void)core_.remote_asks.take(id);
    ask->remote_id.clear();
  }
  return pushed;
}

}  // namespace conclib::runtime
