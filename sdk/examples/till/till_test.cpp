// SPDX-License-Identifier: MIT
// A test with a probe in place of the bank, and with time that passes when the test says so.
#include "till.hpp"

#include <doctest/doctest.h>

#include <conclib/testkit.hpp>

using namespace till;

TEST_CASE("a sale waits for the bank, and its receipt comes after") {
  conclib::testkit::Kit kit;
  kit.add<Till, Journal>();
  auto& bank = kit.probe("bank");

  auto first = kit.begin_ask<Receipt>("till/corner", Sale{"tea", 250});
  auto second = kit.begin_ask<Receipt>("till/corner", Sale{"milk", 90});
  CHECK(bank.expect<Debit>().cents == 250);
  bank.expect_nothing();  // The second sale waits for the first.
  bank.reply(Debited{true});
  CHECK(first.get().number == 1);
  CHECK(bank.expect<Debit>().cents == 90);
  bank.reply(Debited{false});
  CHECK_THROWS_WITH_AS((void)second.get(), doctest::Contains("the bank refused milk"),
                       conclib::Error);
}

TEST_CASE("a bank that does not answer costs the sale, not the till") {
  conclib::testkit::Kit kit;
  kit.add<Till, Journal>();
  auto& bank = kit.probe("bank");
  CHECK_THROWS_AS((void)kit.ask<Receipt>("till/corner", Sale{"tea", 250}), conclib::Error);
  CHECK(kit.elapsed() == std::chrono::seconds(2));
  (void)bank.expect<Debit>();
  bank.on<Debit>([](const Debit&) { return Debited{true}; });
  CHECK(kit.ask<Receipt>("till/corner", Sale{"tea", 250}).number == 1);
}

TEST_CASE("a till that nobody uses is put away with its journal, and comes back") {
  conclib::testkit::Kit kit;
  kit.add<Till, Journal>();
  kit.probe("bank").on<Debit>([](const Debit&) { return Debited{true}; });
  CHECK(kit.ask<Receipt>("till/corner", Sale{"tea", 250}).number == 1);
  CHECK(kit.actors().size() == 2);
  kit.advance(std::chrono::minutes(11));
  CHECK(kit.actors().empty());
  CHECK(kit.ask<Receipt>("till/corner", Sale{"tea", 250}).number == 1);
}
