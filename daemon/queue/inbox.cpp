// SPDX-License-Identifier: MIT
#include "daemon/queue/inbox.hpp"

#include <chrono>
#include <utility>

#include "daemon/queue/connection_options.hpp"
#include "daemon/queue/pusher.hpp"

namespace conclib::queue {
namespace {

using namespace std::chrono_literals;
using redis::Reply;

/// How long one BLMPOP waits, as it is written and as it is counted.
constexpr std::string_view block_text = "0.5";
constexpr std::chrono::milliseconds block = 500ms;
constexpr auto retry_after = 200ms;

}  // namespace

Inbox::Inbox(redis::Loop& loop, const NodeOptions& options, const proto::Keys& keys,
             std::function<void(const proto::Reply&)> take, const log::Log& log)
    : options_(options),
      keys_(keys),
      take_(std::move(take)),
      log_(log),
      connection_(loop, connection_options(options, "inbox"), *this),
      retry_(loop, [this] { pop(); }) {}

void Inbox::expect_replies(std::uint32_t partitions) {
  if (!lists_.empty()) return;
  for (std::uint32_t partition = 0; partition < partitions; ++partition) {
    lists_.push_back(keys_.inbox(partition, node_app, options_.id));
  }
  connection_.start();
}

void Inbox::close(Session& session) {
  if (lists_.empty()) return;
  retry_.stop();
  connection_.close();
  // One by one: in a Cluster they lie in different slots.
  for (const auto& list : lists_) session.command({"DEL", list}, [](const Reply&) {});
}

void Inbox::pop() {
  if (popping_) return;
  const auto count = std::to_string(lists_.size());
  std::vector<std::string_view> command{"BLMPOP", block_text, count};
  for (std::size_t i = 0; i < lists_.size(); ++i) {
    command.push_back(lists_[(turn_ + i) % lists_.size()]);
  }
  turn_ = (turn_ + 1) % lists_.size();
  command.insert(command.end(), {"LEFT", "COUNT", "128"});
  popping_ = connection_.command(
      command,
      [this](const Reply& reply) {
        popping_ = false;
        take(reply);
      },
      block);
}

void Inbox::take(const Reply& reply) {
  if (reply.is_lost()) return;
  if (reply.is_error()) {
    log_.error("queue", "waiting for replies failed: {}", reply.text());
    retry_.start(retry_after);
    return;
  }
  const auto replies = reply[1];
  for (std::size_t i = 0; i < replies.size(); ++i) {
    const auto decoded = proto::decode_reply(replies[i].text());
    if (decoded) {
      take_(*decoded);
    } else {
      log_.warn("queue", "a reply in this node's inbox is dropped: {}", decoded.error().text);
    }
  }
  pop();
}

void Inbox::connection_down(std::string_view why) { log_.warn("queue", "inbox: {}", why); }

}  // namespace conclib::queue
