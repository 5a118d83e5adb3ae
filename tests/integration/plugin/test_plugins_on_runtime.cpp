// SPDX-License-Identifier: MIT
// Real plugins in the real runtime with its threads; only Redis is missing.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "conclib/message.hpp"
#include "daemon/plugin/plugin_directory.hpp"
#include "daemon/runtime/runtime.hpp"
#include "proto/envelope.hpp"
#include "proto/partition.hpp"

using namespace std::chrono_literals;
namespace proto = conclib::proto;
namespace runtime = conclib::runtime;
using proto::Status;

namespace {

constexpr std::uint32_t partitions = 4;

struct SteadyClock final : runtime::Clock {
  [[nodiscard]] runtime::TimePoint now() const override { return std::chrono::steady_clock::now(); }
};

struct Counting final : runtime::Random {
  [[nodiscard]] std::uint64_t next() override { return ++number; }
  std::atomic<std::uint64_t> number{0};
};

/// Keeps what is completed until the test takes it.
class Queue final : public runtime::Outside {
 public:
  void complete(runtime::Completion completion) override {
    const std::lock_guard lock(mutex_);
    completed_.push_back(std::move(completion));
    changed_.notify_all();
  }
  [[nodiscard]] proto::Result<void> push(runtime::OutboundMessage /*message*/) override {
    return proto::fail(Status::overloaded, "this test has no queue");
  }
  void schedule(runtime::TimePoint /*when*/) override {}

  runtime::Completion take() {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, 10s, [&] { return !completed_.empty(); }));
    auto completion = std::move(completed_.front());
    completed_.pop_front();
    return completion;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<runtime::Completion> completed_;
};

struct Outcome {
  Status status;
  std::string type;
  std::string body;
  std::string text;
};

/// A worker without Redis, with the plugins of a folder.
class Worker {
 public:
  explicit Worker(const char* directory) {
    auto loaded = conclib::plugin::PluginDirectory::load(
        {directory, {}, &runtime::Runtime::fill_host_table}, log_);
    REQUIRE(loaded.has_value());
    plugins_ = std::move(*loaded);
    REQUIRE(plugins_->refusals().empty());
    runtime::RuntimeOptions options;
    options.partitions = partitions;
    runtime_ = std::make_unique<runtime::Runtime>(options, clock_, random_, queue_, log_);
    for (const auto& type : plugins_->types()) REQUIRE(runtime_->add_type(type).has_value());
    runtime_->start();
    for (std::uint32_t p = 0; p < partitions; ++p) runtime_->open(p);
  }
  ~Worker() {
    runtime_->stop();
    runtime_.reset();
    plugins_->unload();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  Outcome ask(const std::string& urn, const std::string& type, const std::string& body) {
    proto::Request request;
    request.kind = proto::Kind::ask;
    request.id = "0123456789abcdef";
    request.urn = urn;
    request.type = type;
    request.body = body;
    request.reply_key = "conclib:{default:0}:r:app:a1";
    request.ttl_ms = 10'000;
    auto queued = std::make_unique<runtime::QueuedRequest>();
    queued->at = {proto::partition_of(urn, partitions), {1, ++entries_}};
    queued->bytes = proto::encode_request(request);
    queued->request = *proto::decode_request(queued->bytes, queued->bytes.size());
    queued->deadline = clock_.now() + 10s;
    runtime_->deliver(std::move(queued));
    const auto done = queue_.take();
    const auto reply = proto::decode_reply(done.reply);
    REQUIRE(reply.has_value());
    return {reply->status, std::string(reply->type), std::string(reply->body),
            std::string(reply->text)};
  }

 private:
  conclib::log::Log log_{conclib::log::Level::error, "test"};
  SteadyClock clock_;
  Counting random_;
  Queue queue_;
  std::unique_ptr<conclib::plugin::PluginDirectory> plugins_;
  std::unique_ptr<runtime::Runtime> runtime_;
  std::uint64_t entries_ = 0;
};

struct Ask {
  std::string how;
  CONCLIB_MESSAGE(Ask, how)
};

Outcome relay(Worker& worker, const std::string& how) {
  return worker.ask("relay/a", "Ask", conclib::encode(Ask{how}));
}

}  // namespace

TEST_CASE("the examples answer in the runtime") {
  Worker worker(EXAMPLE_DIR);
  const auto total = worker.ask("counter/visits", "Add",
                                "\x81\xa2"
                                "by\x05");
  CHECK(total.status == Status::ok);
  CHECK(total.type == "Total");
  CHECK(total.body == "\x81\xa5value\x05");
  CHECK(worker.ask("counter/visits", "Add", "\x80").body == "\x81\xa5value\x06");
  CHECK(worker.ask("counter/other", "Read", "\x80").body == std::string("\x81\xa5value\x00", 8));
  CHECK(worker.ask("echo/a", "Echo", "\x81\xa4text\xa2hi").body == "\x81\xa4text\xa2hi");
  CHECK(worker.ask("example_actor", "ExampleReqMessage", "\x80").type == "ExampleRespMessage");
  CHECK(worker.ask("greeter", "Hello", "\x80").type == "Greeting");
}

TEST_CASE("an unknown message and bytes that do not fit never ran, and the actor lives on") {
  Worker worker(EXAMPLE_DIR);
  const auto unexpected = worker.ask("counter/a", "Banana", "\x80");
  CHECK(unexpected.status == Status::unexpected_message);
  CHECK(unexpected.text.find("counter/a") != std::string::npos);
  CHECK(unexpected.text.find("Banana") != std::string::npos);
  const auto misfit = worker.ask("counter/a", "Add",
                                 "\x81\xa2"
                                 "by\xa1x");
  CHECK(misfit.status == Status::rejected);
  CHECK(misfit.text.find("Add") != std::string::npos);
  CHECK(misfit.text.find("\"by\"") != std::string::npos);
  CHECK(worker.ask("counter/a", "Read", "\x80").status == Status::ok);
}

TEST_CASE("between actors of one plugin the object itself travels, there and back") {
  Worker worker(FIXTURE_DIR);
  const auto answer = relay(worker, "object");
  CHECK(answer.status == Status::ok);
  CHECK(answer.body == "\x81\xa4text\xa8the same");
}

TEST_CASE("the failure of an ask reaches its callback with the text") {
  Worker worker(FIXTURE_DIR);
  const auto answer = relay(worker, "empty");
  CHECK(answer.status == Status::actor_failed);
  CHECK(answer.text.find("an empty parcel") != std::string::npos);
}

TEST_CASE("a deferred reply may come from a thread of the plugin") {
  Worker worker(FIXTURE_DIR);
  CHECK(relay(worker, "thread").body ==
        "\x81\xa4text\xa9"
        "from afar");
}

TEST_CASE("a request that is taken and dropped, or kept by an actor that ends, is NO_REPLY") {
  Worker worker(FIXTURE_DIR);
  CHECK(relay(worker, "drop").status == Status::no_reply);
  CHECK(relay(worker, "stop").status == Status::no_reply);
}

TEST_CASE("an exception is ACTOR_FAILED with its text") {
  Worker worker(FIXTURE_DIR);
  const auto answer = relay(worker, "throw");
  CHECK(answer.status == Status::actor_failed);
  CHECK(answer.text.find("no relay today") != std::string::npos);
}
