// SPDX-License-Identifier: MIT
// Lines E of the list of actor semantics.
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "conclib/testkit.hpp"

using conclib::Handle;
using conclib::testkit::Kit;

namespace {

struct Add {
  std::int64_t by = 1;
  CONCLIB_MESSAGE(Add, by)
};
struct Total {
  std::int64_t value = 0;
  CONCLIB_MESSAGE(Total, value)
};
struct Name {
  std::string text;
  CONCLIB_MESSAGE(Name, text)
};
struct Greeting {
  std::string text;
  CONCLIB_MESSAGE(Greeting, text)
};
struct Fail {
  std::string text;
  CONCLIB_MESSAGE(Fail, text)
};
struct Learn {
  CONCLIB_MESSAGE(Learn)
};
struct Run {
  std::string what;
  CONCLIB_MESSAGE(Run, what)
};

/// What the handles refer to.
class Counter : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "counter/{name}";

  Counter() {
    on(&Counter::add);
    on(&Counter::read);
    on(&Counter::fail);
    on(&Counter::fail_later);
    on(&Counter::reset);
    on(&Counter::learn);
  }
  Total add(const Add& message) { return {total_ += message.by}; }
  [[nodiscard]] Total read(const Name& /*who*/) const { return {total_}; }
  Total fail(const Fail& message) { throw std::runtime_error(message.text); }
  conclib::Task<Total> fail_later(Run message) {
    co_await sleep(std::chrono::seconds(1));
    throw std::runtime_error(message.what);
  }
  void reset(bool /*really*/) { total_ = 0; }
  void learn(const Learn& /*message*/) { on(&Counter::greet); }
  Greeting greet(const Greeting& message) { return {"hello " + message.text}; }
  /// No handler: there is no object that it could be of.
  static Total of_pointer(int* /*where*/) { return {}; }
  void on_failure(std::exception_ptr /*error*/) override { counter("failures").add(); }

 private:
  std::int64_t total_ = 0;
};

/// Derives from what a handle may be made for.
class LoudCounter final : public Counter {
 public:
  static constexpr std::string_view urn = "loud/{name}";
};

class Other final : public conclib::Actor {
 public:
  Total add(const Add& /*message*/) { return {}; }
};

/// Uses the handles and answers with what came of it.
class User final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "user";

  User() { on(&User::run); }
  void on_start() override {
    counter_ = spawn<Counter>({.name = "counter"});
    loud_ = spawn<LoudCounter>({.name = "loud"});
  }

  conclib::Task<Name> run(Run message) {
    if (message.what == "call") co_return co_await call();
    if (message.what == "defer") co_return co_await defer_twice();
    if (message.what == "fail") co_return co_await fail();
    if (message.what == "learn") co_return co_await learn();
    if (message.what == "found") co_return co_await found();
    counter_.defer(&Counter::fail, {"deferred"});
    co_return Name{"told"};
  }

 private:
  conclib::Task<Name> call() {
    conclib::Future<Total> first = counter_.call(&Counter::add, {.by = 40});
    conclib::Future<Total> second = counter_.call(&Counter::add, {.by = 2});
    const auto told = co_await second;
    const auto asked = co_await counter_.call(&Counter::read, conclib::make<Name>("me"));
    const conclib::Done done = co_await counter_.call(&Counter::reset, true);
    static_cast<void>(done);
    const auto after = co_await counter_.call(&Counter::read, conclib::make<Name>("me"));
    const auto loud = co_await loud_.call(&Counter::add, {.by = 7});
    const auto early = co_await first;
    co_return Name{std::to_string(early.value) + " " + std::to_string(told.value) + " " +
                   std::to_string(asked.value) + " " + std::to_string(after.value) + " " +
                   std::to_string(loud.value)};
  }
  conclib::Task<Name> defer_twice() {
    counter_.defer(&Counter::add, {.by = 1});
    counter_.defer(&Counter::add, {.by = 2});
    const auto total = co_await counter_.call(&Counter::read, conclib::make<Name>("me"));
    co_return Name{std::to_string(total.value)};
  }
  conclib::Task<Name> fail() {
    std::string said;
    try {
      co_await counter_.call(&Counter::fail, conclib::make<Fail>("at once"));
    } catch (const conclib::Error& error) {
      said = error.what();
    }
    try {
      co_await counter_.call(&Counter::fail_later, conclib::make<Run>("later"));
    } catch (const conclib::Error& error) {
      co_return Name{said + ", " + error.what()};
    }
    co_return Name{"nothing was thrown"};
  }
  /// Each of these goes before the next: first there is no handler, then there is one.
  conclib::Task<Name> learn() {
    conclib::Future<Greeting> before = counter_.call(&Counter::greet, {"a"});
    counter_.defer(&Counter::learn, {});
    conclib::Future<Greeting> after = counter_.call(&Counter::greet, {"b"});
    const auto greeting = co_await after;
    co_return Name{(before.failed() ? "unknown, " : "known, ") + greeting.text};
  }
  conclib::Task<Name> found() {
    std::int64_t sum = 0;
    for (const auto& handle : actors<Counter>()) {
      const auto total = co_await handle.call(&Counter::add, {.by = 5});
      sum += total.value;
    }
    const Handle<LoudCounter> again(*find("user#loud"));
    const auto total = co_await again.call(&Counter::add, {.by = 5});
    co_return Name{std::to_string(sum) + " " + std::to_string(total.value)};
  }

  Handle<Counter> counter_;
  Handle<LoudCounter> loud_;
};

