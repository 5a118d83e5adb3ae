// SPDX-License-Identifier: MIT
#include "daemon/queue/leases.hpp"

#include <doctest/doctest.h>

using conclib::queue::Insist;
using conclib::queue::LeaseWatch;
using conclib::queue::PartitionLeases;
using conclib::runtime::TimePoint;
using namespace std::chrono_literals;

namespace {

const TimePoint start(1h);

}  // namespace

TEST_CASE("a lease is due for renewal every quarter of its length, once until it is answered") {
  PartitionLeases leases(1000ms);
  leases.acquired(3, "7", start);
  CHECK(leases.take_due(start + 249ms).empty());
  CHECK(leases.take_due(start + 250ms) == std::vector<std::uint32_t>{3});
  CHECK(leases.take_due(start + 600ms).empty());
  leases.renewed(3, "7", start + 250ms);
  CHECK(leases.take_due(start + 499ms).empty());
  CHECK(leases.take_due(start + 500ms).size() == 1);
  leases.failed(3, "7");
  CHECK(leases.take_due(start + 500ms).size() == 1);
}

TEST_CASE("no work is started two thirds after the last good renewal was sent") {
  PartitionLeases leases(900ms);
  leases.acquired(3, "7", start);
  CHECK(leases.may_start_work(3, start + 599ms));
  CHECK_FALSE(leases.may_start_work(3, start + 600ms));
  leases.renewed(3, "7", start + 300ms);
  CHECK(leases.may_start_work(3, start + 899ms));
  CHECK_FALSE(leases.may_start_work(3, start + 900ms));
  CHECK(leases.is_held(3));
  CHECK_FALSE(leases.may_start_work(4, start));
}

TEST_CASE("an answer about another epoch changes nothing") {
  PartitionLeases leases(900ms);
  leases.acquired(3, "7", start);
  leases.renewed(3, "6", start + 500ms);
  CHECK_FALSE(leases.may_start_work(3, start + 600ms));
  CHECK_FALSE(leases.ended(3, "6"));
  CHECK(leases.is_held(3));
  CHECK(leases.ended(3, "7"));
  CHECK_FALSE(leases.is_held(3));
  CHECK_FALSE(leases.ended(3, "7"));
}

TEST_CASE("after the loss of the session nothing is started before a good renewal") {
  PartitionLeases leases(900ms);
  leases.acquired(3, "7", start);
  CHECK(leases.take_due(start + 300ms).size() == 1);
  leases.unconfirm();
  CHECK_FALSE(leases.may_start_work(3, start + 301ms));
  CHECK(leases.take_due(start + 301ms).size() == 1);
  leases.renewed(3, "7", start + 301ms);
  CHECK(leases.may_start_work(3, start + 302ms));
}

TEST_CASE("a partition never seen before is taken if it is free or has expired") {
  LeaseWatch watch;
  CHECK(watch.insist(start, 1000ms) == Insist::if_free);
  watch.saw("7", "1", start);
  CHECK(watch.insist(start + 1ms, 1000ms) == Insist::if_expired);
}

TEST_CASE("one that was seen renewed within a lease is left alone, whatever the clocks say") {
  LeaseWatch watch;
  watch.saw("7", "1", start);
  watch.saw("7", "2", start + 200ms);
  CHECK(watch.insist(start + 1199ms, 1000ms) == Insist::if_free);
  CHECK(watch.insist(start + 1200ms, 1000ms) == Insist::always);
}

TEST_CASE("one that was watched unchanged for a whole lease is taken") {
  LeaseWatch watch;
  watch.saw("7", "1", start);
  watch.saw("7", "1", start + 500ms);
  CHECK(watch.insist(start + 999ms, 1000ms) == Insist::if_expired);
  CHECK(watch.insist(start + 1000ms, 1000ms) == Insist::always);
}

TEST_CASE("a node is patient with the one to which a partition was handed, for two seconds") {
  LeaseWatch watch;
  CHECK(watch.is_patient(start));
  watch.saw_handed_over("7", start);
  watch.saw_handed_over("7", start + 1s);
  CHECK(watch.is_patient(start + 1999ms));
  CHECK_FALSE(watch.is_patient(start + 2s));
  watch.saw_handed_over("8", start + 2s);
  CHECK(watch.is_patient(start + 3s));
}
