// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <variant>
#include <vector>

#include "daemon/redis/loop.hpp"
#include "daemon/runtime/ports.hpp"
#include "proto/result.hpp"

namespace conclib::queue {

/// A partition of which nothing runs any more.
struct Drained {
  std::uint32_t partition = 0;
};

/// The way from the actors' threads to the loop: what happened, in its order, with one wake-up for
/// all that comes while the loop is busy.
///
/// Threading: add() and push() from any thread; the rest on the loop's.
/// Limit: messages in number and bytes, from push() until answered(); beyond it push() refuses.
/// Completions are not bounded here, for there are no more of them than were delivered.
class Outbox {
 public:
  using Item = std::variant<runtime::Completion, runtime::OutboundMessage, Drained>;

  Outbox(redis::Loop& loop, std::size_t messages_max, std::size_t bytes_max,
         std::function<void()> woken);

  void add(Item item);
  /// Takes a message, or refuses it with OVERLOADED.
  [[nodiscard]] proto::Result<void> push(runtime::OutboundMessage message);

  /// Everything that has come, in order.
  [[nodiscard]] std::vector<Item> take();
  /// A message of this size has gone its way.
  void answered(std::size_t bytes);

 private:
  void add_locked(Item item);

  std::size_t messages_max_;
  std::size_t bytes_max_;
  std::mutex mutex_;
  // Guarded by mutex_.
  std::vector<Item> items_;
  std::size_t messages_ = 0;
  std::size_t bytes_ = 0;
  redis::Wakeup wakeup_;
};

/// What a message counts for in the outbox.
[[nodiscard]] std::size_t size_of(const runtime::OutboundMessage& message);

}  // namespace conclib::queue
