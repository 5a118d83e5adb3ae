// SPDX-License-Identifier: MIT
#include <atomic>
#include <semaphore>
#include <stdexcept>

#include <doctest/doctest.h>

#include "conclib/testkit.hpp"
#include "tests/conformance/diary.hpp"
#include "tests/conformance/threaded_worker.hpp"

using namespace std::chrono_literals;
using conclib::Done;
using conclib::Task;
using conclib::conformance::eventually;
using conclib::conformance::Note;
using conclib::conformance::ThreadedWorker;
using conclib::testkit::Kit;

namespace {

struct Fail {
  CONCLIB_MESSAGE(Fail)
};
struct Flood {
  std::string urn;
  std::int64_t times = 0;
  CONCLIB_MESSAGE(Flood, urn, times)
};
struct StopNow {
  std::string urn;
  CONCLIB_MESSAGE(StopNow, urn)
};

class Clerk final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "clerk";
  static constexpr conclib::Supervision supervision{.on_failure = conclib::OnFailure::resume};
  Clerk() {
    on(&Clerk::said);
    on(&Clerk::fail);
    on(&Clerk::end);
  }
  void said(const Note&) {}
  void fail(const Fail&) { throw std::runtime_error("it broke"); }
  void end(const Done&) { stop(); }
};

class Narrow final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "narrow";
  static constexpr unsigned mailbox_messages_max = 3;
  static constexpr bool drop_when_full = true;
  Narrow() { on(&Narrow::said); }
  void said(const Note&) {}
};

/// Tells others what may not reach them.
class Sender final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "sender";
  Sender() {
    on(&Sender::flood);
    on(&Sender::fail);
    on(&Sender::end);
    on(&Sender::stop_now);
  }
  void flood(const Flood& message) {
    for (std::int64_t i = 0; i < message.times; ++i) tell(message.urn, Note{"hello"});
  }
  void fail(const Fail& message) { tell("clerk", message); }
  void end(const Done&) {
    stop("clerk");
    tell("clerk", Note{"too late"});
  }
  void stop_now(const StopNow& message) {
    tell(message.urn, Note{"never taken"});
    stop(message.urn, {.now = true});
  }
};

}  // namespace

TEST_CASE("S4 a tell behind the stop of its actor is a dead letter with the reason") {
  Kit kit;
  kit.add<Clerk, Sender>();
  kit.tell("sender", Done{});
  kit.run();
  const auto letters = kit.dead_letters();
  REQUIRE(letters.size() == 1);
  CHECK(letters[0].actor == "clerk");
  CHECK(letters[0].message_type == "Note");
  CHECK(letters[0].status == CONCLIB_ACTOR_STOPPED);
  CHECK(letters[0].text.find("clerk") != std::string::npos);
}

TEST_CASE("S4 a tell that an immediate stop leaves in the mailbox is a dead letter") {
  Kit kit;
  kit.add<Clerk, Sender>();
  kit.run();
  kit.tell("sender", StopNow{"clerk"});
  kit.run();
  const auto letters = kit.dead_letters();
  REQUIRE(letters.size() == 1);
  CHECK(letters[0].status == CONCLIB_ACTOR_STOPPED);
  CHECK_MESSAGE(letters[0].text.find("stopped at once") != std::string::npos, letters[0].text);
}

TEST_CASE("S4 a tell that fails or that no handler takes is a dead letter") {
  Kit kit;
  kit.add<Clerk, Sender, Narrow>();
  kit.tell("sender", Fail{});
  kit.tell("sender", Flood{"sender", 1});
  kit.run();
  const auto letters = kit.dead_letters();
  REQUIRE(letters.size() == 2);
  const bool failed_first = letters[0].message_type == "Fail";
  const auto& failed = letters[failed_first ? 0 : 1];
  const auto& unexpected = letters[failed_first ? 1 : 0];
  CHECK(failed.actor == "clerk");
  CHECK(failed.status == CONCLIB_ACTOR_FAILED);
  CHECK(failed.text.find("it broke") != std::string::npos);
  CHECK(unexpected.actor == "sender");
  CHECK(unexpected.message_type == "Note");
  CHECK(unexpected.status == CONCLIB_UNEXPECTED_MESSAGE);
}

