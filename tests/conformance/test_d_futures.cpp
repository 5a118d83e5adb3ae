// SPDX-License-Identifier: MIT
// Lines D1 to D5 of the list of actor semantics: futures as such, and in handlers that block.
#include <chrono>
#include <exception>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "conclib/testkit.hpp"

using conclib::Future;
using conclib::Promise;
using conclib::testkit::Kit;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

/// The status of the Error that the call throws; OK if it throws none.
template <typename Call>
conclib_status status_of(const Call& call) {
  try {
    call();
  } catch (const conclib::Error& error) {
    return error.status();
  }
  return CONCLIB_OK;
}

struct SoldOut : std::domain_error {
  explicit SoldOut(const std::string& item) : std::domain_error(item + " is sold out"), of(item) {}
  std::string of;
};

struct Get {
  std::string how;
  CONCLIB_MESSAGE(Get, how)
};
struct Got {
  std::string text;
  CONCLIB_MESSAGE(Got, text)
};
struct Price {
  std::int64_t cents = 0;
  CONCLIB_MESSAGE(Price, cents)
};

/// Takes the result of a thread of its own, as an author does with a library that is no actor.
std::string got(const std::string& how) {
  Promise<std::string> promise("the price of tea");
  const auto future = promise.future();
  if (how == "nothing") return future.get(10ms);
  std::thread([promise = std::move(promise)]() mutable { promise.set("5"); }).detach();
  const auto waited = future.get(10s);
  return waited + future.get();
}

class Blocking final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "blocking";
  static constexpr bool blocking = true;
  Blocking() { on(&Blocking::get); }
  Got get(const Get& message) { return {got(message.how)}; }
};

class Prompt final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "prompt";
  Prompt() { on(&Prompt::get); }
  Got get(const Get& message) { return {got(message.how)}; }
};

/// Asks two shops at once, and makes one text of what they say.
class Buyer final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "buyer";
  Buyer() { on(&Buyer::get); }
  conclib::Task<Got> get(Get message) {
    const Future<Price> first = ask<Price>("shop/a", message);
    const Future<Price> second = ask<Price>("shop/b", message);
    const auto total =
        co_await conclib::join(first, second)
            .reduce([](std::int64_t sum, const Price& price) { return sum * 1000 + price.cents; },
                    std::int64_t{0});
    const auto text = co_await first.map([](const Price& p) { return std::to_string(p.cents); });
    co_return Got{std::to_string(total) + " " + text};
  }
};

template <typename T>
Future<T> ready(T value) {
  Promise<T> promise;
  promise.set(std::move(value));
  return promise.future();
}

/// A future that counts how often it was computed, and keeps how much time its getter had.
struct Lazy {
  Lazy() {
    promise.set_get_hook([this](milliseconds given) {
      ++calls;
      left = given;
      return std::vector<int>{1, 2, 3, 4};
    });
  }
  Promise<std::vector<int>> promise;
  Future<std::vector<int>> future = promise.future();
  int calls = 0;
  milliseconds left{0};
};

}  // namespace

TEST_CASE("D1 a promise is set once: a second result is refused and changes nothing") {
  Promise<int> promise;
  promise.set(1);
  CHECK(status_of([&] { promise.set(2); }) == CONCLIB_ALREADY_RESPONDED);
  CHECK(status_of([&] { promise.set_exception(std::make_exception_ptr(1)); }) ==
        CONCLIB_ALREADY_RESPONDED);
  CHECK(promise.future().get() == 1);
}

TEST_CASE("D1 an exception keeps its identity and its text") {
  Promise<int> promise;
  const auto error = std::make_exception_ptr(SoldOut("tea"));
  promise.set_exception(error);
  std::string text;
  std::string of;
  bool same = false;
  try {
    promise.future().get();
  } catch (const SoldOut& caught) {
    text = caught.what();
    of = caught.of;
    same = std::current_exception() == error;
  }
  CHECK(text == "tea is sold out");
  CHECK(of == "tea");
  CHECK(same);
}

