// SPDX-License-Identifier: MIT
#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <latch>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include "conclib/future.hpp"
#include "tests/unit/plugin/future_doubles.hpp"

using conclib::Future;
using conclib::get_all;
using conclib::join;
using conclib::Promise;
using conclib::testing::at_once;
using conclib::testing::failing;
using conclib::testing::NonBlockingTurn;
using conclib::testing::spend;
using conclib::testing::status_of;
using conclib::testing::text_of;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

constexpr int rounds = 300;

template <typename T>
Future<T> future_of(T value) {
  Promise<T> promise;
  promise.set(std::move(value));
  return promise.future();
}

Future<int> failed(const std::string& text) {
  Promise<int> promise;
  promise.set_exception(failing(text));
  return promise.future();
}

/// Takes `time` to be got, and gives the time that was left.
Future<milliseconds> slow(milliseconds time) {
  Promise<milliseconds> promise;
  promise.set_get_hook([time](milliseconds left) {
    spend(time);
    return left;
  });
  return promise.future();
}

using Numbers = std::vector<int>;

}  // namespace

TEST_CASE("get_all gives the values in the order of the futures, not of their coming") {
  std::array<Promise<int>, 3> promises;
  const std::vector futures{promises[0].future(), promises[1].future(), promises[2].future()};
  std::thread setter([&] {
    promises[2].set(2);
    promises[0].set(0);
    promises[1].set(1);
  });
  CHECK(get_all(futures, 10s) == Numbers{0, 1, 2});
  setter.join();
  CHECK(get_all(std::vector<Future<int>>(), 1s).empty());
}

TEST_CASE("get_all of several types gives a tuple") {
  const auto [number, text] = get_all(std::tuple(future_of(7), future_of<std::string>("tea")), 1s);
  CHECK(number == 7);
  CHECK(text == "tea");
}

TEST_CASE("get_all throws the first exception in the order of the futures") {
  CHECK(text_of([] {
          (void)get_all(std::vector{future_of(1), failed("a"), failed("b")}, 1s);
        }) == "a");
}

TEST_CASE("get_all has one time-out for all") {
  const auto list = get_all(std::vector{slow(20ms), slow(20ms), slow(0ms)}, 10s);
  CHECK(list[1] <= 10s - 20ms);
  CHECK(list[2] <= 10s - 40ms);
  const auto [first, last] = get_all(std::tuple(slow(20ms), slow(0ms)), 10s);
  CHECK(first > last);
  CHECK(last <= 10s - 20ms);
}

TEST_CASE("get_all throws TIMEOUT if one is not there in time") {
  const Promise<int> open;
  CHECK(status_of([&] {
          (void)get_all(std::vector{future_of(1), open.future()}, 5ms);
        }) == CONCLIB_TIMEOUT);
  CHECK(status_of([&] { (void)get_all(std::tuple(future_of(1), open.future()), 5ms); }) ==
        CONCLIB_TIMEOUT);
}

TEST_CASE("map takes the whole value, also if it is a range") {
  CHECK(future_of(Numbers{1, 2, 3}).map(&Numbers::size).get() == 3);
  CHECK(future_of(20).map([](int n) { return std::to_string(n); }).get() == "20");
}

TEST_CASE("map is computed by the first get only, on its thread, and then kept") {
  int calls = 0;
  std::thread::id computed_on;
  const auto mapped = future_of(1).map([&](int n) {
    computed_on = std::this_thread::get_id();
    return n + ++calls;
  });
  CHECK(calls == 0);
  CHECK(mapped.get() == 2);
  CHECK(mapped.get() == 2);
  CHECK(calls == 1);
  CHECK(computed_on == std::this_thread::get_id());
}

TEST_CASE("an exception of the function of map is kept") {
  int calls = 0;
  const auto mapped = future_of(1).map([&](int) -> int {
    ++calls;
    throw std::domain_error("no");
  });
  CHECK(text_of([&] { (void)mapped.get(); }) == "no");
  CHECK(text_of([&] { (void)mapped.get(); }) == "no");
  CHECK(calls == 1);
}

