// SPDX-License-Identifier: MIT
// What was built with the first ABI goes on to work: the layout, and a plugin.
#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>

#include <doctest/doctest.h>

#include "daemon/plugin/plugin_directory.hpp"
#include "daemon/runtime/runtime.hpp"
#include "proto/envelope.hpp"
#include "proto/partition.hpp"
#include "tests/unit/plugin/abi_fields.h"

namespace proto = conclib::proto;
namespace runtime = conclib::runtime;
using conclib::plugin::PluginDirectory;
using proto::Status;

namespace {

using namespace std::chrono_literals;

std::span<const abi_field> fields_of(const abi_layout& layout) {
  return {layout.fields, layout.fields_count};
}
std::span<const abi_number> numbers_of(const abi_layout& layout) {
  return {layout.numbers, layout.numbers_count};
}

std::string struct_of(const abi_field& field) {
  const std::string name = field.name;
  return name.substr(0, name.find('.'));
}

struct StandingClock final : runtime::Clock {
  [[nodiscard]] runtime::TimePoint now() const override { return runtime::TimePoint(1h); }
};

struct Counting final : runtime::Random {
  [[nodiscard]] std::uint64_t next() override { return ++number; }
  std::uint64_t number = 0;
};

struct Queue final : runtime::Outside {
  void complete(runtime::Completion completion) override {
    completed.push_back(std::move(completion));
  }
  [[nodiscard]] proto::Result<void> push(runtime::OutboundMessage /*message*/) override {
    return proto::fail(Status::overloaded, "this test has no queue");
  }
  void schedule(runtime::TimePoint /*when*/) override {}
  std::deque<runtime::Completion> completed;
};

struct Outcome {
  Status status;
  std::string type;
  std::string body;
  std::string text;
};

/// A worker without Redis and threads, with the plugin of the first ABI.
class Worker {
 public:
  Worker() {
    auto loaded =
        PluginDirectory::load({FIRST_ABI_DIR, {}, &runtime::Runtime::fill_host_table}, log_);
    REQUIRE(loaded.has_value());
    plugins = std::move(*loaded);
    REQUIRE(plugins->refusals().empty());
    runtime::RuntimeOptions options;
    options.partitions = 1;
    options.stepped = true;
    runtime_ = std::make_unique<runtime::Runtime>(options, clock_, random_, queue_, log_);
    for (const auto& type : plugins->types()) REQUIRE(runtime_->add_type(type).has_value());
    runtime_->start();
    runtime_->open(0);
  }
  ~Worker() {
    drain();
    runtime_->stop();
    runtime_.reset();
    plugins->unload();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  Outcome ask(const std::string& urn, const std::string& type) {
    proto::Request request;
    request.kind = proto::Kind::ask;
    request.id = "0123456789abcdef";
    request.urn = urn;
    request.type = type;
    request.body = "\x80";
    request.reply_key = "conclib:{default:0}:r:app:a1";
    request.ttl_ms = 10'000;
    auto queued = std::make_unique<runtime::QueuedRequest>();
    queued->at = {0, {1, ++entries_}};
    queued->bytes = proto::encode_request(request);
    queued->request = *proto::decode_request(queued->bytes, queued->bytes.size());
    queued->deadline = clock_.now() + 10s;
    runtime_->deliver(std::move(queued));
    run();
    REQUIRE(queue_.completed.size() == 1);
    const auto done = std::move(queue_.completed.front());
    queue_.completed.clear();
    const auto reply = proto::decode_reply(done.reply);
    REQUIRE(reply.has_value());
    return {reply->status, std::string(reply->type), std::string(reply->body),
            std::string(reply->text)};
  }
  /// Ends its actors, as a worker does that leaves.
  void drain() {
    runtime_->drain(0, [] {});
    run();
  }

  std::unique_ptr<PluginDirectory> plugins;

 private:
  void run() {
    while (runtime_->step()) {
    }
  }

  conclib::log::Log log_{conclib::log::Level::error, "test"};
  StandingClock clock_;
  Counting random_;
  Queue queue_;
  std::unique_ptr<runtime::Runtime> runtime_;
  std::uint64_t entries_ = 0;
};

std::string value(char number) { return std::string("\x81\xa5value") + number; }

}  // namespace

TEST_CASE("every field of ABI 1.0 keeps its offset and size, and no struct gets smaller") {
  const auto first = fields_of(abi_layout_first());
  const auto today = fields_of(abi_layout_today());
  REQUIRE(first.size() == today.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    CAPTURE(first[i].name);
    CHECK(first[i].offset == today[i].offset);
    CHECK(first[i].size == today[i].size);
    CHECK(first[i].struct_size <= today[i].struct_size);
  }
}

TEST_CASE("structs that stand in others by value, and arrays, have not grown") {
  for (const auto& field : fields_of(abi_layout_today())) {
    const auto& first = fields_of(abi_layout_first());
    const auto same = std::find_if(first.begin(), first.end(), [&](const abi_field& other) {
      return std::string_view(other.name) == field.name;
    });
    REQUIRE(same != first.end());
    const auto of = struct_of(field);
    const bool fixed = of == "conclib_payload" || of == "conclib_str" || of == "conclib_bytes" ||
                       of == "conclib_writer";
    CAPTURE(field.name);
    CHECK((!fixed || field.struct_size == same->struct_size));
  }
}

TEST_CASE("the list of the fields of ABI 1.0 is complete: they fill their structs") {
  std::map<std::string, std::size_t> filled;
  std::map<std::string, std::size_t> sizes;
  for (const auto& field : fields_of(abi_layout_first())) {
    filled[struct_of(field)] += field.size;
    sizes[struct_of(field)] = field.struct_size;
  }
  CHECK(filled == sizes);
}

TEST_CASE("the numbers of ABI 1.0 stand, those of the statuses too") {
  std::map<std::string, unsigned long long> today;
  for (const auto& number : numbers_of(abi_layout_today())) today[number.name] = number.value;
  for (const auto& number : numbers_of(abi_layout_first())) {
    CAPTURE(number.name);
    REQUIRE(today.count(number.name) == 1);
    CHECK(today[number.name] == number.value);
  }
}

TEST_CASE("a plugin of ABI 1.0 is loaded and its actors take messages") {
  Worker worker;
  CHECK(worker.plugins->report().at(0).types == std::vector<std::string>{"veteran/{name}"});
  const auto first = worker.ask("veteran/a", "Count");
  CHECK(first.status == Status::ok);
  CHECK(first.type == "Total");
  CHECK(first.body == value(1));
  CHECK(worker.ask("veteran/a", "Count").body == value(2));
  CHECK(worker.ask("veteran/b", "Count").body == value(1));
  CHECK(worker.plugins->report().at(0).numbers ==
        std::vector<std::pair<std::string, std::uint64_t>>{{"counted", 3}});
}

TEST_CASE("the objects of a plugin of ABI 1.0 travel as they did and are destroyed once") {
  Worker worker;
  const auto asked = worker.ask("veteran/a", "AskFriend");
  CHECK(asked.status == Status::ok);
  CHECK(asked.body == value(7));
  CHECK(worker.ask("veteran/a", "TellFriend").status == Status::no_reply);
  CHECK(worker.ask("veteran/friend", "Count").body == value(10));
  CHECK(worker.ask("veteran/a", "NotesAlive").body == value(0));
}

TEST_CASE("failures and unknown messages of a plugin of ABI 1.0 are told to the asker") {
  Worker worker;
  const auto failed = worker.ask("veteran/a", "Fail");
  CHECK(failed.status == Status::actor_failed);
  CHECK(failed.text.find("it failed as in old days") != std::string::npos);
  CHECK(worker.ask("veteran/a", "Nonsense").status == Status::unexpected_message);
  CHECK(worker.ask("veteran/a", "Count").body == value(1));
}

TEST_CASE("an actor of ABI 1.0 stops itself, and its stop is called") {
  Worker worker;
  CHECK(worker.ask("veteran/a", "Count").body == value(1));
  CHECK(worker.ask("veteran/a", "Retire").status == Status::no_reply);
  CHECK(worker.plugins->report().at(0).numbers.at(1) ==
        std::pair<std::string, std::uint64_t>("retired", 1));
  CHECK(worker.ask("veteran/a", "Count").body == value(1));
}
