// SPDX-License-Identifier: MIT
#include "daemon/runtime/mailbox.hpp"

#include <algorithm>
#include <cstddef>

#include "proto/assert.hpp"

namespace conclib::runtime {
namespace {

constexpr unsigned count_bits = 20;
constexpr std::uint32_t count_mask = (std::uint32_t{1} << count_bits) - 1;
constexpr std::uint32_t popped_note_interval = 64;

// The reader notes what it popped for the pushers now and then; until then they see more waiting
// than there is, and that must not overflow either.
static_assert(mailbox_messages_limit + popped_note_interval <= count_mask);
// Of an address the 16 upper bits and the 4 lower bits are zero: room for the count.
static_assert(alignof(Message) >= 16 && sizeof(Message*) == 8);

// Two addresses that no message has stand for states of an empty stack.
constexpr std::uint64_t no_message = 0;
constexpr std::uint64_t resting = std::uint64_t{16} << 16;
constexpr std::uint64_t closed = std::uint64_t{32} << 16;

constexpr std::uint64_t word_of(std::uint64_t top, std::uint32_t count) {
  return top | (count & count_mask);
}
constexpr std::uint64_t top_of(std::uint64_t word) { return word & ~std::uint64_t{count_mask}; }
constexpr std::uint32_t count_of(std::uint64_t word) {
  return static_cast<std::uint32_t>(word) & count_mask;
}
constexpr bool holds_messages(std::uint64_t word) { return top_of(word) > closed; }

std::uint64_t word_of(const Message* top, std::uint32_t count) {
  const auto address = reinterpret_cast<std::uint64_t>(top);
  CONCLIB_ASSERT(address >> 48 == 0);
  return word_of(address << 16, count);
}
Message* message_of(std::uint64_t word) {
  return holds_messages(word) ? reinterpret_cast<Message*>(top_of(word) >> 16) : nullptr;
}

bool is_large(const Message& message) {
  return message.bytes_charged > mailbox_small_bytes && message.is_request();
}

/// Messages that one thread makes in a row mostly lie in a row, upwards or downwards. Of a long
/// stack that is turned round they come out of memory, so some are fetched ahead; to guess wrong
/// costs little.
void fetch_neighbours(const Message* message) {
  constexpr std::uint32_t line = 64;
  constexpr std::intptr_t ahead = 8;
  const auto block = static_cast<std::intptr_t>((message->bytes_charged + 16 + line - 1) & -line);
  const auto place = reinterpret_cast<std::intptr_t>(message);
  __builtin_prefetch(reinterpret_cast<const void*>(place - ahead * block), 1);
  __builtin_prefetch(reinterpret_cast<const void*>(place + ahead * block), 1);
}

/// Most letters lie in four cache lines, of which the first begins before what is a message.
void fetch_ahead(const Message* message) {
  constexpr std::size_t line = 64;
  const auto* bytes = reinterpret_cast<const std::byte*>(message);
  __builtin_prefetch(bytes, 1);
  __builtin_prefetch(bytes + line, 1);
  __builtin_prefetch(bytes + 2 * line, 1);
  __builtin_prefetch(bytes + 3 * line, 1);
}

}  // namespace

Mailbox::Mailbox(bool scheduled) : inbox_(scheduled ? no_message : resting) {
  static_assert(offsetof(Mailbox, inbox_) == pushers_part && sizeof(Mailbox) == 72);
}

Mailbox::~Mailbox() {
  close();
  while (auto* control = pop_control()) discard(control);
  while (auto* message = pop()) discard(message);
}

Mailbox::Pushed Mailbox::push(Message* message, const MailboxLimits& limits) {
  const auto bytes = is_large(*message) ? message->bytes_charged : 0;
  auto messages_max = std::min(limits.messages_max, mailbox_messages_limit);
  // One that is too large in company counts on an empty mailbox.
  if (bytes != 0 &&
      large_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes > limits.bytes_max) {
    messages_max = 1;
  }
  const auto refused = [&](Pushed why) {
    if (bytes != 0) large_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    return why;
  };
  const bool counts = message->is_request();
  auto seen = inbox_.load(std::memory_order_acquire);
  for (;;) {
    if (top_of(seen) == closed) return refused(Pushed::closed);
    // What is read after the word goes with it if the word is found unchanged, by the swap or here.
    const auto seems = count_of(seen) - popped_before_.load(std::memory_order_acquire);
    if (counts && (seems & count_mask) >= messages_max) {
      const auto waiting = count_of(seen) - popped_.load(std::memory_order_acquire);
      const auto again = inbox_.load(std::memory_order_acquire);
      if (again != seen) {
        seen = again;
        continue;
      }
      if ((waiting & count_mask) >= messages_max) return refused(Pushed::full);
    }
    message->next = message_of(seen);
    // Acquire too: who finds it resting schedules the actor, whose last turn happened before.
    if (inbox_.compare_exchange_weak(seen, word_of(message, count_of(seen) + counts),
                                     std::memory_order_acq_rel, std::memory_order_acquire)) {
      return top_of(seen) == resting ? Pushed::wake : Pushed::queued;
    }
  }
}

bool Mailbox::is_closed() const { return top_of(inbox_.load(std::memory_order_acquire)) == closed; }

std::uint32_t Mailbox::size() const {
  // In this order: what was popped is counted as pushed then, so the difference is not negative.
  const auto popped = popped_.load(std::memory_order_acquire);
  const auto word = inbox_.load(std::memory_order_acquire);
  return top_of(word) == closed ? 0 : (count_of(word) - popped) & count_mask;
}

void Mailbox::collect() {
  auto seen = inbox_.load(std::memory_order_relaxed);
  if (!holds_messages(seen)) return;
  while (!inbox_.compare_exchange_weak(seen, word_of(no_message, count_of(seen)),
                                       std::memory_order_acq_rel, std::memory_order_relaxed)) {
  }
  pushed_before_ = count_of(seen);
  popped_before_.store(popped_.load(std::memory_order_relaxed), std::memory_order_release);
  take_in(message_of(seen));
}

void Mailbox::take_in(Message* newest) {
  Fifo messages;
  Message* controls = nullptr;
  while (newest) {
    auto* message = newest;
    newest = message->next;
    fetch_neighbours(message);
    if (message->kind == MessageKind::control) {
      message->next = controls;
      controls = message;
      continue;
    }
    message->next = messages.first;
    messages.first = message;
    if (!messages.last) messages.last = message;
    ++collected_;
  }
  if (messages.first) arrived_.append(messages.first, messages.last);
  auto** end = &first_control_;
  while (*end) end = &(*end)->next;
  *end = controls;
}

Message* Mailbox::pop_control() {
  auto* control = first_control_;
  if (control) first_control_ = control->next;
  return control;
}

Message* Mailbox::pop(bool responses_only) {
  Message* message = nullptr;
  if (responses_only) {
    while ((message = arrived_.take()) && !message->is_response()) {
      message->next = nullptr;
      passed_over_.append(message, message);
    }
  } else {
    message = passed_over_.take();
    if (!message) message = arrived_.take();
    // In a long queue the next one is out of the caches: it comes while this one is handled.
    fetch_ahead(arrived_.first);
  }
  if (message) count_popped(*message);
  return message;
}

void Mailbox::count_popped(const Message& message) {
  --collected_;
  if (!message.is_request()) return;
  const auto popped = popped_.load(std::memory_order_relaxed) + 1;
  popped_.store(popped, std::memory_order_release);
  // Not each time: the pushers' cache line would come over for every message.
  if (popped % popped_note_interval == 0) popped_before_.store(popped, std::memory_order_release);
  if (is_large(message)) large_bytes_.fetch_sub(message.bytes_charged, std::memory_order_relaxed);
}

Delivery* Mailbox::extract(std::string_view id) {
  auto* delivery = passed_over_.extract(id);
  if (!delivery) delivery = arrived_.extract(id);
  if (delivery) count_popped(*delivery);
  return delivery;
}

bool Mailbox::try_rest(bool responses_only) {
  CONCLIB_ASSERT(is_read(responses_only));
  return leave_as(resting);
}

bool Mailbox::try_close() {
  CONCLIB_ASSERT(is_read());
  return leave_as(closed);
}

bool Mailbox::leave_as(std::uint64_t state) {
  auto nothing_new = word_of(no_message, pushed_before_);
  return inbox_.compare_exchange_strong(nothing_new, word_of(state, pushed_before_),
                                        std::memory_order_acq_rel, std::memory_order_relaxed);
}

void Mailbox::close() { take_in(message_of(inbox_.exchange(closed, std::memory_order_acq_rel))); }

void Mailbox::Fifo::append(Message* from, Message* to) {
  (last ? last->next : first) = from;
  last = to;
}

Message* Mailbox::Fifo::take() {
  auto* message = first;
  if (!message) return nullptr;
  first = message->next;
  if (!first) last = nullptr;
  return message;
}

Delivery* Mailbox::Fifo::extract(std::string_view id) {
  Message* previous = nullptr;
  for (auto* message = first; message; previous = message, message = message->next) {
    if (message->kind != MessageKind::delivery) continue;
    auto* delivery = static_cast<Delivery*>(message);
    if (!delivery->is_ask() || delivery->queued->request.id != id) continue;
    (previous ? previous->next : first) = message->next;
    if (last == message) last = previous;
    return delivery;
  }
  return nullptr;
}

}  // namespace conclib::runtime