TEST_CASE("an exception of the source goes through, the very object, and no function is called") {
  const auto error = failing("sold out");
  Promise<Numbers> promise;
  promise.set_exception(error);
  const auto source = promise.future();
  int calls = 0;
  const auto count = [&](auto&&...) { return ++calls; };
  const auto caught = [&](const auto& future) -> std::exception_ptr {
    try {
      (void)future.get();
    } catch (const std::domain_error&) {
      return std::current_exception();
    }
    return nullptr;
  };
  CHECK(caught(source.map(count)) == error);
  CHECK(caught(source.filter(count)) == error);
  CHECK(caught(source.reduce(count)) == error);
  CHECK(caught(source.reduce(count, 0)) == error);
  CHECK(caught(join(source, source)) == error);
  CHECK(calls == 0);
}

TEST_CASE("a map to a future gives a future in a future") {
  const auto nested = future_of(1).map([](int n) { return future_of(n + 1); });
  CHECK(nested.get().get() == 2);
}

TEST_CASE("a map may be mapped again, and the value may be one that can only be moved") {
  const auto owned = future_of(1).map([](int n) { return std::make_unique<int>(n + 1); });
  const auto twice = owned.map([](const std::unique_ptr<int>& n) { return *n * 2; });
  CHECK(twice.get() == 4);
  CHECK(*owned.get() == 2);
}

TEST_CASE("filter keeps the elements that match, in order") {
  CHECK(future_of(Numbers{1, 2, 3, 4}).filter([](int n) { return n % 2 == 0; }).get() ==
        Numbers{2, 4});
  CHECK(future_of(Numbers{}).filter([](int) { return true; }).get().empty());
  const std::map<int, std::string> prices{{1, "tea"}, {2, "rum"}};
  const auto dear = future_of(prices).filter([](const auto& pair) { return pair.first > 1; });
  REQUIRE(dear.get().size() == 1);
  CHECK(dear.get().front().second == "rum");
}

TEST_CASE("join gives the values in the order of the futures, not of their coming") {
  std::array<Promise<int>, 3> promises;
  const auto joined = join(promises[0].future(), promises[1].future(), promises[2].future());
  promises[2].set(2);
  promises[0].set(0);
  CHECK_FALSE(joined.ready());
  promises[1].set(1);
  CHECK(joined.ready());
  CHECK(joined.get() == Numbers{0, 1, 2});
  CHECK(join(std::vector{future_of(4), future_of(3)}).get() == Numbers{4, 3});
  CHECK(join(future_of(5)).get() == Numbers{5});
}

TEST_CASE("join of the first exceptions takes the first in order") {
  CHECK(text_of([] { (void)join(future_of(1), failed("a"), failed("b")).get(); }) == "a");
}

TEST_CASE("join of no futures is ready and empty") {
  const auto joined = join(std::vector<Future<int>>());
  int calls = 0;
  joined.on_ready([&] { ++calls; });
  CHECK(calls == 1);
  CHECK(joined.ready());
  CHECK(joined.get().empty());
}

TEST_CASE("reduce folds from the left, from the initial value on") {
  const auto text = [](const std::string& left, int n) {
    return "(" + left + "-" + std::to_string(n) + ")";
  };
  CHECK(future_of(Numbers{1, 2, 3}).reduce(text, std::string("0")).get() == "(((0-1)-2)-3)");
  CHECK(future_of(Numbers{}).reduce(text, std::string("0")).get() == "0");
}

TEST_CASE("reduce without an initial value starts with the first element and needs one") {
  CHECK(future_of(Numbers{10, 2, 3}).reduce(std::minus<>()).get() == 5);
  CHECK(future_of(Numbers{10}).reduce(std::minus<>()).get() == 10);
  CHECK(status_of([] { (void)future_of(Numbers{}).reduce(std::minus<>()).get(); }) ==
        CONCLIB_BAD_ARGUMENT);
}

