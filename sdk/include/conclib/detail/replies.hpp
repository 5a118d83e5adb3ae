// SPDX-License-Identifier: MIT
/// Part of conclib/actor.hpp: answers, those that an actor owes and those that it waits for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "conclib/detail/object.hpp"
#include "conclib/detail/visibility.hpp"
#include "conclib/message.hpp"
#include "conclib/plugin.h"

namespace CONCLIB_HIDDEN conclib {

/// The right to answer one request, once. If it is destroyed without an answer, the asker hears
/// NO_REPLY at once. The answer to a tell goes nowhere.
/// Threading: one thread at a time, any thread; not beyond the plugin's unload.
class Responder {
 public:
  /// `reply_to` null: of a tell.
  Responder(const conclib_host* host, conclib_reply_to* reply_to) noexcept
      : host_(host), reply_to_(reply_to), open_(true) {}
  Responder(Responder&& other) noexcept
      : host_(other.host_),
        reply_to_(std::exchange(other.reply_to_, nullptr)),
        open_(std::exchange(other.open_, false)) {}
  Responder& operator=(Responder&& other) noexcept {
    Responder old(std::move(*this));
    host_ = other.host_;
    reply_to_ = std::exchange(other.reply_to_, nullptr);
    open_ = std::exchange(other.open_, false);
    return *this;
  }
  ~Responder() {
    if (reply_to_ != nullptr) host_->drop(reply_to_);
  }

  /// Whether the answer is still to be given.
  [[nodiscard]] bool open() const noexcept { return open_; }

  /// Answers. A second answer throws Error (ALREADY_RESPONDED), one that cannot be sent its status.
  template <MessageStruct T>
  void respond(T reply) {
    take_turn();
    if (reply_to_ == nullptr) return;
    const auto payload = detail::payload_of(std::move(reply));
    send(CONCLIB_OK, &payload, {});
  }
  /// Answers that it went wrong: the asker hears ACTOR_FAILED with the text.
  void fail(std::string_view text) { refuse(CONCLIB_ACTOR_FAILED, text); }
  /// Answers that nothing was done and nothing will be: the asker hears REJECTED with the text.
  void reject(std::string_view text) { refuse(CONCLIB_REJECTED, text); }

 private:
  void take_turn() {
    if (!std::exchange(open_, false)) {
      throw Error(CONCLIB_ALREADY_RESPONDED, "the request has been answered already");
    }
  }
  void refuse(conclib_status status, std::string_view text) {
    take_turn();
    if (reply_to_ != nullptr) send(status, nullptr, text);
  }
  void send(conclib_status status, const conclib_payload* payload, std::string_view text) {
    auto* const reply_to = std::exchange(reply_to_, nullptr);
    const auto sent = host_->respond(reply_to, status, payload, detail::c_str_of(text));
    if (sent != CONCLIB_OK) detail::throw_failure(sent, "the reply was not sent", {});
  }

  const conclib_host* host_;
  conclib_reply_to* reply_to_;
  bool open_;
};

/// A Responder whose answer has one type.
template <MessageStruct Reply>
class Deferred {
 public:
  explicit Deferred(Responder responder) noexcept : responder_(std::move(responder)) {}
  [[nodiscard]] bool open() const noexcept { return responder_.open(); }
  void respond(Reply reply) { responder_.respond(std::move(reply)); }
  void fail(std::string_view text) { responder_.fail(text); }
  void reject(std::string_view text) { responder_.reject(text); }

 private:
  Responder responder_;
};

/// How an ask ended: with a reply, or with a status and a text that says why there is none.
template <MessageStruct Reply>
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

namespace detail {

struct ActorBorder;

/// The conclib_reply_fn of all asks; `user_data` is the PendingAsk.
void deliver_reply(void* actor, conclib_context* context, void* user_data, conclib_status status,
                   conclib_str text, conclib_payload* reply) noexcept;

/// An ask on its way, owned by its actor.
class PendingAsk {
 public:
  PendingAsk() = default;
  PendingAsk(const PendingAsk&) = delete;
  PendingAsk& operator=(const PendingAsk&) = delete;
  virtual ~PendingAsk() = default;
  /// Calls the author's callback; throws what it throws.
  virtual void finish(conclib_status status, std::string_view text,
                      const conclib_payload* reply) = 0;
};

template <MessageStruct Reply, typename Callback>
class PendingAskOf final : public PendingAsk {
 public:
  explicit PendingAskOf(Callback callback) : callback_(std::move(callback)) {}

  void finish(conclib_status status, std::string_view text, const conclib_payload* reply) override {
    callback_(result_of(status, text, reply));
  }

 private:
  static AskResult<Reply> result_of(conclib_status status, std::string_view text,
                                    const conclib_payload* reply) {
    if (status != CONCLIB_OK || reply == nullptr) {
      return {status == CONCLIB_OK ? CONCLIB_BAD_REPLY : status, std::string(text)};
    }
    if (!names_type<Reply>(*reply)) {
      return {CONCLIB_WRONG_TYPE, "expected " + std::string(Reply::conclib_type_name()) + ", got " +
                                      std::string(view_of(reply->type))};
    }
    try {
      if (auto* const object = object_in<Reply>(*reply)) {
        return AskResult<Reply>(std::move(*object));
      }
      return AskResult<Reply>(decode_payload<Reply>(*reply));
    } catch (const DecodeError& error) {
      return {CONCLIB_BAD_REPLY, error.what()};
    }
  }

  Callback callback_;
};

}  // namespace detail
}  // namespace conclib
