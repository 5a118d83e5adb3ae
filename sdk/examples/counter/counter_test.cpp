// SPDX-License-Identifier: MIT
// How an author tests an actor: without Redis, with any test framework.
#include "counter.hpp"

#include <doctest/doctest.h>

#include <conclib/testkit.hpp>

using namespace counter;

TEST_CASE("each name has a counter of its own") {
  conclib::testkit::Kit kit;
  kit.add<Counter>();

  kit.tell("counter/visits", Add{2});
  CHECK(kit.ask<Total>("counter/visits", Add{3}).value == 5);
  CHECK(kit.ask<Total>("counter/sales", Read{}).value == 0);
}

TEST_CASE("in whichever order the actors have their turns, no count is lost") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    conclib::testkit::Kit kit({.seed = seed});
    kit.add<Counter>();
    for (int i = 0; i < 100; ++i) kit.tell("counter/" + std::to_string(i % 7), Add{1});
    kit.run();
    std::int64_t sum = 0;
    for (const auto& urn : kit.actors()) sum += kit.ask<Total>(urn, Read{}).value;
    CHECK(sum == 100);
    kit.expect_no_failures();
  }
}

TEST_CASE("a message that a counter does not know is a failure, and the counter goes on") {
  conclib::testkit::Kit kit;
  kit.add<Counter>();
  CHECK(kit.ask<Total>("counter/visits", Add{1}).value == 1);
  CHECK_THROWS_AS((void)kit.ask<Total>("counter/visits", Total{}), conclib::Error);
  CHECK(kit.failures().at(0).message_type == "Total");
  CHECK(kit.ask<Total>("counter/visits", Read{}).value == 1);
}