TEST_CASE("filter, join and reduce are computed once, at the first get, and then kept") {
  int calls = 0;
  const auto source = future_of(Numbers{1, 2}).map([&](const Numbers& numbers) {
    ++calls;
    return numbers;
  });
  const auto filtered = source.filter([&](int) { return ++calls > 0; });
  const auto joined = join(source, source);
  const auto folded = source.reduce([&](int left, int n) {
    ++calls;
    return left + n;
  });
  CHECK(calls == 0);
  CHECK(&filtered.get() == &filtered.get());
  CHECK(calls == 3);
  CHECK(&joined.get() == &joined.get());
  CHECK(calls == 3);
  CHECK(&folded.get() == &folded.get());
  CHECK(calls == 4);
}

TEST_CASE("what is made of futures keeps the getter's deadline over all of them") {
  const auto second = join(slow(20ms), slow(0ms)).map([](const std::vector<milliseconds>& left) {
    return left[1];
  });
  const auto left = second.get(10s);
  CHECK(left <= 10s - 20ms);
  CHECK(left > 0ms);
}

TEST_CASE("a getter of what is made of an open future times out, and a later one gets it") {
  Promise<Numbers> promise("the stock of tea");
  const auto source = promise.future();
  const auto mapped = source.map(&Numbers::size);
  const auto filtered = source.filter([](int n) { return n > 1; });
  const auto joined = join(source, source);
  const auto folded = source.reduce(std::plus<>()).map([](int n) { return n + 1; });
  const auto begin = std::chrono::steady_clock::now();
  CHECK(text_of([&] { (void)mapped.get(20ms); }) == "the stock of tea was not there within 20 ms");
  CHECK(std::chrono::steady_clock::now() - begin >= 20ms);
  CHECK(status_of([&] { (void)filtered.get(1ms); }) == CONCLIB_TIMEOUT);
  CHECK(status_of([&] { (void)joined.get(1ms); }) == CONCLIB_TIMEOUT);
  CHECK(status_of([&] { (void)folded.get(1ms); }) == CONCLIB_TIMEOUT);
  std::thread setter([&] { promise.set({1, 2}); });
  CHECK(mapped.get(10s) == 2);
  setter.join();
  CHECK(filtered.get() == Numbers{2});
  CHECK(joined.get() == std::vector<Numbers>{{1, 2}, {1, 2}});
  CHECK(folded.get() == 4);
}

TEST_CASE("what is made of futures is ready, and calls back once, when all of them are ready") {
  std::array<Promise<int>, 2> promises;
  int computed = 0;
  const auto sum = join(promises[0].future(), promises[1].future(), promises[0].future())
                       .map([&](const Numbers& numbers) {
                         ++computed;
                         return numbers[0] + numbers[1];
                       });
  int calls = 0;
  sum.on_ready([&] { ++calls; });
  promises[1].set(1);
  CHECK_FALSE(sum.ready());
  CHECK(calls == 0);
  promises[0].set(2);
  CHECK(sum.ready());
  CHECK(calls == 1);
  CHECK(computed == 0);
  sum.on_ready([&] { ++calls; });
  CHECK(calls == 2);
  CHECK(sum.get() == 3);
  sum.on_ready([&] { ++calls; });
  CHECK(calls == 3);
}

TEST_CASE("failed computes what is made of futures that are ready") {
  CHECK(failed("sold out").map([](int n) { return n; }).failed());
  CHECK(future_of(1).map([](int) -> int { throw std::domain_error("no"); }).failed());
  CHECK_FALSE(future_of(1).map([](int n) { return n; }).failed());
  const Promise<int> open;
  CHECK_FALSE(open.future().map([](int n) { return n; }).failed());
}

