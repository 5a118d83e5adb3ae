// SPDX-License-Identifier: MIT
#include "tests/unit/runtime/worker_under_test.hpp"

#include <thread>

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proto/envelope.hpp"
#include "proto/limits.hpp"
#include "proto/partition.hpp"

namespace conclib::runtime {
namespace {

constexpr std::chrono::seconds patience{10};

}  // namespace

void RecordingOutside::complete(Completion completion) {
  ++completed;
  if (counts_only) return;
  const std::lock_guard lock(mutex);
  completions.push_back(std::move(completion));
  changed.notify_all();
}

proto::Result<void> RecordingOutside::push(OutboundMessage message) {
  if (refuses) return proto::fail(proto::Status::overloaded, "the outbox is full");
  if (counts_only && message.kind == proto::Kind::ask) {
    return proto::fail(proto::Status::overloaded, "it takes tells only");
  }
  ++pushed;
  if (counts_only) return {};
  const std::lock_guard lock(mutex);
  pushes.push_back(std::move(message));
  changed.notify_all();
  return {};
}

void RecordingOutside::schedule(TimePoint when) {
  const std::lock_guard lock(mutex);
  scheduled.push_back(when);
}

void RecordingOutside::await_completions(std::size_t count) {
  std::unique_lock lock(mutex);
  REQUIRE(changed.wait_for(lock, patience, [&] { return completions.size() >= count; }));
}

void RecordingOutside::await_pushes(std::size_t count) {
  std::unique_lock lock(mutex);
  REQUIRE(changed.wait_for(lock, patience, [&] { return pushes.size() >= count; }));
}

void Signal::set() {
  const auto state = state_;
  const std::lock_guard lock(state->mutex);
  state->set = true;
  state->changed.notify_all();
}

void Signal::await() {
  const auto state = state_;
  std::unique_lock lock(state->mutex);
  REQUIRE(state->changed.wait_for(lock, patience, [&] { return state->set; }));
}

bool Signal::is_set() {
  const std::lock_guard lock(state_->mutex);
  return state_->set;
}

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

RuntimeOptions WorkerUnderTest::options_of(unsigned threads) {
  RuntimeOptions options;
  options.partitions = 4;
  options.threads = threads;
  return options;
}

WorkerUnderTest::WorkerUnderTest(RuntimeOptions options)
    : log_file_(::memfd_create("log", 0)),
      log_(log::Level::info, "test", log_file_, log::Format::journal),
      options_(options),
      runtime(options, clock, random, outside, log_) {
  host.size = sizeof(host);
  Runtime::fill_host_table(host);
}

WorkerUnderTest::~WorkerUnderTest() {
  runtime.stop();
  ::close(log_file_);
}

proto::Result<void> WorkerUnderTest::add(ScriptedType& type, int plugin) {
  // A plugin is known by the address of its handle alone.
  auto* handle = reinterpret_cast<conclib_plugin_handle*>(static_cast<std::intptr_t>(plugin + 1));
  return runtime.add_type({.type = &type.type,
                           .plugin = handle,
                           .plugin_data = nullptr,
                           .host = &host,
                           .plugin_name = "plugin-" + std::to_string(plugin)});
}

void WorkerUnderTest::start() {
  runtime.start();
  for (std::uint32_t i = 0; i < options_.partitions; ++i) runtime.open(i);
}

std::uint32_t WorkerUnderTest::partition_of(std::string_view urn) const {
  return proto::partition_of(urn, options_.partitions);
}

std::unique_ptr<QueuedRequest> WorkerUnderTest::request(proto::Request request,
                                                        TimePoint deadline) {
  auto queued = std::make_unique<QueuedRequest>();
  queued->bytes = proto::encode_request(request);
  const auto decoded = proto::decode_request(queued->bytes, proto::limits::envelope_bytes_max);
  REQUIRE(decoded.has_value());
  queued->request = *decoded;
  queued->at = {.partition = partition_of(request.urn), .entry = {1000, ++sequence_}};
  queued->deadline = deadline;
  return queued;
}

void WorkerUnderTest::ask(std::string_view urn, std::string_view type, std::string_view id,
                          TimePoint deadline, bool may_have_run) {
  proto::Request asked;
  asked.kind = proto::Kind::ask;
  asked.id = id;
  asked.urn = urn;
  asked.type = type;
  asked.reply_key = "conclib:{test:0}:r:app:a1";
  asked.ttl_ms = 5000;
  auto queued = request(asked, deadline);
  queued->may_have_run = may_have_run;
  runtime.deliver(std::move(queued));
}

void WorkerUnderTest::tell(std::string_view urn, std::string_view type, TimePoint deadline) {
  proto::Request told;
  told.kind = proto::Kind::tell;
  told.id = "tell";
  told.urn = urn;
  told.type = type;
  runtime.deliver(request(told, deadline));
}

Completion WorkerUnderTest::ask_and_wait(std::string_view urn, std::string_view type) {
  ask(urn, type);
  outside.await_completions(1);
  const std::lock_guard lock(outside.mutex);
  REQUIRE(outside.completions.size() == 1);
  auto completion = std::move(outside.completions.front());
  outside.completions.clear();
  return completion;
}

void WorkerUnderTest::drain_all() {
  for (std::uint32_t i = 0; i < options_.partitions; ++i) {
    Signal drained;
    runtime.drain(i, [&] { drained.set(); });
    drained.await();
  }
}

std::string WorkerUnderTest::logged() {
  std::string text(1 << 20, '\0');
  const auto size = ::pread(log_file_, text.data(), text.size(), 0);
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

proto::Reply reply_in(const Completion& completion) {
  const auto reply = proto::decode_reply(completion.reply);
  REQUIRE(reply.has_value());
  return *reply;
}

}  // namespace conclib::runtime
