// SPDX-License-Identifier: MIT
/// Tests of actors, in a few lines and without Redis: the actors run in the real runtime, but on
/// the thread of the test, and time passes only when the test says so. Link conclib::testkit.
///
///     conclib::testkit::Kit kit({.seed = 42, .settings = {{"limit", "3"}}});
///     kit.add<Counter, Cart>();
///     CHECK(kit.ask<Total>("counter/visits", Add{1}).value == 1);  // throws conclib::Error
///     kit.tell("cart/42", Checkout{});
///     auto& shop = kit.probe("shop");                              // stands for another actor
///     CHECK(shop.expect<Order>().item == "tea");                   // throws what came instead
///     shop.reply(Confirmed{});
///     kit.advance(std::chrono::minutes(5));                        // its timers fire
///     CHECK(kit.failures().empty());
///
/// Which actor has the next turn is chosen at random by the seed: the same seed gives the same
/// order and the same trace(), other seeds find others (not so for what threads of the actors'
/// own do). It needs no test framework: what is not as expected is thrown.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conclib/actor.hpp"
#include "conclib/testkit.h"

namespace conclib::testkit {

class Kit;

struct Options {
  /// Decides the order of turns.
  std::uint64_t seed = 0;
  /// What the actors find as settings of their plugin.
  std::map<std::string, std::string> settings{};
  /// For asks that name no time-out, of the test and between actors.
  std::chrono::milliseconds ask_timeout{5000};
  /// A run that does not end is given up after so many turns.
  std::uint64_t turns_max = 1'000'000;
};

/// Something that went wrong in an actor, or a message that reached none.
struct Failure {
  std::string actor;
  /// Name of the message type; `on_start`, `on_stop`, `constructor`, `callback` for what was none.
  std::string message_type;
  conclib_status status = CONCLIB_OK;
  std::string text;
};

/// A message of an actor for somebody who is no actor of the kit.
struct Letter {
  std::string to;
  std::string from;
  std::string type;
  /// One msgpack value.
  std::string body;
  bool is_ask = false;

  template <typename M>
  [[nodiscard]] bool is() const;
  /// The message. Throws DecodeError.
  template <typename M>
  [[nodiscard]] M as() const;
  /// Such as `Mail {"to":"me"} from cart/42`.
  [[nodiscard]] std::string text() const;
};

/// What the test expected did not happen. Its text says what did.
class ExpectationFailed : public Error {
 public:
  explicit ExpectationFailed(const std::string& text) : Error(CONCLIB_UNEXPECTED_MESSAGE, text) {}
};

/// An ask that has been sent and waits for its reply.
template <typename Reply>
class Pending {
 public:
  [[nodiscard]] bool done() const { return conclib_kit_answered(kit_, ask_) != 0; }
  /// Runs until it is answered, once. Throws Error with the status of a failure.
  [[nodiscard]] Reply get();

 private:
  friend class Kit;
  Pending(Kit& owner, conclib_kit* kit, std::uint64_t ask) : owner_(&owner), kit_(kit), ask_(ask) {}

  Kit* owner_;
  conclib_kit* kit_;
  std::uint64_t ask_;
};

/// Stands for an actor that is not under test.
class Probe {
 public:
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  /// Runs until nothing is ready; then the oldest message to this URN, which must be an M. Throws
  /// ExpectationFailed with what came instead.
  template <typename M>
  [[nodiscard]] M expect();
  /// Runs until nothing is ready; then there must be no message.
  void expect_nothing();

  /// Who sent the message that was last expected.
  [[nodiscard]] const std::string& sender() const { return last_.from; }
  /// Answers the ask that was last expected. Throws Error if it was a tell, or was answered.
  template <typename Reply>
  void reply(const Reply& reply);
  void fail(conclib_status status, std::string_view text);

  /// From now on each M is given to `handler(const M&)`, whose result answers it if it is an ask.
  /// A conclib::Error that it throws is the answer, too; what else it throws comes out of the call
  /// of the test that runs the actors.
  template <typename M, typename Handler>
  void on(Handler handler);

  /// Sends as this URN.
  template <typename M>
  void tell(std::string_view to, const M& message);

  [[nodiscard]] const std::string& urn() const { return urn_; }

 private:
  friend class Kit;
  Probe(Kit& kit, std::string_view urn) : kit_(kit), urn_(urn) {}

