// SPDX-License-Identifier: MIT
// A plugin in plain C can do what one in C++ can, but for coroutines.
#include <functional>
#include <string>

#include <doctest/doctest.h>

#include "conclib/testkit.hpp"
#include "tests/conformance/c_actor.h"
#include "tests/conformance/threaded_worker.hpp"

using conclib::testkit::Kit;
using namespace std::chrono_literals;

namespace {

struct Add {
  std::int64_t value = 0;
  CONCLIB_MESSAGE(Add, value)
};
struct Total {
  std::int64_t value = 0;
  CONCLIB_MESSAGE(Total, value)
};
struct Quote {
  std::int64_t value = 0;
  CONCLIB_MESSAGE(Quote, value)
};
/// The end of a child, as its parent heard of it: the status divided by ten.
struct Ended {
  std::int64_t value = 0;
  CONCLIB_MESSAGE(Ended, value)
};
struct Stopped {
  std::int64_t value = 0;
  CONCLIB_MESSAGE(Stopped, value)
};

/// Messages that say nothing but their name.
#define ORDER(Name)       \
  struct Name {           \
    CONCLIB_MESSAGE(Name) \
  }
ORDER(Ask);
ORDER(Forward);
ORDER(Census);
ORDER(Query);
ORDER(Tick);
ORDER(Await);
ORDER(Spawn);
ORDER(StopChild);
ORDER(TellChild);
ORDER(Unwatch);
ORDER(Retire);
ORDER(Fail);
ORDER(FailLater);
ORDER(FailFromCallback);
ORDER(Rank);
ORDER(Nonsense);
#undef ORDER

struct Stage {
  Stage() { kit.load(c_actor_plugin()); }
  template <typename M>
  void tell(const std::string& urn) {
    kit.tell(urn, M{});
    kit.run();
  }
  template <typename M>
  std::int64_t ask(const std::string& urn) {
    return kit.ask<Total>(urn, M{}).value;
  }

  Kit kit;
};

conclib_status status_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const conclib::Error& error) {
    return error.status();
  }
  return CONCLIB_OK;
}

}  // namespace

TEST_CASE("C plugin: an actor is made, started, asked, told and stopped") {
  Stage stage;
  CHECK(stage.kit.ask<Total>("desk/a", Add{2}).value == 2);
  stage.kit.tell("desk/a", Add{3});
  CHECK(stage.kit.ask<Total>("desk/a", Add{1}).value == 6);
  CHECK(stage.kit.ask<Total>("desk/b", Add{1}).value == 1);
  CHECK(stage.kit.counter("started") == 2);
  stage.tell<Retire>("desk/a");
  CHECK_FALSE(stage.kit.alive("desk/a"));
  CHECK(stage.kit.counter("stopped") == 1);
  stage.kit.expect_no_failures();
}

TEST_CASE("C plugin: an actor asks another one and answers later") {
  Stage stage;
  auto& shop = stage.kit.probe("shop");
  auto asked = stage.kit.begin_ask<Total>("desk/a", Ask{});
  CHECK(shop.expect<Quote>().value == 5);
  CHECK(stage.kit.ask<Total>("desk/a", Add{1}).value == 1);
  CHECK_FALSE(asked.done());
  shop.reply(Total{41});
  CHECK(asked.get().value == 42);

  auto late = stage.kit.begin_ask<Total>("desk/a", Ask{});
  CHECK(shop.expect<Quote>().value == 5);
  stage.kit.advance(2s);
  CHECK(status_of([&] { static_cast<void>(late.get()); }) == CONCLIB_ACTOR_FAILED);
}

TEST_CASE("C plugin: an actor has another one answer") {
  Stage stage;
  auto& shop = stage.kit.probe("shop");
  auto asked = stage.kit.begin_ask<Total>("desk/a", Forward{});
  CHECK(shop.expect<Quote>().value == 6);
  shop.reply(Total{43});
  CHECK(asked.get().value == 43);
}

TEST_CASE("C plugin: actors are found, listed by class and referred to") {
  Stage stage;
  CHECK(stage.kit.ask<Total>("desk/a", Add{1}).value == 1);
  stage.tell<Spawn>("desk/b");
  // Of fixed URNs there are two: stubborn and fragile.
  CHECK(stage.ask<Census>("desk/a") == 51);
  stage.tell<StopChild>("desk/b");
  CHECK(stage.ask<Census>("desk/a") == 40);
}

TEST_CASE("C plugin: a child is made with an argument, watched, and stopped") {
  Stage stage;
  auto& journal = stage.kit.probe("journal");
  int ended = 0;
  int stopped = 0;
  journal.on<Ended>([&](const Ended& message) { ended += message.value == 0 ? 1 : 100; });
  journal.on<Stopped>([&](const Stopped& message) { stopped += message.value == 0 ? 1 : 100; });
  stage.tell<Spawn>("desk/a");
  CHECK(stage.ask<Rank>("desk/a#clerk") == 30);
  stage.tell<StopChild>("desk/a");
  CHECK_FALSE(stage.kit.alive("desk/a#clerk"));
  CHECK(ended == 1);
  CHECK(stopped == 1);
  stage.kit.expect_no_failures();
}

