// SPDX-License-Identifier: MIT
#include <atomic>
#include <chrono>
#include <latch>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "conclib/future.hpp"
#include "tests/unit/plugin/future_doubles.hpp"

using conclib::Future;
using conclib::Promise;
using conclib::testing::at_once;
using conclib::testing::failing;
using conclib::testing::NonBlockingTurn;
using conclib::testing::status_of;
using conclib::testing::text_of;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

constexpr int rounds = 300;

}  // namespace

TEST_CASE("a get-hook is called by the first get only, and its result is kept") {
  Promise<int> promise;
  const auto future = promise.future();
  int calls = 0;
  promise.set_get_hook([&](milliseconds) { return ++calls; });
  CHECK(calls == 0);
  CHECK(future.get(1s) == 1);
  CHECK(future.get() == 1);
  CHECK(calls == 1);
}

TEST_CASE("an empty result of a get-hook is kept as well") {
  Promise<std::optional<std::string>> promise;
  const auto future = promise.future();
  int calls = 0;
  promise.set_get_hook([&](milliseconds) {
    ++calls;
    return std::nullopt;
  });
  CHECK_FALSE(future.get(1s).has_value());
  CHECK_FALSE(future.get(1s).has_value());
  CHECK(calls == 1);
}

TEST_CASE("an exception of a get-hook is kept as well") {
  Promise<int> promise;
  const auto future = promise.future();
  int calls = 0;
  promise.set_get_hook([&](milliseconds) -> int {
    ++calls;
    throw std::domain_error("sold out");
  });
  CHECK(text_of([&] { future.get(1s); }) == "sold out");
  CHECK(text_of([&] { future.get(1s); }) == "sold out");
  CHECK(future.failed());
  CHECK(calls == 1);
}

TEST_CASE("a get-hook is told how much time the getter has") {
  Promise<milliseconds> promise;
  promise.set_get_hook([](milliseconds left) { return left; });
  const auto left = promise.future().get(10s);
  CHECK(left <= 10s);
  CHECK(left > 5s);
  Promise<milliseconds> late;
  late.set_get_hook([](milliseconds time) { return time; });
  CHECK(late.future().get(-1s) == 0ms);
}

TEST_CASE("a get-hook outlives its promise") {
  std::optional<Promise<int>> promise(std::in_place);
  const auto future = promise->future();
  promise->set_get_hook([](milliseconds) { return 7; });
  promise.reset();
  CHECK(future.get() == 7);
}

TEST_CASE("a get-hook is refused once a result is set, or another hook") {
  Promise<int> set;
  set.set(1);
  CHECK(status_of([&] { set.set_get_hook([](milliseconds) { return 2; }); }) ==
        CONCLIB_ALREADY_RESPONDED);
  CHECK(set.future().get() == 1);

  Promise<int> hooked("the price of tea");
  hooked.set_get_hook([](milliseconds) { return 1; });
  CHECK(text_of([&] { hooked.set_get_hook([](milliseconds) { return 2; }); }) ==
        "the get-hook is refused: the price of tea has a result or a get-hook already");
  CHECK(hooked.future().get() == 1);
  CHECK(status_of([&] { hooked.set_get_hook([](milliseconds) { return 2; }); }) ==
        CONCLIB_ALREADY_RESPONDED);
}

TEST_CASE("a set of any kind after a get-hook is refused") {
  Promise<int> promise;
  promise.set_get_hook([](milliseconds) { return 1; });
  CHECK(status_of([&] { promise.set(2); }) == CONCLIB_ALREADY_RESPONDED);
  CHECK(status_of([&] { promise.set_exception(failing("late")); }) == CONCLIB_ALREADY_RESPONDED);
  CHECK(promise.future().get() == 1);
}

TEST_CASE("an empty get-hook is refused and leaves the promise open") {
  Promise<int> promise;
  CHECK(status_of([&] { promise.set_get_hook(nullptr); }) == CONCLIB_BAD_ARGUMENT);
  promise.set(1);
  CHECK(promise.future().get() == 1);
}

TEST_CASE("a future with a get-hook is ready once the hook has run") {
  Promise<int> promise;
  const auto future = promise.future();
  promise.set_get_hook([](milliseconds) { return 1; });
  CHECK_FALSE(future.ready());
  CHECK_FALSE(future.failed());
  (void)future.get();
  CHECK(future.ready());
  CHECK_FALSE(future.failed());
}