TEST_CASE("S4 what a full mailbox drops is counted and kept") {
  Kit kit;
  kit.add<Narrow, Sender>();
  kit.tell("sender", Flood{"narrow", 5});
  kit.run();
  const auto letters = kit.dead_letters();
  REQUIRE(letters.size() == 2);
  CHECK(letters[0].actor == "narrow");
  CHECK(letters[0].status == CONCLIB_OVERLOADED);
  CHECK(letters[0].text.find("full") != std::string::npos);
  CHECK(kit.failures().empty());
}

TEST_CASE("S4 a worker counts its dead letters and says who sent them") {
  ThreadedWorker worker;
  worker.add<Clerk, Sender>();
  worker.start();
  (void)worker.ask<Done>("sender", Fail{});
  (void)worker.ask<Done>("sender", Fail{});
  REQUIRE(eventually([&] { return worker.stats().dead_letters == 2; }));
  const auto letters = worker.runtime().dead_letters();
  REQUIRE(letters.size() == 2);
  CHECK(letters[0].urn == "clerk");
  CHECK(letters[0].sender == "sender");
  CHECK(letters[0].type == "Fail");
  CHECK(letters[0].status == conclib::proto::Status::actor_failed);
}

namespace {

struct Gate {
  std::atomic<int> inside{0};
  std::counting_semaphore<64> open{0};
};

struct Hold {
  CONCLIB_MESSAGE(Hold)
};

/// Does not block by its declaration, but does.
class Stuck final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "stuck/{n}";
  static constexpr auto handler_limit = 40ms;
  Stuck() { on(&Stuck::hold); }
  void hold(const Hold&) {
    auto& gate = *shared<Gate*>();
    ++gate.inside;
    gate.open.acquire();
  }
};

class Lively final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "lively";
  static constexpr auto handler_limit = 150ms;
  Lively() { on(&Lively::said); }
  std::string said(const Note& message) { return message.text; }
};

}  // namespace

TEST_CASE("S5 a handler beyond its limit is reported once with actor, type and age") {
  Gate gate;
  ThreadedWorker worker(ThreadedWorker::options_of(2));
  worker.add_sharing<Stuck, Lively>(gate);
  worker.start();
  const auto held = worker.tell("stuck/a", Hold{});
  REQUIRE(eventually([&] { return worker.stats().stuck == 1; }));
  CHECK(worker.logged({"stuck/a", "stuck", "Hold", " ms", "limit is 40 ms"}) == 1);

  // The rest go on, and what has been reported is not reported again.
  for (int i = 0; i < 100; ++i) {
    CHECK(worker.ask<std::string>("lively", Note{"still here"}) == "still here");
  }
  const auto again = worker.tell("stuck/b", Hold{});
  REQUIRE(eventually([&] { return worker.stats().stuck == 2; }));
  CHECK(worker.logged({"stuck/a", "is stuck"}) == 1);
  CHECK(worker.logged({"stuck/b", "is stuck"}) == 1);
  gate.open.release(2);
  held.wait();
  again.wait();
  CHECK(worker.ask<std::string>("lively", Note{"still here"}) == "still here");
  CHECK(worker.stats().stuck == 2);
}

TEST_CASE("S5 handlers within their limit are not reported, however many there are") {
  Gate gate;
  ThreadedWorker worker(ThreadedWorker::options_of(2));
  worker.add_sharing<Stuck, Lively>(gate);
  worker.start();
  const auto held = worker.tell("stuck/a", Hold{});
  const auto end = std::chrono::steady_clock::now() + 500ms;
  while (std::chrono::steady_clock::now() < end) {
    (void)worker.ask<std::string>("lively", Note{"quick"});
  }
  CHECK(worker.stats().stuck == 1);
  CHECK(worker.logged({"lively", "is stuck"}) == 0);
  gate.open.release();
  held.wait();
}

