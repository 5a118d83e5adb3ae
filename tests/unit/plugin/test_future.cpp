// SPDX-License-Identifier: MIT
#include <atomic>
#include <chrono>
#include <exception>
#include <latch>
#include <memory>
#include <stdexcept>
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

namespace {

/// What a race is repeated.
constexpr int rounds = 300;

/// Looks at a future whenever it is moved.
class Curious {
 public:
  explicit Curious(const Future<Curious>* watched) : watched_(watched) {}
  Curious(Curious&& other) : watched_(other.watched_) { looks += watched_->ready() ? 1 : 0; }
  Curious& operator=(Curious&&) = default;
  int looks = 0;

 private:
  const Future<Curious>* watched_;
};

struct ThrowsOnMove {
  ThrowsOnMove() = default;
  ThrowsOnMove(ThrowsOnMove&& other) : moves(other.moves + 1) {
    if (moves == 2) throw std::runtime_error("cannot be moved twice");
  }
  int moves = 0;
};

}  // namespace

TEST_CASE("every get gives the value that was set") {
  Promise<std::string> promise;
  const auto future = promise.future();
  promise.set("tea");
  CHECK(future.get() == "tea");
  CHECK(future.get(1s) == "tea");
  CHECK(promise.future().get() == "tea");
}

TEST_CASE("copies of a future share the value, and it outlives the promise and the other copies") {
  auto promise = std::make_unique<Promise<std::string>>();
  auto first = std::make_unique<Future<std::string>>(promise->future());
  const Future<std::string> second = *first;
  promise->set("tea");
  CHECK(&first->get() == &second.get());
  promise.reset();
  first.reset();
  CHECK(second.get() == "tea");
}

TEST_CASE("a value that can only be moved is got by reference") {
  Promise<std::unique_ptr<int>> promise;
  promise.set(std::make_unique<int>(7));
  const auto future = promise.future();
  CHECK(*future.get() == 7);
  CHECK(*promise.future().get() == 7);
}

TEST_CASE("a second set of any kind is refused and changes nothing") {
  Promise<int> promise("the price of tea");
  promise.set(1);
  CHECK(status_of([&] { promise.set(2); }) == CONCLIB_ALREADY_RESPONDED);
  CHECK(status_of([&] { promise.set_exception(failing("late")); }) == CONCLIB_ALREADY_RESPONDED);
  CHECK(promise.future().get() == 1);
  CHECK(text_of([&] { promise.set(2); }) ==
        "the value is refused: the price of tea has a result or a get-hook already");
}

TEST_CASE("a set after an exception is refused") {
  Promise<int> promise;
  promise.set_exception(failing("sold out"));
  CHECK(status_of([&] { promise.set(2); }) == CONCLIB_ALREADY_RESPONDED);
  CHECK(status_of([&] { promise.set_exception(failing("late")); }) == CONCLIB_ALREADY_RESPONDED);
  CHECK(text_of([&] { promise.future().get(); }) == "sold out");
}

TEST_CASE("every get rethrows the very exception that was set, with its text") {
  Promise<int> promise;
  const auto error = failing("sold out");
  promise.set_exception(error);
  const auto future = promise.future();
  const auto caught = [&]() -> std::exception_ptr {
    try {
      future.get();
    } catch (const std::domain_error& thrown) {
      CHECK(thrown.what() == std::string("sold out"));
      return std::current_exception();
    }
    return nullptr;
  };
  CHECK(caught() == error);
  CHECK(caught() == error);
}

TEST_CASE("no exception at all is refused and leaves the promise open") {
  Promise<int> promise;
  CHECK(status_of([&] { promise.set_exception(nullptr); }) == CONCLIB_BAD_ARGUMENT);
  promise.set(1);
  CHECK(promise.future().get() == 1);
}

TEST_CASE("a value that throws when it is moved in makes its exception the result") {
  Promise<ThrowsOnMove> promise;
  const auto future = promise.future();
  promise.set(ThrowsOnMove());
  CHECK(future.failed());
  CHECK(text_of([&] { (void)future.get(); }) == "cannot be moved twice");
}

TEST_CASE("a promise that is destroyed unset answers NO_REPLY and says whose promise it was") {
  auto promise = std::make_unique<Promise<int>>("the reply of cart/42 to Add");
  const auto future = promise->future();
  promise.reset();
  CHECK(status_of([&] { future.get(); }) == CONCLIB_NO_REPLY);
  CHECK(text_of([&] { future.get(); }) ==
        "the reply of cart/42 to Add was dropped without a result");
}

