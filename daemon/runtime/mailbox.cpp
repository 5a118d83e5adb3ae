// SPDX-License-Identifier: MIT
#include "daemon/runtime/mailbox.hpp"

#include <algorithm>

#include "proto/assert.hpp"

namespace conclib::runtime {
namespace {

constexpr unsigned bytes_bits = 40;
constexpr std::uint64_t bytes_mask = (std::uint64_t{1} << bytes_bits) - 1;

constinit const Message resting_state(MessageKind::control);
constinit const Message closed_state(MessageKind::control);

std::uint64_t charge_of(const Message& message) {
  return (std::uint64_t{1} << bytes_bits) | message.bytes_charged;
}

}  // namespace

// Only their addresses are used.
Message* Mailbox::resting() { return const_cast<Message*>(&resting_state); }
Message* Mailbox::closed() { return const_cast<Message*>(&closed_state); }

Mailbox::Mailbox(bool scheduled) : inbox_(scheduled ? nullptr : resting()) {}

Mailbox::~Mailbox() {
  close();
  while (auto* control = pop_control()) discard(control);
  while (auto* message = pop({})) discard(message);
}

Mailbox::Pushed Mailbox::push(Message* message, const MailboxLimits& limits) {
  const auto charge = message->is_request() ? charge_of(*message) : 0;
  if (charge != 0) {
    const auto before = load_.fetch_add(charge, std::memory_order_relaxed);
    const auto messages = before >> bytes_bits;
    if (messages >= limits.messages_max ||
        (messages > 0 && (before & bytes_mask) + message->bytes_charged > limits.bytes_max)) {
      load_.fetch_sub(charge, std::memory_order_relaxed);
      return is_closed() ? Pushed::closed : Pushed::full;
    }
  }
  auto* head = inbox_.load(std::memory_order_relaxed);
  do {
    if (head == closed()) {
      load_.fetch_sub(charge, std::memory_order_relaxed);
      return Pushed::closed;
    }
    message->next = head == resting() ? nullptr : head;
    // Acquire too: who finds it resting schedules the actor, whose last turn happened before.
  } while (!inbox_.compare_exchange_weak(head, message, std::memory_order_acq_rel,
                                         std::memory_order_relaxed));
  return head == resting() ? Pushed::wake : Pushed::queued;
}

bool Mailbox::is_closed() const { return inbox_.load(std::memory_order_acquire) == closed(); }

void Mailbox::collect() {
  if (inbox_.load(std::memory_order_relaxed) == nullptr) return;
  take_in(inbox_.exchange(nullptr, std::memory_order_acquire));
}

void Mailbox::take_in(Message* newest) {
  Message* control_end = first_control_;
  while (control_end && control_end->next) control_end = control_end->next;
  Message* oldest = nullptr;
  while (newest) {
    auto* next = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = next;
  }
  while (oldest) {
    auto* message = oldest;
    oldest = message->next;
    message->next = nullptr;
    if (message->kind == MessageKind::control) {
      (control_end ? control_end->next : first_control_) = message;
      control_end = message;
      continue;
    }
    (last_ ? last_->next : first_) = message;
    last_ = message;
    ++collected_;
  }
}

Message* Mailbox::pop_control() {
  auto* control = first_control_;
  if (control) first_control_ = control->next;
  return control;
}

Message* Mailbox::pop(const MailboxLimits& limits) {
  auto* message = first_;
  if (!message) return nullptr;
  first_ = message->next;
  if (!first_) last_ = nullptr;
  --collected_;
  if (message->is_request()) {
    unsettled_ += charge_of(*message);
    // One atomic operation for several messages, as long as the bound is not much the tighter.
    const auto some = std::clamp<std::uint32_t>(limits.messages_max / 8, 1, 16);
    if ((unsettled_ >> bytes_bits) >= some) settle();
  }
  return message;
}

Delivery* Mailbox::extract(std::string_view id) {
  Message* previous = nullptr;
  for (auto* message = first_; message; previous = message, message = message->next) {
    if (message->kind != MessageKind::delivery) continue;
    auto* delivery = static_cast<Delivery*>(message);
    if (!delivery->is_ask() || delivery->queued->request.id != id) continue;
    (previous ? previous->next : first_) = message->next;
    if (last_ == message) last_ = previous;
    --collected_;
    unsettled_ += charge_of(*message);
    return delivery;
  }
  return nullptr;
}

void Mailbox::settle() {
  if (unsettled_ == 0) return;
  load_.fetch_sub(unsettled_, std::memory_order_relaxed);
  unsettled_ = 0;
}

bool Mailbox::try_rest() {
  CONCLIB_ASSERT(is_read());
  Message* nothing = nullptr;
  return inbox_.compare_exchange_strong(nothing, resting(), std::memory_order_acq_rel,
                                        std::memory_order_relaxed);
}

bool Mailbox::try_close() {
  CONCLIB_ASSERT(is_read());
  Message* nothing = nullptr;
  return inbox_.compare_exchange_strong(nothing, closed(), std::memory_order_acq_rel,
                                        std::memory_order_relaxed);
}

void Mailbox::close() {
  auto* newest = inbox_.exchange(closed(), std::memory_order_acq_rel);
  if (newest != resting() && newest != closed()) take_in(newest);
}

}  // namespace conclib::runtime
