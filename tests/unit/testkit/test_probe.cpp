// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "conclib/testkit.hpp"
#include "tests/unit/testkit/shop.hpp"

using conclib::testkit::ExpectationFailed;
using conclib::testkit::Kit;
using namespace shop;

TEST_CASE("a probe gets what is sent to its URN, and answers") {
  Kit kit;
  kit.add<Desk>();
  auto& mailer = kit.probe("mailer");

  auto order = kit.begin_ask<Receipt>("desk", Order{"me"});
  CHECK(mailer.expect<Mail>().to == "me");
  CHECK(mailer.sender() == "desk");
  mailer.reply(Receipt{"r-1"});

  CHECK(order.get().number == "r-1");
  mailer.expect_nothing();
}

TEST_CASE("a probe lets an ask fail") {
  Kit kit;
  kit.add<Desk>();
  auto& mailer = kit.probe("mailer");
  auto order = kit.begin_ask<Receipt>("desk", Order{"me"});

  (void)mailer.expect<Mail>();
  mailer.fail(CONCLIB_REJECTED, "no stamps");

  CHECK_THROWS_WITH_AS((void)order.get(), "no mail: no stamps", conclib::Error);
}

TEST_CASE("a probe answers by itself") {
  Kit kit;
  kit.add<Desk>();
  kit.probe("mailer").on<Mail>([](const Mail& mail) { return Receipt{"for " + mail.to}; });
  CHECK(kit.ask<Receipt>("desk", Order{"me"}).number == "for me");
}

TEST_CASE("what the handler of a probe throws is the answer if it is an Error") {
  Kit kit;
  kit.add<Desk>();
  kit.probe("mailer").on<Mail>(
      [](const Mail&) -> Receipt { throw conclib::Error(CONCLIB_REJECTED, "no stamps"); });
  CHECK_THROWS_WITH_AS((void)kit.ask<Receipt>("desk", Order{"me"}), "no mail: no stamps",
                       conclib::Error);
}

TEST_CASE("what else the handler of a probe throws comes out of the test's call") {
  Kit kit;
  kit.add<Desk>();
  kit.probe("mailer").on<Mail>([](const Mail&) -> Receipt { throw std::logic_error("a check"); });
  kit.tell("desk", Order{"me"});
  CHECK_THROWS_WITH_AS(kit.run(), "a check", std::logic_error);
}

TEST_CASE("an expectation that fails says what came instead") {
  Kit kit;
  kit.add<Desk>();
  auto& mailer = kit.probe("mailer");
  kit.tell("desk", Order{"me"});
  CHECK_THROWS_WITH_AS((void)mailer.expect<Order>(),
                       "probe mailer expected Order, but this came: Mail {\"to\":\"me\"} from desk",
                       ExpectationFailed);
}

TEST_CASE("an expectation that fails for silence says what had failed") {
  Kit kit;
  kit.add<Counter>();
  auto& mailer = kit.probe("mailer");
  kit.tell("counter/a", Fail{});
  CHECK_THROWS_WITH_AS((void)mailer.expect<Mail>(),
                       "probe mailer expected Mail, but nothing came; counter/a failed at Fail: "
                       "it broke",
                       ExpectationFailed);
}

TEST_CASE("a probe that expects nothing says what came") {
  Kit kit;
  kit.add<Desk>();
  auto& mailer = kit.probe("mailer");
  kit.tell("desk", Order{"me"});
  CHECK_THROWS_WITH_AS(mailer.expect_nothing(),
                       "probe mailer expected nothing, but this came: Mail {\"to\":\"me\"} from "
                       "desk",
                       ExpectationFailed);
}

TEST_CASE("a probe sends in its own name") {
  Kit kit;
  kit.add<Counter>();
  kit.probe("visitor").tell("counter/a", Add{1});
  kit.run();
  CHECK(kit.trace().find("counter/a takes tell Add from visitor") != std::string::npos);
}

TEST_CASE("a probe answers an ask once") {
  Kit kit;
  kit.add<Desk>();
  auto& mailer = kit.probe("mailer");
  auto order = kit.begin_ask<Receipt>("desk", Order{"me"});
  (void)mailer.expect<Mail>();
  mailer.reply(Receipt{"1"});
  CHECK_THROWS_AS(mailer.reply(Receipt{"2"}), conclib::Error);
  CHECK(order.get().number == "1");
}

TEST_CASE("a URN of an actor under test has no probe") {
  Kit kit;
  kit.add<Counter>();
  CHECK_THROWS_WITH_AS((void)kit.probe("counter/a"), "an actor of the kit serves counter/a",
                       conclib::Error);
}

TEST_CASE("messages to nobody are kept, and asks among them fail with NO_ACTOR") {
  Kit kit;
  kit.add<Desk>();

  kit.tell("desk", Add{3});
  CHECK_THROWS_WITH_AS((void)kit.ask<Receipt>("desk", Order{"me"}),
                       "no mail: the kit has no actor and no probe mailer", conclib::Error);

  const auto sent = kit.sent();
  REQUIRE(sent.size() == 2);
  CHECK(sent[0].to == "ledger");
  CHECK(sent[0].as<Add>().by == 3);
  CHECK_FALSE(sent[0].is_ask);
  CHECK(sent[1].is<Mail>());
  CHECK(sent[1].is_ask);
}