TEST_CASE("D2 get waits until its deadline, and get again gives the same") {
  Kit kit;
  kit.add<Blocking>();
  CHECK(kit.ask<Got>("blocking", Get{"thread"}).text == "55");
  std::string text;
  const auto status = status_of([&] {
    try {
      kit.ask<Got>("blocking", Get{"nothing"});
    } catch (const conclib::Error& error) {
      text = error.what();
      throw;
    }
  });
  CHECK(status == CONCLIB_ACTOR_FAILED);
  CAPTURE(text);
  CHECK(text.find("the price of tea") != std::string::npos);
}

TEST_CASE("D2 get on the turn of an actor that is not declared blocking does not wait") {
  Kit kit;
  kit.add<Prompt>();
  CHECK(status_of([&] { kit.ask<Got>("prompt", Get{"nothing"}); }) == CONCLIB_ACTOR_FAILED);
  REQUIRE(kit.failures().size() == 1);
  CHECK(kit.failures()[0].text.find("blocking") != std::string::npos);
}

TEST_CASE("D2 a value may be taken again and again, an exception too") {
  const auto value = ready(std::string("tea"));
  CHECK(&value.get() == &value.get());
  Promise<int> broken;
  broken.set_exception(std::make_exception_ptr(SoldOut("tea")));
  const auto future = broken.future();
  CHECK_THROWS_AS(future.get(), SoldOut);
  CHECK_THROWS_AS(future.get(), SoldOut);
}

TEST_CASE("D2 a future in a future works") {
  Promise<Future<int>> outer;
  Promise<int> inner;
  outer.set(inner.future());
  CHECK_FALSE(outer.future().get().ready());
  inner.set(3);
  CHECK(outer.future().get().get() == 3);
}

TEST_CASE("D3 get_all keeps the order") {
  Promise<int> first;
  Promise<int> second;
  const std::vector<Future<int>> both{first.future(), second.future()};
  second.set(2);
  first.set(1);
  CHECK(conclib::get_all(both, 1s) == std::vector<int>{1, 2});
}

TEST_CASE("D3 get_all has one deadline for all") {
  std::vector<milliseconds> left;
  std::vector<Promise<int>> promises(3);
  std::vector<Future<int>> futures;
  for (auto& promise : promises) {
    promise.set_get_hook([&left](milliseconds given) {
      left.push_back(given);
      const auto end = std::chrono::steady_clock::now() + 30ms;
      while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
      return 1;
    });
    futures.push_back(promise.future());
  }
  CHECK(conclib::get_all(futures, 1h).size() == 3);
  REQUIRE(left.size() == 3);
  CHECK(left[0] <= 1h);
  CHECK(left[1] <= left[0] - 29ms);
  CHECK(left[2] <= left[1] - 29ms);
  Promise<int> never;
  CHECK(status_of([&] {
          static_cast<void>(conclib::get_all(std::vector{never.future()}, 10ms));
        }) == CONCLIB_TIMEOUT);
}

TEST_CASE("D4 a get-hook is called once, and its result is kept, also an empty one") {
  Promise<std::optional<int>> promise;
  const auto future = promise.future();
  int calls = 0;
  promise.set_get_hook([&](milliseconds) -> std::optional<int> {
    ++calls;
    return std::nullopt;
  });
  CHECK(calls == 0);
  CHECK_FALSE(future.get(1s).has_value());
  CHECK_FALSE(future.get(1s).has_value());
  CHECK(calls == 1);
}

TEST_CASE("D4 the exception of a get-hook is its result, and is kept") {
  Promise<int> promise;
  int calls = 0;
  promise.set_get_hook([&](milliseconds) -> int {
    ++calls;
    throw SoldOut("tea");
  });
  CHECK_THROWS_AS(promise.future().get(1s), SoldOut);
  CHECK_THROWS_AS(promise.future().get(1s), SoldOut);
  CHECK(calls == 1);
}

TEST_CASE("D4 a get-hook is refused once a result is set, or another hook") {
  const auto one = [](milliseconds) { return 1; };
  Promise<int> set;
  set.set(2);
  CHECK(status_of([&] { set.set_get_hook(one); }) == CONCLIB_ALREADY_RESPONDED);
  CHECK(set.future().get() == 2);
  Promise<int> hooked;
  hooked.set_get_hook(one);
  CHECK(status_of([&] { hooked.set_get_hook([](milliseconds) { return 2; }); }) ==
        CONCLIB_ALREADY_RESPONDED);
  CHECK(hooked.future().get() == 1);
}

