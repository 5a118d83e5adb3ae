// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "conclib/actor.hpp"
#include "daemon/runtime/runtime.hpp"
#include "daemon/runtime/system_clock.hpp"

namespace conclib::conformance {

/// Waits until `condition` holds; false after 10 s.
[[nodiscard]] bool eventually(const std::function<bool()>& condition);

/// How a message of the test ended. A tell has a status and a text only.
struct Answer {
  conclib_status status = CONCLIB_OK;
  std::string type;
  std::string body;
  std::string text;
};

/// An ask of the test that has been sent.
template <Message Reply>
class Pending {
 public:
  Pending(std::future<Answer> answer, std::chrono::milliseconds timeout)
      : answer_(std::move(answer)), end_(std::chrono::steady_clock::now() + timeout) {}

  [[nodiscard]] bool done() const {
    return answer_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }
  /// Waits for the reply, once. Throws Error with the status of a failure.
  Reply get() {
    if (answer_.wait_until(end_) != std::future_status::ready) {
      throw Error(CONCLIB_TIMEOUT, "no answer came to the test");
    }
    const auto answer = answer_.get();
    if (answer.status != CONCLIB_OK) throw Error(answer.status, answer.text);
    if (answer.type != detail::MessageName<Reply>::value) {
      throw Error(CONCLIB_WRONG_TYPE, "the reply is a " + answer.type);
    }
    return decode<Reply>(answer.body);
  }

 private:
  std::future<Answer> answer_;
  std::chrono::steady_clock::time_point end_;
};

/// A worker in the process of the test, with real threads, on the clock of the system: for what
/// the test kit with its one thread cannot show. All URNs belong to it, and it has no queue:
/// what leaves it is refused, unless route() says where it goes.
///
///     ThreadedWorker worker;
///     worker.add<Counter>();
///     worker.start();
///     CHECK(worker.ask<Total>("counter/a", Add{1}).value == 1);
///
/// Threading: one thread makes, starts and destroys it; the rest is for any thread.
class ThreadedWorker {
 public:
  using Route = std::function<proto::Result<void>(runtime::OutboundMessage)>;

  explicit ThreadedWorker(runtime::RuntimeOptions options = options_of(4));
  /// Waits until all that runs has ended, and ends the actors: on_stop runs.
  ~ThreadedWorker();
  ThreadedWorker(const ThreadedWorker&) = delete;
  ThreadedWorker& operator=(const ThreadedWorker&) = delete;
  static runtime::RuntimeOptions options_of(unsigned threads);

  /// Adds actor classes, children too; before start(). All that is added without a plugin number
  /// is of one plugin.
  template <typename... Actors>
  void add(int plugin = 0) {
    (add_type(detail::ActorTypeOf<Actors>::table, nullptr, plugin), ...);
  }
  /// The same with what they have as `shared<Stage*>()`; it outlives this.
  template <typename... Actors, typename Stage>
  void add_sharing(Stage& stage, int plugin = 0) {
    auto box = std::make_shared<detail::SharedBox<Stage*>>();
    box->value = &stage;
    (add_type(detail::ActorTypeOf<Actors>::table, box.get(), plugin), ...);
    shared_.push_back(std::move(box));
  }
  /// Who takes what leaves this worker, on any of its threads; before start(). Types that it does
  /// not know are outside then (`unknown_types_outside` of the options).
  void route(Route route);
  void start();
  /// The same, with these partitions alone.
  void start(std::vector<std::uint32_t> partitions);
  /// Gives all actors back as a worker does that leaves, and ends its threads. Once.
  void stop();

  /// Sends an ask and waits for its reply. Throws Error with the status of a failure.
  template <Message Reply, Message M>
  Reply ask(std::string_view urn, const M& message,
            std::chrono::milliseconds timeout = std::chrono::seconds(10)) {
    return begin_ask<Reply>(urn, message, timeout).get();
  }
  /// Sends an ask.
  template <Message Reply, Message M>
  [[nodiscard]] Pending<Reply> begin_ask(
      std::string_view urn, const M& message,
      std::chrono::milliseconds timeout = std::chrono::seconds(10)) {
    return {deliver(urn, detail::MessageName<M>::value, encode(message), timeout), timeout};
  }
  /// Sends a tell; its outcome may be left alone. Messages of one thread keep their order.
  template <Message M>
  std::future<Answer> tell(std::string_view urn, const M& message) {
    return deliver(urn, detail::MessageName<M>::value, encode(message), std::nullopt);
  }

  /// Takes what left another worker, as it comes out of the queue. `answered` is called once, on
  /// any thread.
  void take(const runtime::OutboundMessage& message, std::function<void(const Answer&)> answered);
  /// Calls it on the loop's thread, in order: for calls of runtime() that are for that thread.
  void post(std::function<void()> call);
  [[nodiscard]] runtime::Runtime& runtime() { return *runtime_; }
  [[nodiscard]] runtime::RuntimeStats stats() const { return runtime_->stats(); }
  [[nodiscard]] bool alive(std::string_view urn) const;
  /// What was logged so far, a line each; and whether a line holds all of these.
  [[nodiscard]] std::vector<std::string> log_lines() const;
  [[nodiscard]] std::size_t logged(std::initializer_list<std::string_view> parts) const;
  /// Why actors said that the worker must not go on.
  [[nodiscard]] std::vector<std::string> worker_failures() const;

 private:
  using TimePoint = runtime::TimePoint;
  class CountedRandom;
  class Loop;

  void add_type(const conclib_actor_type& type, void* plugin_data, int plugin);
  void deliver(const proto::Request& request, TimePoint deadline,
               std::function<void(const Answer&)> answered);
  std::future<Answer> deliver(std::string_view urn, std::string_view type, std::string body,
                              std::optional<std::chrono::milliseconds> timeout);

  std::vector<std::shared_ptr<void>> shared_;  // each known here by its address alone
  int log_file_;
  log::Log log_;
  std::map<int, const log::Log*> logs_;  // by plugin
  runtime::SystemClock clock_;
  std::unique_ptr<CountedRandom> random_;
  std::unique_ptr<Loop> loop_;
  runtime::RuntimeOptions options_;
  conclib_host host_{};
  std::optional<runtime::Runtime> runtime_;
  std::vector<std::uint32_t> partitions_;
  std::atomic<std::uint64_t> ids_{0};
  std::atomic<std::uint64_t> sequence_{0};
  bool running_ = false;
};

}  // namespace conclib::conformance