TEST_CASE("a promise that another is moved over answers NO_REPLY, the moved one goes on") {
  Promise<int> old;
  const auto dropped = old.future();
  Promise<int> fresh;
  const auto kept = fresh.future();
  old = std::move(fresh);
  CHECK(status_of([&] { dropped.get(); }) == CONCLIB_NO_REPLY);
  CHECK_FALSE(kept.ready());
  old.set(3);
  CHECK(kept.get() == 3);
}

TEST_CASE("a promise that was moved from and a future without a promise refuse to be used") {
  Promise<int> promise;
  const Promise<int> moved = std::move(promise);
  CHECK(status_of([&] { promise.set(1); }) == CONCLIB_BAD_ARGUMENT);
  const Future<int> none;
  CHECK(status_of([&] { none.get(); }) == CONCLIB_BAD_ARGUMENT);
  CHECK(status_of([&] { (void)none.ready(); }) == CONCLIB_BAD_ARGUMENT);
  CHECK(status_of([&] { (void)none.map([](int n) { return n; }); }) == CONCLIB_BAD_ARGUMENT);
  CHECK(status_of([&] { (void)conclib::join(moved.future(), none); }) == CONCLIB_BAD_ARGUMENT);
}

TEST_CASE("get waits for a value that another thread sets") {
  Promise<int> promise;
  const auto future = promise.future();
  std::thread setter([&] { promise.set(5); });
  CHECK(future.get(10s) == 5);
  setter.join();
}

TEST_CASE("get throws TIMEOUT after the time it was given, and the value is there later") {
  Promise<int> promise("the reply of cart/42 to Add");
  const auto future = promise.future();
  const auto begin = std::chrono::steady_clock::now();
  CHECK(text_of([&] { future.get(20ms); }) ==
        "the reply of cart/42 to Add was not there within 20 ms");
  CHECK(std::chrono::steady_clock::now() - begin >= 20ms);
  CHECK(status_of([&] { future.get(1ms); }) == CONCLIB_TIMEOUT);
  promise.set(5);
  CHECK(future.get() == 5);
}

TEST_CASE("get without a time-out takes only what is there") {
  Promise<int> promise;
  const auto future = promise.future();
  CHECK(status_of([&] { future.get(); }) == CONCLIB_TIMEOUT);
  CHECK(status_of([&] { future.get(-5ms); }) == CONCLIB_TIMEOUT);
  promise.set(5);
  CHECK(future.get() == 5);
  CHECK(future.get(-5ms) == 5);
}

TEST_CASE("the longest time-out there is does not overflow") {
  Promise<int> promise;
  const auto future = promise.future();
  std::thread setter([&] { promise.set(5); });
  CHECK(future.get(std::chrono::milliseconds::max()) == 5);
  setter.join();
}

TEST_CASE("a future in a future works") {
  Promise<int> inner;
  Promise<Future<int>> outer;
  const auto future = outer.future();
  outer.set(inner.future());
  inner.set(7);
  CHECK(future.get().get() == 7);
  CHECK(outer.future().get().get() == 7);
}

TEST_CASE("ready and failed tell what get would do") {
  Promise<int> good;
  Promise<int> bad;
  CHECK_FALSE(good.future().ready());
  CHECK_FALSE(good.future().failed());
  good.set(1);
  bad.set_exception(failing("sold out"));
  CHECK(good.future().ready());
  CHECK_FALSE(good.future().failed());
  CHECK(bad.future().ready());
  CHECK(bad.future().failed());
}

TEST_CASE("on_ready calls back once, on the thread that sets, in the order of the calls") {
  Promise<int> promise;
  const auto future = promise.future();
  std::vector<int> order;
  std::thread::id called_on;
  future.on_ready([&] {
    order.push_back(future.get());
    called_on = std::this_thread::get_id();
  });
  future.on_ready([&] { order.push_back(2); });
  CHECK(order.empty());
  std::thread setter([&] { promise.set(1); });
  const auto setter_id = setter.get_id();
  setter.join();
  CHECK(order == std::vector<int>{1, 2});
  CHECK(called_on == setter_id);
}

TEST_CASE("on_ready calls back at once if the result is there, also if it is an exception") {
  Promise<int> promise;
  promise.set_exception(failing("sold out"));
  int calls = 0;
  promise.future().on_ready([&] { ++calls; });
  CHECK(calls == 1);
}

TEST_CASE("on_ready is also called when the promise is dropped") {
  auto promise = std::make_unique<Promise<int>>();
  int calls = 0;
  promise->future().on_ready([&] { ++calls; });
  promise.reset();
  CHECK(calls == 1);
}

