// SPDX-License-Identifier: MIT
#include "daemon/queue/outbox.hpp"

#include <string>
#include <utility>

namespace conclib::queue {

Outbox::Outbox(redis::Loop& loop, std::size_t messages_max, std::size_t bytes_max,
               std::function<void()> woken)
    : messages_max_(messages_max), bytes_max_(bytes_max), wakeup_(loop, std::move(woken)) {}

void Outbox::add(Item item) {
  const std::lock_guard lock(mutex_);
  add_locked(std::move(item));
}

void Outbox::add_locked(Item item) {
  const bool was_empty = items_.empty();
  items_.push_back(std::move(item));
  // Under the lock, so that the destructor, after the last add(), finds nobody waking.
  if (was_empty) wakeup_.wake();
}

proto::Result<void> Outbox::push(runtime::OutboundMessage message) {
  const auto bytes = size_of(message);
  const std::lock_guard lock(mutex_);
  if (messages_ >= messages_max_ || bytes > bytes_max_ - bytes_) {
    return proto::fail(proto::Status::overloaded,
                       "the outbox of this worker is full: " + std::to_string(messages_) +
                           " messages, " + std::to_string(bytes_) + " bytes");
  }
  ++messages_;
  bytes_ += bytes;
  add_locked(std::move(message));
  return {};
}

std::vector<Outbox::Item> Outbox::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(items_, {});
}

void Outbox::answered(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  --messages_;
  bytes_ -= bytes;
}

std::size_t size_of(const runtime::OutboundMessage& message) {
  return 256 + message.urn.size() + message.type.size() + message.body.size() +
         message.source.size() + message.chain.size();
}

}  // namespace conclib::queue
