// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "daemon/runtime/message.hpp"
#include "proto/limits.hpp"

namespace conclib::runtime {

/// The most that `messages_max` may be; more counts as this.
constexpr std::uint32_t mailbox_messages_limit = proto::limits::mailbox_messages_max;
/// Requests of up to this size are bounded by their number alone.
constexpr std::uint32_t mailbox_small_bytes = 1024;

struct MailboxLimits {
  std::uint32_t messages_max = 10'000;
  std::size_t bytes_max = std::size_t{64} << 20;
};

/// The messages that wait for one actor, in the order in which they came; controls overtake.
///
/// A push is one compare-and-swap on a stack, and its outcome also says whether the actor has to be
/// scheduled and whether the mailbox is closed: so an actor is in a run queue at most once, and no
/// message slips into a mailbox that closes. The word that it swaps holds the number of requests
/// pushed so far as well, and the reader notes how many it popped: so the bound costs nothing more.
/// The reader takes the stack as a whole and turns it round.
///
/// Threading: push(), is_closed() and size() from any thread; the rest only on the
/// actor's turn.
/// Limit: `MailboxLimits` for requests; a push beyond it is refused, never blocked. `messages_max`
/// is exact: no more than that wait, and while fewer wait none is refused. `bytes_max` bounds the
/// sum of the requests above `mailbox_small_bytes`; one whose push is being refused counts until it
/// has been, so others may be refused with it. One request is always taken by an empty mailbox,
/// however large. Whatever is no request is not bounded.
class Mailbox {
 public:
  /// From here on stands what pushers write, before it what the reader writes. Where messages cross
  /// threads it is about twice as fast to have a cache line begin here.
  static constexpr std::size_t pushers_part = 48;

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

  /// About how many requests wait; 0 once it is closed. Any thread.
  [[nodiscard]] std::uint32_t size() const;

  /// Takes in what was pushed.
  void collect();
  /// The next control, or null. Does not collect.
  [[nodiscard]] Message* pop_control();
  /// The next of the others, or null. Does not collect.
  /// `responses_only`: the next response; what stands before it keeps its place before all that
  /// comes after. However often it is asked for, each message is passed over once.
  [[nodiscard]] Message* pop(bool responses_only = false);
  /// Takes out the collected queued ask with this id, or null.
  [[nodiscard]] Delivery* extract(std::string_view id);
  /// How many were collected and not popped, without controls.
  [[nodiscard]] std::uint32_t collected() const { return collected_; }
  /// Whether nothing is left of what was collected. `responses_only`: nothing but what pop() with
  /// it has passed over.
  [[nodiscard]] bool is_read(bool responses_only = false) const {
    return !arrived_.first && !first_control_ && (responses_only || !passed_over_.first);
  }

  /// If nothing has come since collect(): from now on a push asks for scheduling. Else false.
  /// is_read(responses_only) must hold.
  [[nodiscard]] bool try_rest(bool responses_only = false);
  /// If nothing has come since collect(): from now on every push is refused. Else false.
  /// is_read() must hold.
  [[nodiscard]] bool try_close();
  /// Refuses every push from now on; what waits is collected.
  void close();

 private:
  struct Fifo {
    Message* first = nullptr;
    Message* last = nullptr;
    void append(Message* from, Message* to);
    [[nodiscard]] Message* take();
    [[nodiscard]] Delivery* extract(std::string_view id);
  };

  void take_in(Message* newest);
  void count_popped(const Message& message);
  [[nodiscard]] bool leave_as(std::uint64_t state);

  // The reader's cache line: pushers come here only when the mailbox looks full.
  Fifo arrived_;
  Fifo passed_over_;  ///< By a pop of responses; all of it is older than what has arrived_.
  Message* first_control_ = nullptr;
  std::uint32_t collected_ = 0;
  std::atomic<std::uint32_t> popped_{0};  ///< Requests. Only the reader writes it.

  // The pushers' cache line.
  /// The newest message or a state in the upper 44 bits, requests pushed so far in the lower 20.
  std::atomic<std::uint64_t> inbox_;
  std::atomic<std::size_t> large_bytes_{0};
  std::atomic<std::uint32_t> popped_before_{0};  ///< `popped_` some time ago.
  std::uint32_t pushed_before_ = 0;  ///< Requests pushed when the reader last emptied inbox_.
};

}  // namespace conclib::runtime