  static int listen(void* probe, const conclib_kit_letter* letter) noexcept;
  int handle(const conclib_kit_letter& letter);
  [[nodiscard]] bool take();
  void answer(std::uint64_t ask, conclib_status status, std::string_view type,
              std::string_view body, std::string_view text);

  Kit& kit_;
  std::string urn_;
  Letter last_;
  std::uint64_t ask_ = 0;
  std::map<std::string, std::function<void(const conclib_kit_letter&)>, std::less<>> handlers_;
};

/// A world of actors for one test.
/// Threading: one thread at a time. All throw Error (or bad_alloc) if they cannot do what they say.
class Kit {
 public:
  explicit Kit(const Options& options = {});
  Kit(const Kit&) = delete;
  Kit& operator=(const Kit&) = delete;

  /// Adds actor classes, as CONCLIB_PLUGIN does: list children, too. Before the first message.
  template <typename... Actors>
  void add();
  /// The same with what they share, see CONCLIB_PLUGIN_SHARING.
  template <typename Shared, typename... Actors>
  void add_sharing();
  /// Adds a plugin that is linked to the test: `kit.load(conclib_plugin_table())`.
  void load(const conclib_plugin* table);

  /// Puts a message into an actor's mailbox; it is handled when something runs.
  template <typename M>
  void tell(std::string_view urn, const M& message);
  /// Sends an ask and runs until it is answered. Time-outs pass on the clock of the kit: when
  /// nothing is ready, it moves from timer to timer up to the deadline (TIMEOUT).
  template <typename Reply, typename M>
  Reply ask(std::string_view urn, const M& message, std::chrono::nanoseconds timeout = {});
  /// Sends an ask and runs nothing yet.
  template <typename Reply, typename M>
  [[nodiscard]] Pending<Reply> begin_ask(std::string_view urn, const M& message,
                                         std::chrono::nanoseconds timeout = {});

  /// Until nothing is ready. Throws Error (OVERLOADED) after `turns_max` turns.
  void run();
  /// Lets time pass, from timer to timer, and runs what each of them makes ready.
  void advance(std::chrono::nanoseconds time);
  /// How much time has passed.
  [[nodiscard]] std::chrono::nanoseconds elapsed() const;
  /// Runs until nothing is ready, then ends all actors as a worker does that is stopped: on_stop
  /// runs. The destructor ends them, too, but forgets what waits in mailboxes.
  void stop();

  /// Somebody of this URN who is no actor of the kit. Lives as long as the kit.
  Probe& probe(std::string_view urn);
  /// Messages to nobody: to URNs that are no actors of the kit and no probes. Such asks fail with
  /// NO_ACTOR.
  [[nodiscard]] std::vector<Letter> sent() const;

  /// What failed: handlers (of tells and asks), starts, stops, callbacks.
  [[nodiscard]] std::vector<Failure> failures() const;
  /// Throws ExpectationFailed with all of them.
  void expect_no_failures() const;
  /// Messages that reached no handler, and why.
  [[nodiscard]] std::vector<Failure> dead_letters() const;
  /// How often the actor was made anew after a failure.
  [[nodiscard]] std::uint64_t restarts(std::string_view urn) const;
  [[nodiscard]] bool alive(std::string_view urn) const;
  /// URNs of the live ones, sorted.
  [[nodiscard]] std::vector<std::string> actors() const;
  /// Lines such as `warn runtime: actor a failed ...`, those of actors' log() among them.
  [[nodiscard]] std::vector<std::string> log() const;
  /// What the actors counted under this name.
  [[nodiscard]] std::uint64_t counter(std::string_view name) const;
  /// What happened, one line each: turns, messages, timers.
  [[nodiscard]] std::string trace() const;

 private:
  friend class Probe;
  template <typename Reply>
  friend class Pending;

  /// Throws what a call has to say.
  void check(conclib_status status);
  void send(std::string_view urn, std::string_view type, std::string_view body,
            std::string_view sender);

  std::map<std::string, std::unique_ptr<Probe>, std::less<>> probes_;
  /// What the handler of a probe threw.
  std::exception_ptr thrown_;
  /// Destroyed first: actors send to probes when they end.
  std::unique_ptr<conclib_kit, decltype(&conclib_kit_close)> kit_;
};

}  // namespace conclib::testkit

#include "conclib/detail/testkit_inline.hpp"
