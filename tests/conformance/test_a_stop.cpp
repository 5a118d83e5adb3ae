// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/conformance/diary.hpp"

using namespace std::chrono_literals;
using namespace conclib::conformance;
using conclib::testkit::Kit;

namespace {

struct Say {
  std::string text;
  CONCLIB_MESSAGE(Say, text)
};
struct Order {
  std::string what;
  CONCLIB_MESSAGE(Order, what)
};
struct Linger {
  CONCLIB_MESSAGE(Linger)
};

/// Does what it is told until it is stopped.
class Clerk final : public Writer {
 public:
  static constexpr std::string_view urn = "clerk";

  Clerk() {
    on(&Clerk::say);
    on(&Clerk::order);
    on(&Clerk::linger);
  }
  void on_stop() override { note("on_stop"); }
  std::string say(const Say& message) {
    note(message.text);
    return message.text;
  }
  conclib::Task<void> order(Order message) {
    if (message.what == "stop twice") {
      stop();
      stop();
    } else if (message.what == "message, then stop") {
      tell(self(), Say{"to self"});
      stop();
    } else if (message.what == "wait for own end") {
      try {
        (void)co_await stop_and_wait(self());
        note("it waited for its own end");
      } catch (const conclib::Error& error) {
        note(std::to_string(error.status()) + " " + error.what());
      }
    }
  }
  conclib::Task<void> linger(Linger) {
    note("lingering");
    (void)co_await ask<std::string>("nobody", conclib::make<Say>(), 1h);
  }
};

/// Stops the clerk in all manners.
class Boss final : public Writer {
 public:
  static constexpr std::string_view urn = "boss";

  Boss() {
    on(&Boss::order);
    on(&Boss::stop_in_time);
  }

  void order(const Order& message) {
    const bool now = message.what == "now";
    tell("clerk", Say{"first"});
    tell("clerk", Say{"second"});
    send_ask("before");
    stop_clerk("first stop", {.now = now, .timeout = 1s});
    stop_clerk("second stop", {.now = now, .timeout = 1s});
    send_ask("behind");
    tell("clerk", Say{"behind"});
  }

  conclib::Task<void> stop_in_time(Say message) {
    try {
      (void)co_await stop_and_wait("clerk", {.now = false, .timeout = 2s});
      note("stopped");
    } catch (const conclib::Error& error) {
      note(std::to_string(error.status()) + " " + error.what());
    }
    note(message.text);
  }

 private:
  void send_ask(const std::string& text) {
    ask<std::string>("clerk", Say{"ask " + text}, {}, [this, text](auto answer) {
      note("answer to ask " + text + ": " + std::to_string(answer.status()));
    });
  }
  void stop_clerk(const std::string& text, conclib::StopOptions options) {
    const auto stopped = stop_and_wait("clerk", options).start();
    stopped.on_ready([this, text, stopped] {
      note(text + (stopped.failed() ? " failed" : stopped.get() ? ": true" : ": false"));
    });
  }
};

}  // namespace

TEST_CASE("A6 a stop lets what was queued before it be handled, and runs on_stop") {
  Kit kit;
  kit.add<Clerk, Boss>();
  const Diary diary(kit);
  kit.run();
  kit.tell("boss", Order{"after what is queued"});
  kit.run();

  const auto& lines = diary.lines();
  REQUIRE(lines.size() >= 4);
  CHECK(Lines(lines.begin(), lines.begin() + 4) ==
        Lines{"first", "second", "ask before", "on_stop"});
  CHECK(lines_with(lines, "answer to ask before: 0") == 1);
  CHECK_FALSE(kit.alive("clerk"));
}

TEST_CASE("A6 an ask queued behind a stop is answered ACTOR_STOPPED") {
  Kit kit;
  kit.add<Clerk, Boss>();
  const Diary diary(kit);
  kit.run();
  kit.tell("boss", Order{"after what is queued"});
  kit.run();

  const auto stopped = std::to_string(CONCLIB_ACTOR_STOPPED);
  CHECK(lines_with(diary.lines(), "answer to ask behind: " + stopped) == 1);
  CHECK(std::count(diary.lines().begin(), diary.lines().end(), "ask behind") == 0);
  CHECK(std::count(diary.lines().begin(), diary.lines().end(), "behind") == 0);
}

