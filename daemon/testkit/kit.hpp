// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/runtime/runtime.hpp"
#include "daemon/testkit/fake_clock.hpp"
#include "daemon/testkit/log_lines.hpp"
#include "daemon/testkit/observed_plugin.hpp"
#include "daemon/testkit/post.hpp"
#include "daemon/testkit/record.hpp"
#include "daemon/testkit/seeded_random.hpp"
#include "proto/urn.hpp"

namespace conclib::testkit {

struct KitOptions {
  std::uint64_t seed = 0;
  plugin::Settings settings;
  std::uint64_t turns_max = 1'000'000;
  std::chrono::milliseconds ask_timeout{5000};
};

/// A message from the test.
struct Sending {
  std::string_view urn;
  std::string_view type;
  std::string_view body;
  std::string_view sender;
  std::chrono::nanoseconds timeout{0};  ///< Of an ask; 0: the default.
};

/// Actors of plugins in a runtime of their own: no threads, no Redis, and a clock that moves when
/// it is told to. It stands where the queues and the event loop of a worker do.
///
/// Threading: one thread at a time.
class Kit final : private runtime::Outside {
 public:
  explicit Kit(KitOptions options);
  ~Kit() override;
  Kit(const Kit&) = delete;
  Kit& operator=(const Kit&) = delete;

  /// Adds the actors of a plugin. BAD_ARGUMENT: after the first message, or a table that a daemon
  /// would refuse.
  [[nodiscard]] proto::Result<void> add(const conclib_plugin* table);

  /// Puts a message into its actor's mailbox, or says why it found no place.
  [[nodiscard]] proto::Result<void> tell(const Sending& sending);
  /// The number of the ask.
  [[nodiscard]] proto::Result<std::uint64_t> ask(const Sending& sending);
  [[nodiscard]] bool answered(std::uint64_t ask) const;
  /// Runs until the ask is answered or its deadline has come; forgets the ask.
  [[nodiscard]] proto::Result<Reply> await(std::uint64_t ask);

  /// Gives turns until nothing is ready. OVERLOADED after turns_max.
  [[nodiscard]] proto::Result<void> run();
  [[nodiscard]] proto::Result<void> advance(std::chrono::nanoseconds by);
  /// Runs until nothing is ready, then ends all actors as a worker does that leaves.
  [[nodiscard]] proto::Result<void> stop();

  /// Has somebody of this URN take letters. BAD_ARGUMENT: an actor of the kit has it.
  [[nodiscard]] proto::Result<void> add_probe(std::string_view urn, Listener listener);
  /// Answers the ask of a letter: OK with type and body, or a failure with its text.
  [[nodiscard]] proto::Result<void> answer(std::uint64_t ask, const Reply& reply);
  /// What left the kit, for probes and for others.
  [[nodiscard]] Post& post() { return post_; }

  [[nodiscard]] const FakeClock& clock() const { return clock_; }
  [[nodiscard]] const Record& record() const { return record_; }
  /// Messages that reached no handler: of the test, and between actors.
  [[nodiscard]] std::vector<Failure> dead_letters() const;
  [[nodiscard]] std::vector<std::string> log() const { return log_.read(); }
  [[nodiscard]] std::uint64_t counter(std::string_view name) const;

 private:
  struct PendingAsk {
    std::string urn;
    std::string type;
    runtime::TimePoint deadline;
    std::optional<Reply> reply;
  };

  // From the actors.
  void complete(runtime::Completion completion) override;
  [[nodiscard]] proto::Result<void> push(runtime::OutboundMessage message) override;
  void schedule(runtime::TimePoint when) override;

  [[nodiscard]] proto::Result<void> start();
  [[nodiscard]] proto::Result<void> drain();
  [[nodiscard]] std::unique_ptr<runtime::QueuedRequest> queued(const Sending& sending,
                                                               std::uint64_t ask);
  /// One turn, or one letter; false: there is nothing to do.
  bool step();
  void bring(Letter letter);
  /// Whether actors of the kit have URNs like this.
  [[nodiscard]] bool serves(const proto::Urn& urn) const;
  /// Runs until `done`, or nothing is ready. Takes what it uses off the turns left.
  template <typename Done>
  [[nodiscard]] proto::Result<void> run_until(const Done& done, std::uint64_t& turns_left);
  /// Moves the clock and acts on what is due.
  [[nodiscard]] proto::Result<void> fire(runtime::TimePoint when, std::uint64_t& turns_left);
  /// Takes one off the turns left; OVERLOADED when they are used up.
  [[nodiscard]] proto::Result<void> use(std::uint64_t& turns_left) const;
  [[nodiscard]] Reply timed_out(const PendingAsk& ask) const;

  KitOptions options_;
  FakeClock clock_;
  SeededRandom random_;
  LogLines log_;
  Record record_;
  ObservedObjects objects_;
  conclib_host runtime_host_{};
  std::vector<std::unique_ptr<ObservedPlugin>> plugins_;
  Post post_;
  runtime::Runtime runtime_;

  bool started_ = false;
  bool stopped_ = false;
  std::uint32_t drained_ = 0;
  std::uint64_t entries_ = 0;
  std::optional<runtime::TimePoint> next_timer_;
  std::map<std::uint64_t, PendingAsk> asks_;
  std::string last_turn_;  // whose
  /// The tell that is being delivered, and how it was refused if it was.
  std::uint64_t delivering_ = 0;
  std::optional<proto::Error> refused_;
};

}  // namespace conclib::testkit
