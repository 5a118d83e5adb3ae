// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "proto/envelope.hpp"
#include "proto/result.hpp"
#include "sdk/src/backoff.hpp"
#include "sdk/src/client.hpp"
#include "sdk/src/message.hpp"

namespace conclib::sdk {

/// One ask from its push to its answer (PROTOCOL.md, section 6). Used once, by one thread.
class Ask {
 public:
  Ask(Client& client, const Message& message);
  [[nodiscard]] proto::Result<Answer> run();

 private:
  using Lease = ConnectionPool::Lease;

  /// What is known when a step ends without an answer.
  enum class Step {
    push_again,  ///< The message never got into a queue, and might now.
    wait,        ///< It may be in the queue; only its reply is waited for.
    end          ///< `error_` is the outcome.
  };

  [[nodiscard]] proto::Result<void> check();
  /// Pushes, and reads what Redis says to that.
  [[nodiscard]] Step push();
  [[nodiscard]] Step send(std::string_view request, bool refreshes_clock);
  [[nodiscard]] Step read_push(bool refreshes_clock, Deadline sent_at);
  /// Reads the reply; connects again as often as it takes.
  [[nodiscard]] proto::Result<Answer> wait();
  [[nodiscard]] proto::Result<void> pop_again();
  [[nodiscard]] proto::Result<Answer> to_answer(RedisReply reply,
                                                const proto::Reply& content) const;

  /// After the connection failed and Redis cannot have read the request.
  [[nodiscard]] Step not_pushed(const proto::Error& error);
  [[nodiscard]] Step ended(proto::Error error);
  [[nodiscard]] std::string seconds_left() const;
  /// Tells a caller who got no reply whether any node is there to give one.
  [[nodiscard]] proto::Error explain_timeout() const;
  /// The message and its actor, for texts.
  [[nodiscard]] std::string subject() const;

  Client& client_;
  const Message& message_;
  const Milliseconds timeout_;
  const Deadline deadline_;
  const Deadline give_up_;  ///< Until when pushing is tried.
  Backoff backoff_;
  std::optional<Lease> lease_;
  std::optional<Id> id_;
  std::string queue_;
  std::string reply_key_;
  proto::Error error_;
};

}  // namespace conclib::sdk