TEST_CASE("D4 a set after a get-hook is refused") {
  Promise<int> promise;
  promise.set_get_hook([](milliseconds) { return 1; });
  CHECK(status_of([&] { promise.set(2); }) == CONCLIB_ALREADY_RESPONDED);
  CHECK(promise.future().get() == 1);
}

TEST_CASE("D5 map is of the whole value, also of a list") {
  const auto list = ready(std::vector<int>{1, 2, 3});
  const auto size = list.map([](const std::vector<int>& all) { return all.size(); });
  CHECK(size.get() == 3);
}

TEST_CASE("D5 filter keeps the elements for which it holds") {
  const auto list = ready(std::vector<int>{1, 2, 3, 4});
  CHECK(list.filter([](int n) { return n % 2 == 0; }).get() == std::vector<int>{2, 4});
}

TEST_CASE("D5 join keeps the order of its futures") {
  Promise<int> first;
  Promise<int> second;
  const auto both = conclib::join(first.future(), second.future());
  second.set(2);
  CHECK_FALSE(both.ready());
  first.set(1);
  CHECK(both.get() == std::vector<int>{1, 2});
}

TEST_CASE("D5 reduce folds from the left, with an initial value or from the first element on") {
  const auto list = ready(std::vector<std::string>{"a", "b", "c"});
  const auto fold = [](const std::string& so_far, const std::string& next) {
    return "(" + so_far + next + ")";
  };
  CHECK(list.reduce(fold, std::string("0")).get() == "(((0a)b)c)");
  CHECK(list.reduce(fold).get() == "((ab)c)");
  const auto none = ready(std::vector<std::string>{});
  CHECK(none.reduce(fold, std::string("0")).get() == "0");
  CHECK(status_of([&] { none.reduce(fold).get(); }) == CONCLIB_BAD_ARGUMENT);
}

TEST_CASE("D5 each of map, filter, join and reduce is computed once") {
  const Lazy lazy;
  int calls = 0;
  const auto count = [&calls](int value) { return ++calls, value; };
  const auto mapped = lazy.future.map([&](const std::vector<int>& all) { return count(all[0]); });
  const auto kept = lazy.future.filter([&](int n) { return count(n) > 0; });
  const auto sum = lazy.future.reduce([&](int a, int b) { return count(a + b); }, 0);
  const auto all = conclib::join(mapped, sum);
  CHECK(calls == 0);
  for (int round = 0; round < 2; ++round) {
    CHECK(mapped.get(1s) == 1);
    CHECK(kept.get(1s).size() == 4);
    CHECK(sum.get(1s) == 10);
    CHECK(all.get(1s) == std::vector<int>{1, 10});
  }
  CHECK(calls == 1 + 4 + 4);
  CHECK(lazy.calls == 1);
}

TEST_CASE("D5 each of map, filter, join and reduce keeps the deadline of its getter") {
  const auto sum = [](int a, int b) { return a + b; };
  const Lazy mapped;
  static_cast<void>(mapped.future.map([](const auto& all) { return all.size(); }).get(10s));
  const Lazy filtered;
  static_cast<void>(filtered.future.filter([](int n) { return n > 1; }).get(10s));
  const Lazy joined;
  static_cast<void>(conclib::join(joined.future).get(10s));
  const Lazy reduced;
  static_cast<void>(reduced.future.reduce(sum, 0).get(10s));
  for (const auto* lazy : {&mapped, &filtered, &joined, &reduced}) {
    CHECK(lazy->left > 5s);
    CHECK(lazy->left <= 10s);
  }
}

TEST_CASE("D5 the futures of asks are mapped, joined and reduced within a handler") {
  Kit kit;
  kit.add<Buyer>();
  kit.probe("shop/a").on<Get>([](const Get&) { return Price{17}; });
  kit.probe("shop/b").on<Get>([](const Get&) { return Price{4}; });
  CHECK(kit.ask<Got>("buyer", Get{"tea"}).text == "17004 17");
}
