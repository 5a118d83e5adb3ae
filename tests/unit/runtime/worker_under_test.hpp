// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/runtime/runtime.hpp"
#include "tests/unit/runtime/scripted_actor.hpp"

namespace conclib::runtime {

/// A clock that a test moves. Any thread.
class FakeClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return TimePoint(std::chrono::nanoseconds(ns_)); }
  void advance(std::chrono::nanoseconds by) { ns_ += by.count(); }

 private:
  std::atomic<std::int64_t> ns_{std::chrono::nanoseconds(std::chrono::hours(1)).count()};
};

/// Numbers that look random and are the same in each run. Any thread.
class FixedRandom final : public Random {
 public:
  [[nodiscard]] std::uint64_t next() override {
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;
    return (number_ += odd) * odd;
  }

 private:
  std::atomic<std::uint64_t> number_{1};
};

/// Keeps what the runtime gives away. Any thread.
class RecordingOutside final : public Outside {
 public:
  void complete(Completion completion) override;
  [[nodiscard]] proto::Result<void> push(OutboundMessage message) override;
  void schedule(TimePoint when) override;

  /// Waits until so many completions or pushes have come; fails the test after 10 s.
  void await_completions(std::size_t count);
  void await_pushes(std::size_t count);

  /// These are read once no thread adds to them any more.
  std::vector<Completion> completions;
  std::vector<OutboundMessage> pushes;
  std::vector<TimePoint> scheduled;
  std::atomic<bool> refuses{false};
  /// For tests with very many messages: keeps none, and takes tells only.
  std::atomic<bool> counts_only{false};
  std::atomic<std::uint64_t> completed{0};
  std::atomic<std::uint64_t> pushed{0};

  std::mutex mutex;
  std::condition_variable changed;
};

/// Something that happens once on another thread, which may still be within set() when the signal
/// is destroyed.
class Signal {
 public:
  void set();
  /// Fails the test after 10 s.
  void await();
  [[nodiscard]] bool is_set();

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool set = false;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

/// Waits until `condition` holds; false after 10 s.
bool eventually(const std::function<bool()>& condition);

/// A runtime with scripted actors, a clock that stands still, and what it said.
class WorkerUnderTest {
 public:
  explicit WorkerUnderTest(RuntimeOptions options = options_of(2));
  ~WorkerUnderTest();
  static RuntimeOptions options_of(unsigned threads);

  /// Adds a type of plugin number `plugin`; before start().
  proto::Result<void> add(ScriptedType& type, int plugin = 0);
  /// Starts the threads and opens all partitions.
  void start();

  void ask(std::string_view urn, std::string_view type, std::string_view id = "id",
           TimePoint deadline = TimePoint::max(), bool may_have_run = false);
  void tell(std::string_view urn, std::string_view type, TimePoint deadline = TimePoint::max());
  /// Delivers an ask and waits for its completion, which must be the only one.
  Completion ask_and_wait(std::string_view urn, std::string_view type);
  std::unique_ptr<QueuedRequest> request(proto::Request request,
                                         TimePoint deadline = TimePoint::max());
  [[nodiscard]] std::uint32_t partition_of(std::string_view urn) const;
  /// Gives all partitions back and waits until that is done.
  void drain_all();
  /// What was logged so far.
  std::string logged();

  FakeClock clock;
  FixedRandom random;
  RecordingOutside outside;
  conclib_host host{};

 private:
  int log_file_;
  log::Log log_;
  RuntimeOptions options_;
  std::atomic<std::uint64_t> sequence_{0};

 public:
  Runtime runtime;
};

/// The reply in a completion, decoded.
proto::Reply reply_in(const Completion& completion);

}  // namespace conclib::runtime