TEST_CASE("on_ready calls back as soon as there is a get-hook, as nobody else will answer") {
  Promise<int> promise;
  int calls = 0;
  promise.future().on_ready([&] { ++calls; });
  promise.set_get_hook([](milliseconds) { return 1; });
  CHECK(calls == 1);
  promise.future().on_ready([&] { ++calls; });
  CHECK(calls == 2);
  (void)promise.future().get();
  CHECK(calls == 2);
}

TEST_CASE("no lock is held while a get-hook runs, and callbacks wait for its end") {
  Promise<int> promise;
  const auto future = promise.future();
  int calls = 0;
  int calls_in_hook = -1;
  promise.set_get_hook([&](milliseconds) {
    future.on_ready([&] { ++calls; });
    calls_in_hook = calls;
    return future.ready() ? 1 : 2;
  });
  CHECK(future.get() == 2);
  CHECK(calls_in_hook == 0);
  CHECK(calls == 1);
}

TEST_CASE("a get-hook that gets its own future hears DEADLOCK at once") {
  Promise<int> promise("the price of tea");
  const auto future = promise.future();
  promise.set_get_hook([&](milliseconds) { return future.get(1h); });
  CHECK(text_of([&] { (void)future.get(1h); }) ==
        "the price of tea needs its own result to be computed");
  CHECK(status_of([&] { (void)future.get(1h); }) == CONCLIB_DEADLOCK);
}

TEST_CASE("a get-hook is not run on the turn of a non-blocking actor, but its result is given") {
  Promise<int> promise;
  const auto future = promise.future();
  int calls = 0;
  promise.set_get_hook([&](milliseconds) { return ++calls; });
  {
    const NonBlockingTurn turn;
    CHECK(status_of([&] { (void)future.get(1s); }) == CONCLIB_BAD_ARGUMENT);
    CHECK(status_of([&] { (void)future.get(); }) == CONCLIB_BAD_ARGUMENT);
    CHECK(calls == 0);
  }
  CHECK(future.get() == 1);
  const NonBlockingTurn turn;
  CHECK(future.get() == 1);
}

TEST_CASE("while one getter runs the hook, another waits no longer than its own deadline") {
  Promise<int> promise;
  const auto future = promise.future();
  std::latch in_hook(1);
  std::latch other_gave_up(1);
  promise.set_get_hook([&](milliseconds) {
    in_hook.count_down();
    other_gave_up.wait();
    return 7;
  });
  int first = 0;
  std::thread getter([&] { first = future.get(1h); });
  in_hook.wait();
  CHECK(status_of([&] { (void)future.get(5ms); }) == CONCLIB_TIMEOUT);
  CHECK_FALSE(future.ready());
  other_gave_up.count_down();
  CHECK(future.get(1h) == 7);
  getter.join();
  CHECK(first == 7);
}

TEST_CASE("a getter that already waits runs a get-hook that comes later") {
  for (int round = 0; round < rounds; ++round) {
    Promise<int> promise;
    const auto future = promise.future();
    int got = 0;
    at_once({[&] { got = future.get(10s); },
             [&] { promise.set_get_hook([](milliseconds) { return 7; }); }});
    REQUIRE(got == 7);
  }
}

TEST_CASE("of many getters at once one runs the hook, and all get its result") {
  for (int round = 0; round < rounds; ++round) {
    Promise<int> promise;
    const auto future = promise.future();
    int calls = 0;  // Guarded by the promise that the hook is called once.
    std::atomic<int> sum = 0;
    promise.set_get_hook([&](milliseconds) { return ++calls; });
    const auto getter = [&, future] { sum += future.get(10s); };
    at_once({getter, getter, getter, getter});
    REQUIRE(calls == 1);
    REQUIRE(sum == 4);
  }
}

TEST_CASE("of a set and a get-hook at once one is refused, and the other's result stays") {
  for (int round = 0; round < rounds; ++round) {
    Promise<int> promise;
    std::vector<conclib_status> status(2);
    at_once({[&] { status[0] = status_of([&] { promise.set(0); }); },
             [&] {
               status[1] = status_of([&] { promise.set_get_hook([](milliseconds) { return 1; }); });
             }});
    REQUIRE(status[0] + status[1] == CONCLIB_ALREADY_RESPONDED);
    REQUIRE(status[static_cast<std::size_t>(promise.future().get())] == CONCLIB_OK);
  }
}
