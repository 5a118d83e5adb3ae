// SPDX-License-Identifier: MIT
#include <algorithm>

#include <doctest/doctest.h>

#include "conclib/testkit.hpp"
#include "tests/unit/testkit/shop.hpp"

using conclib::testkit::ExpectationFailed;
using conclib::testkit::Kit;
using namespace shop;

namespace {

class Unstartable final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "unstartable";
  void on_start() override { throw std::runtime_error("no key"); }
};

}  // namespace

TEST_CASE("a failing handler is seen with its actor, message and text") {
  Kit kit;
  kit.add<Counter>();

  kit.tell("counter/a", Fail{});
  kit.run();

  const auto failures = kit.failures();
  REQUIRE(failures.size() == 1);
  CHECK(failures[0].actor == "counter/a");
  CHECK(failures[0].message_type == "Fail");
  CHECK(failures[0].status == CONCLIB_ACTOR_FAILED);
  CHECK(failures[0].text == "it broke");
  CHECK_THROWS_WITH_AS(kit.expect_no_failures(),
                       "expected no failures; counter/a failed at Fail: it broke",
                       ExpectationFailed);
}

TEST_CASE("the failure of an ask reaches its asker too") {
  Kit kit;
  kit.add<Counter>();
  CHECK_THROWS_WITH_AS((void)kit.ask<Total>("counter/a", Fail{}), doctest::Contains("it broke"),
                       conclib::Error);
  CHECK(kit.failures().size() == 1);
}

TEST_CASE("a message without a handler is a failure") {
  Kit kit;
  kit.add<Counter>();
  kit.tell("counter/a", Mail{"me"});
  kit.run();
  REQUIRE(kit.failures().size() == 1);
  CHECK(kit.failures()[0].status == CONCLIB_UNEXPECTED_MESSAGE);
}

TEST_CASE("an actor that cannot start is seen, and is not alive") {
  Kit kit;
  kit.add<Unstartable>();
  kit.run();
  REQUIRE(kit.failures().size() == 1);
  CHECK(kit.failures()[0].message_type == "on_start");
  CHECK(kit.failures()[0].text == "no key");
  CHECK_FALSE(kit.alive("unstartable"));
}

TEST_CASE("a message that reached no handler is a dead letter with its reason") {
  Kit kit;
  kit.add<Unstartable>();
  kit.tell("unstartable", Add{1});
  kit.run();
  const auto letters = kit.dead_letters();
  REQUIRE(letters.size() == 1);
  CHECK(letters[0].actor == "unstartable");
  CHECK(letters[0].message_type == "Add");
  CHECK(letters[0].status == CONCLIB_NOT_STARTED);
  CHECK(letters[0].text.find("no key") != std::string::npos);
}

TEST_CASE("the log of the runtime is there to be read") {
  Kit kit;
  kit.add<Counter>();
  kit.tell("counter/a", Fail{});
  kit.run();
  const auto lines = kit.log();
  CHECK(std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
    return line.starts_with("warn runtime: actor counter/a failed while it handled Fail");
  }));
}