std::string run(Kit& kit, const std::string& what) { return kit.ask<Name>("user", Run{what}).text; }

// What compiles: H::call(method, message), and the same as a tell.
template <typename T, typename Method, typename M>
concept Callable = requires(const Handle<T>& handle, Method method, M message) {
  handle.call(method, message);
};
template <typename T, typename Method, typename M>
concept Deferrable = requires(const Handle<T>& handle, Method method, M message) {
  handle.defer(method, message);
};
template <typename Reply, typename Method, typename M>
concept Answers = requires(const Handle<Counter>& handle, Method method, M message) {
  { handle.call(method, message).start() } -> std::convertible_to<conclib::Future<Reply>>;
};

using AddMethod = decltype(&Counter::add);

static_assert(Callable<Counter, AddMethod, Add>);
static_assert(Deferrable<Counter, AddMethod, Add>);
static_assert(Callable<LoudCounter, AddMethod, Add>, "an inherited handler is one of the class");
static_assert(!Callable<Counter, decltype(&Other::add), Add>, "a handler of another class");
static_assert(!Deferrable<Counter, decltype(&Other::add), Add>);
static_assert(!Callable<Counter, AddMethod, Total>, "a message that the handler does not take");
static_assert(!Deferrable<Counter, AddMethod, Total>);
static_assert(!Callable<Counter, AddMethod, std::string>);
static_assert(!Callable<Counter, const char*, Add>, "a name is no handler");
static_assert(!Callable<Counter, decltype(&Counter::of_pointer), int*>, "a function of no object");

static_assert(Answers<Total, AddMethod, Add>);
static_assert(!Answers<Greeting, AddMethod, Add>, "a reply of another type");
static_assert(!Answers<std::int64_t, AddMethod, Add>);
static_assert(Answers<conclib::Done, decltype(&Counter::reset), bool>);
static_assert(!Answers<bool, decltype(&Counter::reset), bool>, "what returns nothing gives Done");
static_assert(Answers<Total, decltype(&Counter::fail_later), Run>, "a coroutine: its result");

}  // namespace

TEST_CASE("E1 a typed handle calls a handler and gives a future of its reply") {
  Kit kit;
  kit.add<User, Counter, LoudCounter>();
  CHECK(run(kit, "call") == "40 42 42 0 7");
  kit.expect_no_failures();
}

TEST_CASE("E1 the defer form of a typed handle is a tell") {
  Kit kit;
  kit.add<User, Counter, LoudCounter>();
  CHECK(run(kit, "defer") == "3");
  kit.expect_no_failures();
}

TEST_CASE("E1 typed handles are found by class, of derived classes too") {
  Kit kit;
  kit.add<User, Counter, LoudCounter>();
  CHECK(run(kit, "found") == "10 10");
}

TEST_CASE("E2 an exception is thrown again at the caller of a handle, without on_failure") {
  Kit kit;
  kit.add<User, Counter, LoudCounter>();
  const auto said = run(kit, "fail");
  CAPTURE(said);
  CHECK(said.find("at once, ") != std::string::npos);
  CHECK(said.find("later") != std::string::npos);
  CHECK(kit.counter("failures") == 0);
  CHECK(kit.restarts("user#counter") == 0);
  CHECK(run(kit, "defer") == "3");
}

TEST_CASE("E2 in the defer form an exception is the failure of a tell") {
  Kit kit;
  kit.add<User, Counter, LoudCounter>();
  CHECK(run(kit, "defer failure") == "told");
  kit.run();
  CHECK(kit.counter("failures") == 1);
  CHECK(kit.restarts("user#counter") == 1);
  REQUIRE(kit.failures().size() == 1);
  CHECK(kit.failures()[0].text.find("deferred") != std::string::npos);
}

TEST_CASE("E3 an unknown handler, a wrong argument or reply type does not compile") {
  // More of it stands in the static assertions above.
  CHECK(Callable<Counter, AddMethod, Add>);
  CHECK_FALSE(Callable<Counter, decltype(&Other::add), Add>);
  CHECK_FALSE(Callable<Counter, AddMethod, Total>);
  CHECK_FALSE(Answers<Greeting, AddMethod, Add>);
}

TEST_CASE("E4 a handler that is added while the actor runs is seen in the order of messages") {
  Kit kit;
  kit.add<User, Counter, LoudCounter>();
  CHECK(run(kit, "learn") == "unknown, hello b");
  CHECK(kit.ask<Greeting>("user#counter", Greeting{"c"}).text == "hello c");
  CHECK(kit.restarts("user#counter") == 0);
}
