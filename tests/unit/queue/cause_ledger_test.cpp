// SPDX-License-Identifier: MIT
#include "daemon/queue/cause_ledger.hpp"

#include <doctest/doctest.h>

using conclib::queue::CauseLedger;
using conclib::runtime::EntryRef;

TEST_CASE("a cause is open until the last of its messages was answered") {
  CauseLedger ledger;
  const EntryRef cause{1, {5, 0}};
  ledger.begin(cause);
  ledger.begin(cause);
  CHECK_FALSE(ledger.end(cause));
  CHECK(ledger.is_open(cause));
  CHECK(ledger.end(cause));
  CHECK_FALSE(ledger.is_open(cause));
}

TEST_CASE("the same id in another partition is another cause") {
  CauseLedger ledger;
  ledger.begin({1, {5, 0}});
  CHECK_FALSE(ledger.is_open({2, {5, 0}}));
  CHECK_FALSE(ledger.end({2, {5, 0}}));
}