TEST_CASE("A6 a second queued stop completes too") {
  Kit kit;
  kit.add<Clerk, Boss>();
  const Diary diary(kit);
  kit.run();
  kit.tell("boss", Order{"after what is queued"});
  kit.run();

  CHECK(lines_with(diary.lines(), "first stop: true") == 1);
  CHECK(lines_with(diary.lines(), "second stop: true") == 1);
  CHECK(lines_with(diary.lines(), "on_stop") == 1);
  CHECK(kit.elapsed() == 0ns);
}

TEST_CASE("A11 two stops from within the actor are fine") {
  Kit kit;
  kit.add<Clerk>();
  const Diary diary(kit);
  CHECK_NOTHROW((void)kit.ask<conclib::Done>("clerk", Order{"stop twice"}));
  kit.run();

  CHECK(diary.lines() == Lines{"on_stop"});
  CHECK_FALSE(kit.alive("clerk"));
  kit.expect_no_failures();
}

TEST_CASE("A11 a message to itself, then a stop: the message is handled first") {
  Kit kit;
  kit.add<Clerk>();
  const Diary diary(kit);
  kit.tell("clerk", Order{"message, then stop"});
  kit.run();

  CHECK(diary.lines() == Lines{"to self", "on_stop"});
  CHECK_FALSE(kit.alive("clerk"));
}

TEST_CASE("A12 an immediate stop answers queued asks ACTOR_STOPPED and buries queued tells") {
  Kit kit;
  kit.add<Clerk, Boss>();
  const Diary diary(kit);
  kit.run();
  kit.tell("boss", Order{"now"});
  kit.run();

  const auto stopped = std::to_string(CONCLIB_ACTOR_STOPPED);
  const auto& lines = diary.lines();
  CHECK(std::count(lines.begin(), lines.end(), "first") == 0);
  CHECK(std::count(lines.begin(), lines.end(), "second") == 0);
  CHECK(lines_with(lines, "on_stop") == 1);
  CHECK(lines_with(lines, "answer to ask before: " + stopped) == 1);
  CHECK(lines_with(lines, "answer to ask behind: " + stopped) == 1);
  CHECK(lines_with(lines, "first stop: true") == 1);
  const auto dead = kit.dead_letters();
  REQUIRE(dead.size() == 3);
  CHECK(dead[0].actor == "clerk");
  CHECK(dead[0].message_type == "Say");
  CHECK(dead[0].status == CONCLIB_ACTOR_STOPPED);
  CHECK_FALSE(dead[0].text.empty());
}

TEST_CASE("A12 a graceful stop waits for a handler that has begun to wait") {
  Kit kit;
  kit.add<Clerk, Boss>();
  auto& nobody = kit.probe("nobody");
  const Diary diary(kit);
  kit.tell("clerk", Linger{});
  kit.run();
  kit.tell("boss", Say{"after the stop"});
  kit.run();
  CHECK(kit.alive("clerk"));

  (void)nobody.expect<Say>();
  nobody.reply(std::string("done"));
  kit.run();
  CHECK(diary.lines() == Lines{"lingering", "on_stop", "stopped", "after the stop"});
  CHECK_FALSE(kit.alive("clerk"));
}

TEST_CASE("A13 a wait of an actor for its own end is refused, not a deadlock") {
  Kit kit;
  kit.add<Clerk>();
  const Diary diary(kit);
  CHECK_NOTHROW((void)kit.ask<conclib::Done>("clerk", Order{"wait for own end"}));
  kit.run();

  REQUIRE(diary.lines().size() == 1);
  CHECK(holds(diary.lines()[0], std::to_string(CONCLIB_DEADLOCK) + " "));
  CHECK(holds(diary.lines()[0], "clerk"));
  CHECK(kit.alive("clerk"));
  CHECK(kit.elapsed() == 0ns);
}

TEST_CASE("A14 a stop that timed out says so, and says what it waits for") {
  Kit kit;
  kit.add<Clerk, Boss>();
  (void)kit.probe("nobody");
  const Diary diary(kit);
  kit.tell("clerk", Linger{});
  kit.run();
  kit.tell("boss", Say{"the boss goes on"});
  kit.advance(1999ms);
  CHECK(diary.lines() == Lines{"lingering"});
  kit.advance(2ms);

  REQUIRE(diary.lines().size() == 3);
  CHECK(holds(diary.lines()[1], std::to_string(CONCLIB_TIMEOUT) + " "));
  CHECK(holds(diary.lines()[1], "actor clerk did not end in time"));
  CHECK(holds(diary.lines()[1], "it waits in the middle of a message"));
  CHECK(diary.lines()[2] == "the boss goes on");
}
