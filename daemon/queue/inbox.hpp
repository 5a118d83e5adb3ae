// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/log/log.hpp"
#include "daemon/queue/node_options.hpp"
#include "daemon/queue/session.hpp"
#include "daemon/redis/connection.hpp"
#include "proto/envelope.hpp"
#include "proto/keys.hpp"

namespace conclib::queue {

/// Receives the replies to this node's own asks: one list for each partition, popped together on a
/// connection of its own, which is made at the first ask.
/// Threading: loop-only.
class Inbox final : public redis::ConnectionListener {
 public:
  /// `take` gets each reply; its views live until it returns.
  Inbox(redis::Loop& loop, const NodeOptions& options, const proto::Keys& keys,
        std::function<void(const proto::Reply&)> take, const log::Log& log);

  /// The node is about to ask something. Any number of times.
  void expect_replies(std::uint32_t partitions);
  /// Ends the connection and deletes the lists, if there were any.
  void close(Session& session);

  void connection_up() override { pop(); }
  void connection_down(std::string_view why) override;
  void connection_failed(const proto::Error&) override {}

 private:
  void pop();
  void take(const redis::Reply& reply);

  const NodeOptions& options_;
  const proto::Keys& keys_;
  std::function<void(const proto::Reply&)> take_;
  const log::Log& log_;
  std::vector<std::string> lists_;
  /// The list with which the next BLMPOP begins, for Redis looks at them from left to right.
  std::size_t turn_ = 0;
  bool popping_ = false;
  redis::Connection connection_;
  redis::Timer retry_;
};

}  // namespace conclib::queue