namespace {

/// What left the worker.
struct Departures {
  std::mutex mutex;
  std::vector<conclib::runtime::OutboundMessage> messages;
  std::size_t count() {
    const std::lock_guard lock(mutex);
    return messages.size();
  }
};

struct TimeLeft {
  std::int64_t first_ms = -1;
  std::int64_t second_ms = -1;
  CONCLIB_MESSAGE(TimeLeft, first_ms, second_ms)
};

/// Passes a message on within the worker, and what it causes there leaves it.
class First final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "first";
  First() {
    on(&First::said);
    on(&First::fail);
    on(&First::left);
  }
  void said(const Note& message) { tell("second", message); }
  /// The way of a callback and of a timer.
  void fail(const Fail&) {
    ask<Done>("second", Done{}, 5s,
              [this](conclib::AskResult<Done>) { tell("elsewhere", Note{"after a callback"}); });
  }
  Task<TimeLeft> left(TimeLeft) {
    const auto mine = time_left().value_or(-1ms).count();
    co_await sleep(10ms);
    TimeLeft question;
    auto answer = co_await ask<TimeLeft>("second", question, 1h);
    answer.first_ms = mine;
    co_return answer;
  }
};

class Second final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "second";
  Second() {
    on(&Second::said);
    on(&Second::done);
    on(&Second::left);
  }
  void said(const Note& message) { tell("elsewhere", message); }
  void done(const Done&) {}
  TimeLeft left(const TimeLeft& question) {
    return {question.first_ms, time_left().value_or(-1ms).count()};
  }
};

conclib::runtime::OutboundMessage arriving(std::string_view type) {
  conclib::runtime::OutboundMessage message;
  message.id = "id of the request";
  message.urn = "first";
  message.type = type;
  message.body = conclib::encode(Note{"hello"});
  message.root = "id of the root";
  message.trace_parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  message.trace_state = "vendor=1";
  return message;
}

/// What leaves the worker because of what came to it.
conclib::runtime::OutboundMessage caused_by(const conclib::runtime::OutboundMessage& message) {
  Departures departures;
  auto options = ThreadedWorker::options_of(2);
  options.unknown_types_outside = true;
  ThreadedWorker worker(options);
  worker.add<First, Second>();
  worker.route([&](auto left) -> conclib::proto::Result<void> {
    const std::lock_guard lock(departures.mutex);
    departures.messages.push_back(std::move(left));
    return {};
  });
  worker.start();
  worker.take(message, [](const conclib::conformance::Answer&) {});
  REQUIRE(eventually([&] { return departures.count() == 1; }));
  worker.stop();
  return departures.messages.front();
}

}  // namespace

TEST_CASE("S7 what a message causes through other actors has its root and trace") {
  const auto message = arriving("Note");
  const auto caused = caused_by(message);
  CHECK(caused.urn == "elsewhere");
  CHECK(caused.source == "second");
  CHECK(caused.root == message.root);
  CHECK(caused.trace_parent == message.trace_parent);
  CHECK(caused.trace_state == message.trace_state);
  CHECK(caused.id != message.id);
}

TEST_CASE("S7 what a callback sends has the root and trace of what asked") {
  const auto message = arriving("Fail");
  const auto caused = caused_by(message);
  CHECK(caused.source == "first");
  CHECK(caused.root == message.root);
  CHECK(caused.trace_parent == message.trace_parent);
}

TEST_CASE("S7 a request without a root is the root of what it causes") {
  auto message = arriving("Note");
  message.root.clear();
  CHECK(caused_by(message).root == message.id);
}

TEST_CASE("S7 an ask that a message causes ends with the deadline of the message") {
  Kit kit;
  kit.add<First, Second>();
  const auto left = kit.ask<TimeLeft>("first", TimeLeft{}, 1s);
  CHECK(left.first_ms <= 1000);
  CHECK(left.first_ms > 900);
  CHECK(left.second_ms == left.first_ms - 10);
}