TEST_CASE("the turn of a non-blocking actor computes from what is there, and waits for nothing") {
  Promise<int> promise;
  const auto mapped = promise.future().map([](int n) { return n + 1; });
  const NonBlockingTurn turn;
  CHECK(status_of([&] { (void)mapped.get(1h); }) == CONCLIB_BAD_ARGUMENT);
  CHECK(status_of([&] { (void)get_all(std::vector{mapped}, 1h); }) == CONCLIB_BAD_ARGUMENT);
  promise.set(1);
  CHECK(mapped.get(1h) == 2);
}

TEST_CASE("the turn of a non-blocking actor takes what another thread is just computing") {
  std::latch computing(1);
  std::latch other_tried(1);
  const auto mapped = future_of(1).map([&](int n) {
    computing.count_down();
    other_tried.wait();
    return n;
  });
  std::thread getter([&] { (void)mapped.get(1h); });
  computing.wait();
  const NonBlockingTurn turn;
  CHECK(mapped.ready());
  CHECK_FALSE(mapped.failed());
  CHECK(status_of([&] { (void)mapped.get(1ms); }) == CONCLIB_TIMEOUT);
  other_tried.count_down();
  CHECK(mapped.get(1h) == 1);
  getter.join();
}

TEST_CASE("a chain of a thousand futures is computed, called back and destroyed") {
  Promise<int> promise;
  auto last = promise.future();
  for (int i = 0; i < 1000; ++i) last = last.map([](int n) { return n + 1; });
  int calls = 0;
  last.on_ready([&] { ++calls; });
  promise.set(1);
  CHECK(calls == 1);
  CHECK(last.ready());
  CHECK(last.get() == 1001);
  last = promise.future();
  for (int i = 0; i < 1000; ++i) last = last.map([](int n) { return n + 1; });
}

TEST_CASE("no lock is held while the functions of derived futures run") {
  Promise<int> promise;
  const auto source = promise.future();
  Future<int> mapped;
  int calls = 0;
  mapped = source.map([&](int n) {
    source.on_ready([&] { ++calls; });
    mapped.on_ready([&] { ++calls; });
    return n + source.get() + (mapped.ready() ? 1 : 0);
  });
  promise.set(1);
  CHECK(mapped.get() == 3);
  CHECK(calls == 2);
}

TEST_CASE("a function that gets the future it is computing hears DEADLOCK at once") {
  Future<int> mapped;
  mapped = future_of(1).map([&](int) { return mapped.get(1h); });
  CHECK(status_of([&] { (void)mapped.get(1h); }) == CONCLIB_DEADLOCK);
}

TEST_CASE("a derived future lets go of its sources and its function once it is computed") {
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> value = held;
  const auto captured = std::make_shared<int>(2);
  auto mapped =
      future_of(std::move(held)).map([captured](const auto& n) { return *n + *captured; });
  CHECK_FALSE(value.expired());
  CHECK(mapped.get() == 3);
  CHECK(value.expired());
  CHECK(captured.use_count() == 1);
}

TEST_CASE("of many getters of a derived future one computes, and all get the result") {
  for (int round = 0; round < rounds; ++round) {
    Promise<int> promise;
    int computed = 0;  // Guarded by the promise that it is computed once.
    const auto mapped = promise.future().map([&](int n) { return n + ++computed; });
    const auto joined = join(mapped, mapped);
    std::atomic<int> sum = 0;
    std::atomic<int> calls = 0;
    std::atomic<int> looks = 0;
    at_once({[&] { promise.set(1); }, [&] { sum += mapped.get(10s); },
             [&] { sum += joined.get(10s)[1]; }, [&] { joined.on_ready([&] { ++calls; }); },
             [&] { looks += joined.ready() + mapped.failed(); }});
    REQUIRE(computed == 1);
    REQUIRE(sum == 4);
    REQUIRE(looks <= 1);
    REQUIRE(calls == 1);
  }
}
