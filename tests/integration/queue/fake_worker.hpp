// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "daemon/log/log.hpp"
#include "daemon/queue/node.hpp"
#include "proto/envelope.hpp"
#include "proto/node_record.hpp"
#include "tests/integration/queue/loop_rig.hpp"
#include "tests/integration/queue/redis_server.hpp"

namespace conclib::test {

/// What stands in place of a worker and its actors: answers every ask with its own body at once, or
/// holds what is delivered until told otherwise.
class FakeWorker final : public queue::NodeEvents {
 public:
  struct AskEnd {
    std::string id;
    proto::Status status;
    std::string body;
    std::string text;
  };

  FakeWorker(LoopRig& rig, const queue::NodeOptions& options)
      : node(std::make_unique<queue::Node>(rig.loop(), options, *this, log_)) {}

  static queue::NodeOptions options(const RedisServer& server) {
    queue::NodeOptions options;
    options.url = server.url();
    options.id = proto::draw_node_id();
    options.host = "testhost";
    options.partitions = 8;
    options.lease = std::chrono::milliseconds(1000);
    return options;
  }

  void connected(std::uint32_t count) override {
    partitions = count;
    node->join();
  }
  void refused(const proto::Error& error) override { refusals.push_back(error); }
  void settled() override { ++settlements; }
  void opened(std::uint32_t partition) override { open.insert(partition); }
  void deliver(std::unique_ptr<runtime::QueuedRequest> queued) override {
    ++delivered;
    if (holding) {
      held.push_back(std::move(queued));
    } else {
      end(std::move(queued));
    }
  }
  void cancel(std::uint32_t, std::string_view, std::string_view id) override {
    cancelled.emplace_back(id);
  }
  void reply(std::string_view id, proto::Status status, std::string_view, std::string_view body,
             std::string_view text) override {
    ends.push_back({std::string(id), status, std::string(body), std::string(text)});
  }
  void must_drain(std::uint32_t partition, queue::DrainReason reason) override {
    if (reason == queue::DrainReason::lost) lost.insert(partition);
    if (open.erase(partition) == 0) return;
    // What has not begun is forgotten: it is still in the queue.
    std::erase_if(held, [&](const auto& queued) { return queued->at.partition == partition; });
    if (!ignores_drain) node->drained(partition);
  }
  void describe(proto::NodeRecord& record) override { record.types = {"echo"}; }

  /// Answers an ask with its own body; a tell ends with `tell_status`.
  void end(std::unique_ptr<runtime::QueuedRequest> queued) {
    runtime::Completion completion;
    const auto& request = queued->request;
    if (request.kind == proto::Kind::ask) {
      completion.reply =
          proto::encode_reply({request.id, proto::Status::ok, "Echo", request.body, {}});
    } else {
      completion.status = tell_status;
      completion.text = "as the test wants it";
    }
    ended.emplace_back(request.id);
    completion.queued = std::move(queued);
    node->complete(std::move(completion));
  }
  void end_all() {
    for (auto& queued : std::exchange(held, {})) end(std::move(queued));
  }

 private:
  log::Log log_{std::getenv("CONCLIB_TEST_LOG") != nullptr ? log::Level::debug : log::Level::error,
                "test"};

 public:
  std::unique_ptr<queue::Node> node;
  std::uint32_t partitions = 0;
  bool holding = false;
  bool ignores_drain = false;
  proto::Status tell_status = proto::Status::ok;
  std::set<std::uint32_t> open;
  std::set<std::uint32_t> lost;
  std::deque<std::unique_ptr<runtime::QueuedRequest>> held;
  std::vector<std::string> ended;
  std::vector<std::string> cancelled;
  std::vector<proto::Error> refusals;
  std::vector<AskEnd> ends;
  std::uint64_t delivered = 0;
  int settlements = 0;
};

}  // namespace conclib::test