TEST_CASE("C plugin: a watch that was given up says nothing") {
  Stage stage;
  auto& journal = stage.kit.probe("journal");
  stage.tell<Spawn>("desk/a");
  stage.tell<Unwatch>("desk/a");
  stage.tell<StopChild>("desk/a");
  CHECK(journal.expect<Stopped>().value == 0);
  journal.expect_nothing();
}

TEST_CASE("C plugin: a child ends before its parent") {
  Stage stage;
  stage.tell<Spawn>("desk/a");
  stage.tell<Retire>("desk/a");
  CHECK_FALSE(stage.kit.alive("desk/a#clerk"));
  CHECK_FALSE(stage.kit.alive("desk/a"));
  const auto trace = stage.kit.trace();
  CHECK(trace.find("desk/a#clerk stops") < trace.find("desk/a stops"));
}

TEST_CASE(
    "C plugin: a failed child is restarted with its argument, then ends, and it is said why") {
  Stage stage;
  auto& journal = stage.kit.probe("journal");
  stage.tell<Spawn>("desk/a");
  for (int i = 1; i <= 2; ++i) {
    stage.tell<TellChild>("desk/a");
    stage.kit.advance(2s);
    CHECK(stage.ask<Rank>("desk/a#clerk") == 30 + i);
  }
  journal.expect_nothing();
  stage.tell<TellChild>("desk/a");
  stage.kit.advance(2s);
  CHECK_FALSE(stage.kit.alive("desk/a#clerk"));
  CHECK(journal.expect<Ended>().value == CONCLIB_ACTOR_FAILED / 10);
  CHECK(stage.kit.counter("failed") == 3);
  CHECK(stage.kit.counter("stopped") == 0);
}

TEST_CASE("C plugin: timers tick and are cancelled, also in their own call") {
  Stage stage;
  stage.tell<Tick>("desk/a");
  CHECK(stage.kit.counter("ticks") == 1);
  stage.kit.advance(1s);
  CHECK(stage.kit.counter("ticks") == 2);
  stage.kit.advance(1h);
  CHECK(stage.kit.counter("ticks") == 3);
}

TEST_CASE("C plugin: a receive time-out calls idle") {
  Stage stage;
  stage.tell<Await>("desk/a");
  stage.kit.advance(9s);
  CHECK(stage.kit.ask<Total>("desk/a", Add{1}).value == 1);
  stage.kit.advance(9s);
  CHECK(stage.kit.counter("idle") == 0);
  stage.kit.advance(11s);
  CHECK(stage.kit.counter("idle") == 2);
}

TEST_CASE(
    "C plugin: a thread of the plugin's own completes a work, during which nothing else runs") {
  Stage stage;
  for (int i = 0; i < 20; ++i) {
    auto queried = stage.kit.begin_ask<Total>("desk/a", Query{});
    auto behind = stage.kit.begin_ask<Total>("desk/a", Add{1});
    CHECK(conclib::conformance::eventually([&] {
      stage.kit.run();
      return behind.done();
    }));
    CHECK(queried.done());
    CHECK(queried.get().value == 77);
    CHECK(behind.get().value == i + 1);
  }
  stage.kit.expect_no_failures();
}

TEST_CASE("C plugin: the failure of an ask is its asker's, and the actor goes on") {
  Stage stage;
  CHECK(status_of([&] { stage.ask<Fail>("desk/a"); }) == CONCLIB_ACTOR_FAILED);
  CHECK(status_of([&] { stage.ask<Nonsense>("desk/a"); }) == CONCLIB_UNEXPECTED_MESSAGE);
  CHECK(stage.kit.counter("failed") == 0);
  CHECK(stage.kit.counter("made") == 3);
  CHECK(stage.ask<Rank>("desk/a") == 0);
}

TEST_CASE("C plugin: a tell, a timer or a call that fails is the actor's failure") {
  Stage stage;
  stage.tell<Fail>("desk/a");
  CHECK(stage.kit.counter("failed") == 1);
  stage.kit.advance(1min);
  stage.tell<FailFromCallback>("desk/a");
  CHECK(stage.kit.counter("failed") == 2);
  stage.kit.advance(1min);
  stage.tell<FailLater>("desk/a");
  stage.kit.advance(1min);
  CHECK(stage.kit.counter("failed") == 3);
  CHECK(stage.kit.restarts("desk/a") == 3);
  CHECK(stage.ask<Rank>("desk/a") == 3);
  CHECK(stage.kit.counter("failed_mutely") == 0);
}

TEST_CASE("C plugin: the type says what is done after a failure") {
  Stage stage;
  CHECK(stage.kit.ask<Total>("stubborn", Add{5}).value == 5);
  stage.tell<Fail>("stubborn");
  CHECK(stage.kit.ask<Total>("stubborn", Add{5}).value == 10);
  CHECK(stage.kit.restarts("stubborn") == 0);

  CHECK(stage.kit.alive("fragile"));
  stage.tell<Fail>("fragile");
  CHECK_FALSE(stage.kit.alive("fragile"));
  CHECK(stage.kit.counter("failed") == 2);
}
