// SPDX-License-Identifier: MIT
#include <algorithm>

#include <doctest/doctest.h>

#include "daemon/runtime/restarts.hpp"

namespace conclib::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint begin{std::chrono::hours(1)};
/// The random number that takes nothing off a delay.
constexpr std::uint64_t low = 0;

TEST_CASE("the first restart is at once and each further one in a row waits twice as long") {
  const Supervision policy;
  Restarts restarts;
  CHECK(restarts.next(policy, begin, low) == milliseconds(0));
  CHECK(restarts.next(policy, begin, low) == milliseconds(100));
  CHECK(restarts.next(policy, begin, low) == milliseconds(200));
  CHECK(restarts.next(policy, begin, low) == milliseconds(400));
  CHECK(restarts.count() == 4);
}

TEST_CASE("the delay of a restart stops at its bound however many there were") {
  Supervision policy;
  policy.backoff_max = milliseconds(300);
  Restarts restarts;
  for (int i = 0; i < 3; ++i) (void)restarts.next(policy, begin, low);
  for (int i = 0; i < 100; ++i) CHECK(restarts.next(policy, begin, low) == milliseconds(300));
}

TEST_CASE("chance takes at most half off the delay of a restart") {
  const Supervision policy;
  Restarts most;
  (void)most.next(policy, begin, 0);
  CHECK(most.next(policy, begin, std::chrono::nanoseconds(milliseconds(50)).count()) ==
        milliseconds(50));
  auto least = milliseconds(100) + std::chrono::nanoseconds(0);
  for (std::uint64_t random = 1; random != 0; random *= 6) {
    Restarts any;
    (void)any.next(policy, begin, 0);
    least = std::min(least, *any.next(policy, begin, random - 2));
  }
  CHECK(least >= milliseconds(50));
  CHECK(least < milliseconds(60));
}

TEST_CASE("a restart after a long time without one is the first again") {
  const Supervision policy;
  Restarts restarts;
  for (int i = 0; i < 5; ++i) (void)restarts.next(policy, begin, low);
  CHECK(restarts.next(policy, begin + seconds(62), low) == milliseconds(0));
  CHECK(restarts.next(policy, begin + seconds(62), low) == milliseconds(100));
}

TEST_CASE("delays longer than the time in which restarts are counted do not end the row") {
  Supervision policy;
  policy.restarts_within = milliseconds(1000);
  policy.backoff_min = milliseconds(5000);
  Restarts restarts;
  (void)restarts.next(policy, begin, low);
  CHECK(restarts.next(policy, begin, low) == milliseconds(5000));
  CHECK(restarts.next(policy, begin + milliseconds(5001), low) == milliseconds(10'000));
}

TEST_CASE("one restart more than allowed within the time is refused") {
  Supervision policy;
  policy.restarts_max = 2;
  Restarts restarts;
  CHECK(restarts.next(policy, begin, low));
  CHECK(restarts.next(policy, begin + seconds(30), low));
  CHECK_FALSE(restarts.next(policy, begin + seconds(59), low));
  CHECK(restarts.count() == 2);
  // The first is a minute ago by now.
  CHECK(restarts.next(policy, begin + seconds(60), low));
}

}  // namespace
}  // namespace conclib::runtime
