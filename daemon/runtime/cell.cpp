// SPDX-License-Identifier: MIT
#include "daemon/runtime/cell.hpp"

#include <cstring>
#include <new>

#include "daemon/runtime/scheduler.hpp"

namespace conclib::runtime {

Cell::Cell(const ActorType& type, std::uint32_t partition, bool scheduled)
    : mailbox(scheduled), partition_(partition), type_(&type), shown_{} {}

// The object is gone by now: the turn that closes a mailbox ends it first.
Cell::~Cell() = default;

Ref<Cell> Cell::make(const ActorType& type, const proto::Urn& urn, std::uint32_t partition,
                     bool scheduled) {
  void* memory = ::operator new(sizeof(Cell) + urn.text.size());
  auto* cell = new (memory) Cell(type, partition, scheduled);
  auto* text = static_cast<char*>(memory) + sizeof(Cell);
  std::memcpy(text, urn.text.data(), urn.text.size());
  conclib_str key{nullptr, 0};
  if (type.keyed) key = {text + (urn.key.data() - urn.text.data()), urn.key.size()};
  cell->shown_.cell = cell;
  cell->shown_.context = {.size = sizeof(conclib_context),
                          .host = type.spec.host,
                          .plugin = type.spec.plugin,
                          .plugin_data = type.spec.plugin_data,
                          .urn = {text, urn.text.size()},
                          .key = key};
  return Ref<Cell>::adopt(cell);
}

Mailbox::Pushed Cell::push(Message* message) {
  // Once it is pushed the actor may run, and end, before this returns; what schedules it does so on
  // behalf of a message that nobody has handled, so then it is there.
  const auto pushed = mailbox.push(message, type_->limits);
  if (pushed == Mailbox::Pushed::wake) type_->scheduler->schedule(*this);
  return pushed;
}

void Cell::nudge() {
  auto* look = new Control(Control::What::look);
  if (push(look) == Mailbox::Pushed::closed) delete look;
}

void Cell::tick() {
  // A closed mailbox refuses it, and nobody waits for it then.
  (void)push(&asks->tick);
}

void Cell::pay() {
  const auto before = counts_.fetch_sub(one_debt, std::memory_order_seq_cst);
  // Either this sees the wish, or the turn, which looks at the debts after that, sees none.
  if (before < 2 * one_debt && wants_look_.load(std::memory_order_seq_cst)) nudge();
  release();
}

}  // namespace conclib::runtime
