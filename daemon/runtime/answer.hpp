// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "daemon/runtime/core.hpp"
#include "daemon/runtime/message.hpp"

/// How messages end. Threading: any thread, without a lock held.
namespace conclib::runtime {

/// Text as it may stand in a reply: UTF-8, and no longer than a log line.
[[nodiscard]] std::string presentable(std::string text);

/// Counts and logs that a request is dropped unanswered; what its asker hears.
[[nodiscard]] std::string note_dropped(const conclib_reply_to& reply_to);

/// Completes a request from the queue with a failure, or a tell with OK. What may have run before
/// is never said not to have run.
void complete(Core& core, std::unique_ptr<QueuedRequest> queued, proto::Status status,
              std::string text);

/// Answers a watch that came through the queue: the actor ended like this, or was not alive.
void complete_watch(Core& core, Delivery& watch, proto::Status status, std::string_view text);

/// Sends a local ask back to its asker as a failure; it is consumed.
void fail_ask(PendingAsk* ask, proto::Status status, std::string text);

/// Sends a local ask back with bytes that it copies; it is consumed.
void answer_ask(PendingAsk* ask, std::string_view type, std::string_view body);

/// Answers an ask that an actor owes; it is consumed, also when it fails: then its asker hears why.
/// `payload` counts when status is OK, else `text`.
[[nodiscard]] proto::Result<void> answer(conclib_reply_to* reply_to, proto::Status status,
                                         Payload payload, std::string text);

/// Says that the handler of a delivered request has returned. Completes it if it has been answered.
void handler_returned(Delivery* delivery);

}  // namespace conclib::runtime
