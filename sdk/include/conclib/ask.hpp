// SPDX-License-Identifier: MIT
/// Part of conclib/actor.hpp: asks and their results.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "conclib/detail/visibility.hpp"
#include "conclib/future.hpp"
#include "conclib/options.hpp"
#include "conclib/ref.hpp"

namespace CONCLIB_HIDDEN conclib {

class Actor;

namespace detail {
template <Message Reply, Message M>
class AskAwaiter;
class SleepAwaiter;
class StopAwaiter;
}  // namespace detail

/// How an ask ended: with a reply, or with a status and a text that says why there is none.
template <Message Reply>
class AskResult {
 public:
  explicit AskResult(Reply reply) : reply_(std::move(reply)) {}
  AskResult(conclib_status status, std::string text) : status_(status), text_(std::move(text)) {}

  [[nodiscard]] bool ok() const noexcept { return reply_.has_value(); }
  [[nodiscard]] conclib_status status() const noexcept { return status_; }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  /// The reply, the caller's to move from. Throws Error with status and text if there is none.
  [[nodiscard]] Reply& value() {
    if (!reply_) throw Error(status_, text_);
    return *reply_;
  }

 private:
  std::optional<Reply> reply_;
  conclib_status status_ = CONCLIB_OK;
  std::string text_;
};

/// An ask that is about to be sent. Do one of these with it, once, where it is made (it views the
/// address that it was given):
///
///     Total total = co_await ask<Total>("counter/visits", Read{});     // in a Task
///     Future<Total> later = ask<Total>("counter/visits", Read{});      // sent now
///
/// What went wrong is thrown by the co_await, or by get, as Error with the status of the ask.
/// Threading: the turn of the actor that asks. The future may be awaited there or be read anywhere.
template <Message Reply, Message M>
class [[nodiscard]] Ask {
 public:
  Ask(Actor& asker, Address to, M message, Timeout timeout) noexcept
      : asker_(asker), to_(to), message_(std::move(message)), timeout_(timeout) {}
  Ask(const Ask&) = delete;
  Ask& operator=(const Ask&) = delete;

  [[nodiscard]] detail::AskAwaiter<Reply, M> operator co_await() && noexcept;
  /// Sends it. The asker handles other messages meanwhile.
  [[nodiscard]] Future<Reply> start() &&;
  operator Future<Reply>() && { return std::move(*this).start(); }

 private:
  friend class detail::AskAwaiter<Reply, M>;

  Actor& asker_;
  Address to_;
  M message_;
  Timeout timeout_;
};

/// What Actor::sleep gives: `co_await sleep(10ms)`.
class [[nodiscard]] Sleep {
 public:
  Sleep(Actor& actor, std::chrono::nanoseconds time) noexcept : actor_(actor), time_(time) {}
  [[nodiscard]] detail::SleepAwaiter operator co_await() && noexcept;

 private:
  Actor& actor_;
  std::chrono::nanoseconds time_;
};

/// What Actor::stop_and_wait gives, to be awaited or started like an Ask. The result is false if
/// the actor was not alive.
class [[nodiscard]] Stopping {
 public:
  Stopping(Actor& stopper, Address to, StopOptions options) noexcept
      : stopper_(stopper), to_(to), options_(options) {}
  Stopping(const Stopping&) = delete;
  Stopping& operator=(const Stopping&) = delete;

  [[nodiscard]] detail::StopAwaiter operator co_await() && noexcept;
  [[nodiscard]] Future<bool> start() &&;
  operator Future<bool>() && { return std::move(*this).start(); }

 private:
  friend class detail::StopAwaiter;

  Actor& stopper_;
  Address to_;
  StopOptions options_;
};

}  // namespace conclib
