// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "daemon/runtime/message.hpp"

namespace conclib::runtime {

struct MailboxLimits {
  std::uint32_t messages_max = 10'000;
  std::size_t bytes_max = std::size_t{64} << 20;
};

/// The messages that wait for one actor, in the order in which they came; controls overtake.
///
/// A push is one compare-and-swap on a stack, and its outcome also says whether the actor has to be
/// scheduled and whether the mailbox is closed: so an actor is in a run queue at most once, and no
/// message slips into a mailbox that closes. The reader takes the stack as a whole and turns it
/// round.
///
/// Threading: push() and is_closed() from any thread; the rest only on the actor's turn.
/// Limit: `MailboxLimits` for requests; a push beyond it is refused, never blocked. One request is
/// always taken by an empty mailbox, however large. Answers and controls are not bounded.
class Mailbox {
 public:
  enum class Pushed : std::uint8_t {
    queued,
    wake,   ///< Queued, and the caller must schedule the actor.
    full,   ///< Refused; the message is still the caller's.
    closed  ///< Refused; the message is still the caller's.
  };

  /// `scheduled`: the caller schedules the actor now; else the first push asks for it.
  explicit Mailbox(bool scheduled);
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  [[nodiscard]] Pushed push(Message* message, const MailboxLimits& limits);
  [[nodiscard]] bool is_closed() const;

  /// Takes in what was pushed.
  void collect();
  /// The next control, or null. Does not collect.
  [[nodiscard]] Message* pop_control();
  /// The next of the others, or null. Does not collect.
  [[nodiscard]] Message* pop(const MailboxLimits& limits);
  /// Takes out the collected queued ask with this id, or null.
  [[nodiscard]] Delivery* extract(std::string_view id);
  /// How many were collected and not popped, without controls.
  [[nodiscard]] std::uint32_t collected() const { return collected_; }
  /// Whether nothing is left of what was collected.
  [[nodiscard]] bool is_read() const { return !first_ && !first_control_; }

  /// If nothing waits: from now on a push asks for scheduling. Else false.
  [[nodiscard]] bool try_rest();
  /// If nothing waits: from now on every push is refused. Else false.
  [[nodiscard]] bool try_close();
  /// Refuses every push from now on; what waits is collected.
  void close();
  /// Makes room for what was popped since.
  void settle();

 private:
  void take_in(Message* newest);

  // Two addresses that no message has stand for states of an empty stack.
  static Message* resting();
  static Message* closed();

  std::atomic<Message*> inbox_;
  /// Requests in the upper 24 bits, their bytes in the lower 40: one addition charges both.
  std::atomic<std::uint64_t> load_{0};
  std::uint64_t unsettled_ = 0;
  Message* first_ = nullptr;
  Message* last_ = nullptr;
  Message* first_control_ = nullptr;
  std::uint32_t collected_ = 0;
};

}  // namespace conclib::runtime
