// SPDX-License-Identifier: MIT
#include "tests/bench/actor/on_conclib/bench_runtime.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <stdexcept>

#include "proto/envelope.hpp"
#include "proto/limits.hpp"
#include "proto/partition.hpp"

namespace conclib::bench::on_conclib {
namespace {

using namespace std::chrono_literals;
using runtime::TimePoint;

constexpr std::chrono::minutes time_to_live = 10min;

runtime::RuntimeOptions options_for(const Workload& workload) {
  runtime::RuntimeOptions options;
  options.threads = workload.threads;
  options.mailbox_messages_max = 1'000'000;
  options.mailbox_bytes_max = std::size_t{4} << 30U;
  return options;
}

}  // namespace

class BenchRuntime::CountedRandom final : public runtime::Random {
 public:
  [[nodiscard]] std::uint64_t next() override {
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;
    return (number_ += odd) * odd;
  }

 private:
  std::atomic<std::uint64_t> number_{1};
};

/// Fires the runtime's timers, as the loop of a worker does. Nothing leaves the process.
class BenchRuntime::Loop final : public runtime::Outside {
 public:
  void complete(runtime::Completion) override {}
  [[nodiscard]] proto::Result<void> push(runtime::OutboundMessage message) override {
    return proto::fail(proto::Status::overloaded, "there is no queue for " + message.urn);
  }
  void schedule(TimePoint when) override {
    const std::lock_guard lock(mutex_);
    if (when >= next_) return;
    next_ = when;
    changed_.notify_one();
  }

  void start(std::function<std::optional<TimePoint>()> fire) {
    thread_ = std::thread([this, fire = std::move(fire)] { run(fire); });
  }
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      changed_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run(const std::function<std::optional<TimePoint>()>& fire) {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      if (next_ == TimePoint::max()) {
        changed_.wait(lock);
      } else if (next_ > std::chrono::steady_clock::now()) {
        changed_.wait_until(lock, next_);
      } else {
        next_ = TimePoint::max();
        lock.unlock();
        const auto due = fire();
        lock.lock();
        if (due) next_ = std::min(next_, *due);
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  TimePoint next_ = TimePoint::max();
  bool stopping_ = false;
  std::thread thread_;
};

BenchRuntime::BenchRuntime(const Workload& workload)
    : log_(log::Level::warn, "bench"),
      clock_(std::make_unique<runtime::SystemClock>()),
      random_(std::make_unique<CountedRandom>()),
      loop_(std::make_unique<Loop>()),
      options_(options_for(workload)) {
  host_.size = sizeof(host_);
  runtime::Runtime::fill_host_table(host_);
  runtime_.emplace(options_, *clock_, *random_, *loop_, log_);
}

BenchRuntime::~BenchRuntime() {
  for (std::uint32_t i = 0; i < options_.partitions; ++i) {
    // Shared with the call back, which may still be within set_value() when the wait is over.
    const auto drained = std::make_shared<std::promise<void>>();
    runtime_->drain(i, [drained] { drained->set_value(); });
    drained->get_future().wait();
  }
  runtime_->stop();
  loop_->stop();
}

void BenchRuntime::start() {
  runtime_->start();
  loop_->start([this] { return runtime_->fire_timers(); });
  for (std::uint32_t i = 0; i < options_.partitions; ++i) runtime_->open(i);
}

void BenchRuntime::add_type(const conclib_actor_type& type, void* plugin_data) {
  // The runtime tells plugins apart by the address of their handles and looks at nothing else.
  const auto added = runtime_->add_type({.type = &type,
                                         .plugin = reinterpret_cast<conclib_plugin_handle*>(this),
                                         .plugin_data = plugin_data,
                                         .host = &host_,
                                         .plugin_name = "bench"});
  if (!added) throw std::runtime_error(added.error().text);
}

void BenchRuntime::deliver(std::string_view urn, std::string_view type, const std::string& body) {
  proto::Request request;
  request.kind = proto::Kind::tell;
  request.id = "bench";
  request.urn = urn;
  request.type = type;
  request.body = body;
  auto queued = std::make_unique<runtime::QueuedRequest>();
  queued->bytes = proto::encode_request(request);
  const auto decoded = proto::decode_request(queued->bytes, proto::limits::envelope_bytes_max);
  if (!decoded) throw std::runtime_error(decoded.error().text);
  queued->request = *decoded;
  queued->at = {.partition = proto::partition_of(urn, options_.partitions),
                .entry = {.ms = 1, .sequence = ++sequence_}};
  queued->deadline = clock_->now() + time_to_live;
  runtime_->deliver(std::move(queued));
}

void BenchRuntime::expect_handled(std::uint64_t messages) {
  // The last handler may not have returned yet when it has said that the program is over.
  const auto end = clock_->now() + 10s;
  auto stats = runtime_->stats();
  while (stats.messages_handled < messages && clock_->now() < end) {
    std::this_thread::yield();
    stats = runtime_->stats();
  }
  const auto lost = stats.messages_failed + stats.messages_unexpected + stats.messages_refused +
                    stats.messages_expired;
  if (stats.messages_handled == messages && lost == 0) return;
  throw std::runtime_error(std::to_string(stats.messages_handled) + " messages were handled, not " +
                           std::to_string(messages) + "; " + std::to_string(lost) +
                           " failed or were refused");
}

}  // namespace conclib::bench::on_conclib