TEST_CASE("what a callback throws reaches neither the setter nor the next callback") {
  Promise<int> promise;
  int calls = 0;
  promise.future().on_ready([] { throw std::runtime_error("oops"); });
  promise.future().on_ready([&] { ++calls; });
  promise.set(1);
  promise.future().on_ready([] { throw std::runtime_error("oops"); });
  CHECK(calls == 1);
  CHECK(status_of([&] { promise.future().on_ready(nullptr); }) == CONCLIB_BAD_ARGUMENT);
}

TEST_CASE("no lock is held while callbacks run or values are moved") {
  Promise<int> promise;
  const auto future = promise.future();
  int calls = 0;
  future.on_ready([&] {
    future.on_ready([&] { calls += future.get(); });
    calls += future.failed() ? 100 : 10;
  });
  promise.set(1);
  CHECK(calls == 11);

  Promise<Curious> curious;
  const auto watched = curious.future();
  curious.set(Curious(&watched));
  CHECK(watched.get().looks == 0);
}

TEST_CASE("a callback may destroy the promise that is being set") {
  auto promise = std::make_unique<Promise<int>>();
  const auto future = promise->future();
  future.on_ready([&] { promise.reset(); });
  promise->set(1);
  CHECK(promise == nullptr);
  CHECK(future.get() == 1);
}

TEST_CASE("a get that would wait on the turn of a non-blocking actor is refused at once") {
  Promise<int> promise("the reply of cart/42 to Add");
  const auto future = promise.future();
  {
    const NonBlockingTurn turn;
    CHECK(status_of([&] { future.get(1h); }) == CONCLIB_BAD_ARGUMENT);
    CHECK(text_of([&] { future.get(1h); }) ==
          "the reply of cart/42 to Add is not there, and this actor type may not wait for it in a "
          "handler: co_await it instead, or declare the actor type blocking");
    CHECK(status_of([&] { future.get(); }) == CONCLIB_TIMEOUT);
  }
  CHECK(status_of([&] { future.get(1ms); }) == CONCLIB_TIMEOUT);
}

TEST_CASE("a get of what is there is fine on the turn of a non-blocking actor") {
  Promise<int> promise;
  promise.set(5);
  const NonBlockingTurn turn;
  CHECK(promise.future().get(1h) == 5);
}

TEST_CASE("of two threads that set at once one is refused, and the other's value stays") {
  for (int round = 0; round < rounds; ++round) {
    Promise<int> promise;
    const auto future = promise.future();
    std::vector<conclib_status> status(2);
    at_once({[&] { status[0] = status_of([&] { promise.set(0); }); },
             [&] { status[1] = status_of([&] { promise.set(1); }); }});
    REQUIRE(status[0] + status[1] == CONCLIB_ALREADY_RESPONDED);
    REQUIRE(status[static_cast<std::size_t>(future.get())] == CONCLIB_OK);
  }
}

TEST_CASE("getters that race the setter all get the value, and each callback is called once") {
  for (int round = 0; round < rounds; ++round) {
    auto promise = std::make_unique<Promise<std::string>>();
    const auto future = promise->future();
    std::atomic<int> got = 0;
    std::atomic<int> calls = 0;
    const auto getter = [&, future] { got += future.get(10s) == "tea" ? 1 : 0; };
    at_once({[&] { promise->set("tea"); }, getter, getter,
             [&, future] { future.on_ready([&] { ++calls; }); }});
    REQUIRE(got == 2);
    REQUIRE(calls == 1);
  }
}

TEST_CASE("getters that race the setter all get the exception") {
  for (int round = 0; round < rounds; ++round) {
    Promise<int> promise;
    const auto future = promise.future();
    std::atomic<int> caught = 0;
    const auto getter = [&, future] {
      caught += text_of([&] { future.get(10s); }) == "sold out" ? 1 : 0;
    };
    at_once({[&] { promise.set_exception(failing("sold out")); }, getter, getter});
    REQUIRE(caught == 2);
  }
}

TEST_CASE("the getter may destroy the promise as soon as it has the value") {
  for (int round = 0; round < rounds; ++round) {
    auto promise = std::make_unique<Promise<int>>();
    const auto future = promise->future();
    // Only the getter knows that set has begun; that it has returned, nobody waits for.
    std::thread setter([raw = promise.get()] { raw->set(1); });
    REQUIRE(future.get(10s) == 1);
    promise.reset();
    setter.join();
  }
}
