// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "conclib/testkit.hpp"
#include "tests/unit/testkit/shop.hpp"

using namespace std::chrono_literals;
using conclib::testkit::Kit;
using namespace shop;

namespace {

/// Never answers.
class Silent final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "silent";

  Silent() {
    on(&Silent::order);
    on(&Silent::mail);
  }
  Receipt order(const Order&) {
    kept_.push_back(defer<Receipt>());
    return {};
  }
  void mail(const Mail& message) {
    ask<Receipt>("mailer", message, 1ms, [](const conclib::AskResult<Receipt>&) {});
  }

 private:
  std::vector<conclib::Deferred<Receipt>> kept_;
};

/// The status of the Error that the call throws; OK if it throws none.
template <typename Call>
conclib_status status_of(const Call& call) {
  try {
    call();
  } catch (const conclib::Error& error) {
    return error.status();
  }
  return CONCLIB_OK;
}

}  // namespace

TEST_CASE("an ask gives the reply of the actor") {
  Kit kit;
  kit.add<Counter>();

  CHECK(kit.ask<Total>("counter/a", Add{2}).value == 2);
  CHECK(kit.ask<Total>("counter/a", Add{3}).value == 5);
  CHECK(kit.ask<Total>("counter/b", Add{7}).value == 7);
}

TEST_CASE("a tell is handled by the next run, and not before") {
  Kit kit;
  kit.add<Counter>();

  kit.tell("counter/a", Add{2});
  CHECK(kit.counter("added") == 0);
  kit.run();

  CHECK(kit.counter("added") == 1);
  CHECK(kit.alive("counter/a"));
  CHECK(kit.actors() == std::vector<std::string>{"counter/a"});
}

TEST_CASE("several asks are under way at once") {
  Kit kit;
  kit.add<Counter>();

  auto first = kit.begin_ask<Total>("counter/a", Add{1});
  auto second = kit.begin_ask<Total>("counter/a", Add{1});
  CHECK_FALSE(first.done());

  CHECK(second.get().value == 2);
  CHECK(first.done());
  CHECK(first.get().value == 1);
}

TEST_CASE("actors find the settings that the test gives") {
  Kit kit({.settings = {{"limit", "3"}}});
  kit.add<Counter>();
  (void)kit.ask<Total>("counter/a", Add{3});

  CHECK_THROWS_WITH_AS((void)kit.ask<Total>("counter/a", Add{1}), "it is full", conclib::Error);
  CHECK(status_of([&] { (void)kit.ask<Total>("counter/a", Add{1}); }) == CONCLIB_REJECTED);
}

TEST_CASE("a reply of another type than the one asked for is shown") {
  Kit kit;
  kit.add<Counter>();
  CHECK_THROWS_WITH_AS((void)kit.ask<Receipt>("counter/a", Add{4}),
                       "the reply is Total {\"value\":4}, not Receipt", conclib::Error);
}

TEST_CASE("a message to an actor of no type is refused at once") {
  Kit kit;
  kit.add<Counter>();
  CHECK(status_of([&] { kit.tell("kounter/a", Add{1}); }) == CONCLIB_NO_ACTOR);
  CHECK(status_of([&] { (void)kit.ask<Total>("kounter/a", Add{1}); }) == CONCLIB_NO_ACTOR);
  CHECK(status_of([&] { kit.tell("not a urn", Add{1}); }) == CONCLIB_BAD_ARGUMENT);
}

TEST_CASE("an ask that nobody answers times out on the clock of the kit") {
  Kit kit;
  kit.add<Silent>();
  kit.tell("silent", Mail{"me"});
  (void)kit.probe("mailer");

  CHECK_THROWS_WITH_AS((void)kit.ask<Receipt>("silent", Order{"me"}, 1s),
                       "silent did not answer Order: nothing is ready, no timer is set; silent "
                       "waits for an answer of the probe mailer to Mail",
                       conclib::Error);
  CHECK(kit.elapsed() == 1s);
}

TEST_CASE("an ask between actors times out while the test's own ask still waits") {
  Kit kit;
  kit.add<Desk>();
  (void)kit.probe("mailer");

  CHECK_THROWS_WITH_AS((void)kit.ask<Receipt>("desk", Order{"me"}), doctest::Contains("no mail: "),
                       conclib::Error);
  CHECK(kit.elapsed() == 2s);
}

TEST_CASE("advance fires the timers that are due, and leaves the clock where it was told to") {
  Kit kit;
  kit.add<Desk>();
  (void)kit.probe("mailer");
  auto order = kit.begin_ask<Receipt>("desk", Order{"me"}, 10s);

  kit.advance(1999ms);
  CHECK_FALSE(order.done());
  kit.advance(3s);

  CHECK(order.done());
  CHECK(kit.elapsed() == 4999ms);
}

TEST_CASE("a run without an end is given up, and the actor named") {
  Kit kit({.turns_max = 1000});
  kit.add<Relay>();
  kit.tell("relay/1", Forward{"relay/1", 1'000'000});
  CHECK_THROWS_WITH_AS(kit.run(), doctest::Contains("gave up after 1000 turns"), conclib::Error);
  CHECK_THROWS_WITH_AS(kit.run(), doctest::Contains("relay/1"), conclib::Error);
}

TEST_CASE("actors are added before the first message only") {
  Kit kit;
  kit.add<Counter>();
  kit.run();
  CHECK(status_of([&] { kit.add<Desk>(); }) == CONCLIB_BAD_ARGUMENT);
}

TEST_CASE("stop ends the actors, and nothing is taken afterwards") {
  Kit kit;
  kit.add<Counter>();
  kit.tell("counter/a", Add{2});

  kit.stop();

  CHECK(kit.actors().empty());
  CHECK(kit.trace().find("counter/a stops") != std::string::npos);
  CHECK(status_of([&] { kit.tell("counter/a", Add{1}); }) == CONCLIB_SHUTTING_DOWN);
}

TEST_CASE("two kits know nothing of each other") {
  Kit one;
  Kit other;
  one.add<Counter>();
  other.add<Counter>();
  CHECK(one.ask<Total>("counter/a", Add{1}).value == 1);
  CHECK(other.ask<Total>("counter/a", Add{1}).value == 1);
}
