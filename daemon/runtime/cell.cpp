// SPDX-License-Identifier: MIT
#include "daemon/runtime/cell.hpp"

#include <cstddef>
#include <cstring>
#include <new>

#include <fmt/core.h>

#include "daemon/runtime/answer.hpp"
#include "daemon/runtime/scheduler.hpp"

namespace conclib::runtime {
namespace {

constexpr std::size_t cache_line = 64;

}  // namespace

Cell::Cell(const ActorType& type, std::string_view urn, const Making& making)
    : start_at_once(making.at_once),
      partition_(making.partition),
      mailbox(making.at_once),
      type_(&type),
      alive_(making.at_once),
      urn_hash_(std::hash<std::string_view>{}(urn)),
      parent_(Ref<Cell>::share(making.parent)),
      destroy_argument_(making.destroy_argument),
      context_{} {}

// The object is gone by now: the turn that closes a mailbox ends it first.
Cell::~Cell() {
  if (destroy_argument_) destroy_argument_(context_.argument);
}

// The compiler defines offsetof for this class, which has no virtual functions.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"

Cell& Cell::of(conclib_context* context) {
  return *reinterpret_cast<Cell*>(reinterpret_cast<char*>(context) - offsetof(Cell, context_));
}

Ref<Cell> Cell::make(const ActorType& type, const proto::Urn& urn, const Making& making) {
  // Message memory begins 16 bytes behind a cache line.
  static_assert((offsetof(Cell, mailbox) + Mailbox::pushers_part + 16) % cache_line == 0);
  void* memory = allocate_message(sizeof(Cell) + urn.text.size());
  auto* cell = new (memory) Cell(type, urn.text, making);
  auto* text = static_cast<char*>(memory) + sizeof(Cell);
  std::memcpy(text, urn.text.data(), urn.text.size());
  conclib_str key{nullptr, 0};
  if (type.keyed && !making.parent) {
    key = {text + (urn.key.data() - urn.text.data()), urn.key.size()};
  }
  cell->context_ = {.size = sizeof(conclib_context),
                    .host = type.spec.host,
                    .plugin = type.spec.plugin,
                    .plugin_data = type.spec.plugin_data,
                    .urn = {text, urn.text.size()},
                    .key = key,
                    .message_id = {nullptr, 0},
                    .type = type.spec.type,
                    .argument = making.argument,
                    .restarts = 0};
  return Ref<Cell>::adopt(cell);
}

#pragma GCC diagnostic pop

Mailbox::Pushed Cell::push(Message* message) {
  // Once it is pushed the actor may run, and end, before this returns; what schedules it does so on
  // behalf of a message that nobody has handled, so then it is there.
  const auto pushed = mailbox.push(message, type_->limits);
  if (pushed == Mailbox::Pushed::wake) type_->scheduler->schedule(*this);
  return pushed;
}

void Cell::push_control(std::unique_ptr<Control> control) {
  if (push(control.get()) != Mailbox::Pushed::closed) {
    (void)control.release();
    return;
  }
  // Who waits for the end of an actor that has ended is told so.
  auto* ask = std::exchange(control->ask, nullptr);
  if (ask && ask->is_stop) answer_ask(ask, {}, {});
  if (ask && !ask->is_stop) {
    fail_ask(ask, proto::Status::actor_not_found, fmt::format("actor {} is not alive", urn()));
  }
  if (control->delivery) {
    complete_watch(*type_->core, *control->delivery, proto::Status::actor_not_found,
                   fmt::format("actor {} is not alive", urn()));
  }
}

void Cell::pay(bool on_turn) {
  if (on_turn) {
    --owed_;
    return;
  }
  // It is alive as long as it owes, which ends here.
  retain();
  paid_.fetch_add(1, std::memory_order_seq_cst);
  // Either this sees the wish, or the turn, which looks at the debts after that, sees none.
  if (wants_look_.load(std::memory_order_seq_cst)) nudge();
  release();
}

}  // namespace conclib::runtime
