// SPDX-License-Identifier: MIT
// Line D6 of the list of actor semantics: handlers that wait.
#include <atomic>
#include <chrono>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "conclib/testkit.hpp"
#include "tests/conformance/threaded_worker.hpp"

using conclib::Future;
using conclib::Promise;
using conclib::Task;
using conclib::conformance::eventually;
using conclib::conformance::ThreadedWorker;
using conclib::testkit::Kit;
using namespace std::chrono_literals;

namespace {

struct Fetch {
  std::string how;
  CONCLIB_MESSAGE(Fetch, how)
};
struct Row {
  std::int64_t number = 0;
  CONCLIB_MESSAGE(Row, number)
};
struct Note {
  std::string text;
  CONCLIB_MESSAGE(Note, text)
};
struct Halt {
  bool now = false;
  std::string urn;
  CONCLIB_MESSAGE(Halt, now, urn)
};
struct Complete {
  std::int64_t number = 0;
  CONCLIB_MESSAGE(Complete, number)
};

/// A database driver, as far as an actor sees it: its results come on whatever thread they come.
class Driver {
 public:
  Driver() = default;
  explicit Driver(conclib::Plugin& /*plugin*/) {}

  Future<std::int64_t> query() {
    const std::lock_guard lock(mutex_);
    return queries_.emplace_back("the row").future();
  }
  /// Completes the oldest query; false: there is none.
  bool complete(std::int64_t number) {
    std::unique_lock lock(mutex_);
    if (queries_.empty()) return false;
    auto promise = std::move(queries_.front());
    queries_.pop_front();
    lock.unlock();
    promise.set(number);
    return true;
  }
  [[nodiscard]] std::size_t waiting() {
    const std::lock_guard lock(mutex_);
    return queries_.size();
  }

  /// How many frames hold a Held.
  std::atomic<int> held{0};

 private:
  std::mutex mutex_;
  std::deque<Promise<std::int64_t>> queries_;
};

/// Something that a coroutine holds, and gives back when it is destroyed.
class Held {
 public:
  explicit Held(std::atomic<int>& count) : count_(count) { ++count_; }
  ~Held() { --count_; }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  std::atomic<int>& count_;
};

Driver& driver_of(Driver& driver) { return driver; }
Driver& driver_of(Driver* driver) { return *driver; }

/// `Shared` is a Driver or a pointer to one: the kit makes it, a test with threads has it.
template <typename Shared>
class Waiting : public conclib::Actor {
 public:
  Waiting() {
    on(&Waiting::fetch);
    on(&Waiting::note);
    on(&Waiting::halt);
    on(&Waiting::complete);
  }

  Task<Row> fetch(Fetch message) {
    const Held held(driver_of(shared<Shared>()).held);
    tell("journal", Note{"begins " + message.how});
    auto number = std::int64_t{0};
    if (message.how == "ask") {
      const auto row = co_await ask<Row>("shop", message);
      number = row.number;
    } else if (message.how == "sleep") {
      co_await sleep(1s);
      number = 1;
    } else if (message.how == "helper") {
      number = co_await helper();
    } else {
      number = co_await driver_of(shared<Shared>()).query();
    }
    tell("journal", Note{"ends " + message.how});
    if (number < 0) throw std::runtime_error("a bad row");
    co_return Row{number};
  }
  void note(const Note& message) { tell("journal", message); }
  void halt(const Halt& message) { stop(message.urn.empty() ? urn() : message.urn, {message.now}); }
  void complete(const Complete& message) { driver_of(shared<Shared>()).complete(message.number); }
  void on_stop() override { tell("journal", Note{"on_stop"}); }

 private:
  Task<std::int64_t> helper() {
    co_await sleep(1s);
    const auto first = co_await driver_of(shared<Shared>()).query();
    const auto second = co_await driver_of(shared<Shared>()).query();
    co_return first * 10 + second;
  }
};

class Serial final : public Waiting<Driver> {
 public:
  static constexpr std::string_view urn = "serial/{name}";
};
class Reentrant final : public Waiting<Driver> {
 public:
  static constexpr std::string_view urn = "reentrant/{name}";
  static constexpr bool reentrant = true;
};

/// Answers how many frames are held.
class Observer final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "observer";
  Observer() { on(&Observer::held); }
  Row held(const Note& /*message*/) { return {shared<Driver>().held.load()}; }
};

/// All that stands in the journal now, in its order.
std::vector<std::string> read(conclib::testkit::Probe& journal, std::size_t lines) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < lines; ++i) texts.push_back(journal.expect<Note>().text);
  journal.expect_nothing();
  return texts;
}

using Lines = std::vector<std::string>;

std::int64_t held(Kit& kit) { return kit.ask<Row>("observer", Note{}).number; }

template <typename Call>
std::pair<conclib_status, std::string> failure_of(const Call& call) {
  try {
    call();
  } catch (const conclib::Error& error) {
    return {error.status(), error.what()};
  }
  return {CONCLIB_OK, {}};
}

class Remote final : public Waiting<Driver*> {
 public:
  static constexpr std::string_view urn = "remote/{n}";
};
class RemoteReentrant final : public Waiting<Driver*> {
 public:
  static constexpr std::string_view urn = "remote_reentrant/{n}";
  static constexpr bool reentrant = true;
};
class Journal final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "journal";
  Journal() { on(&Journal::note); }
  void note(const Note&) {}
};

}  // namespace

TEST_CASE("D6 co_await of an ask, a time, a future and a task of one's own works in a handler") {
  Kit kit;
  kit.add_sharing<Driver, Serial>();
  kit.probe("shop").on<Fetch>([](const Fetch&) { return Row{7}; });
  CHECK(kit.ask<Row>("serial/a", Fetch{"ask"}).number == 7);

  auto slept = kit.begin_ask<Row>("serial/a", Fetch{"sleep"});
  kit.advance(999ms);
  CHECK_FALSE(slept.done());
  kit.advance(1ms);
  CHECK(slept.done());
  CHECK(slept.get().number == 1);

  auto queried = kit.begin_ask<Row>("serial/a", Fetch{"query"});
  kit.run();
  CHECK_FALSE(queried.done());
  kit.tell("serial/driver", Complete{5});
  CHECK(queried.get().number == 5);

  auto helped = kit.begin_ask<Row>("serial/a", Fetch{"helper"});
  kit.advance(1s);
  kit.tell("serial/driver", Complete{4});
  kit.run();
  kit.tell("serial/driver", Complete{2});
  CHECK(helped.get().number == 42);
}

TEST_CASE("D6 while a handler waits its actor takes no other message, and then all in order") {
  Kit kit;
  kit.add_sharing<Driver, Serial>();
  auto& journal = kit.probe("journal");
  auto answer = kit.begin_ask<Row>("serial/a", Fetch{"query"});
  kit.tell("serial/a", Note{"one"});
  kit.tell("serial/a", Note{"two"});
  kit.advance(1min);
  CHECK(read(journal, 1) == Lines{"begins query"});
  kit.tell("serial/driver", Complete{1});
  CHECK(answer.get().number == 1);
  CHECK(read(journal, 3) == Lines{"ends query", "one", "two"});
}

TEST_CASE("D6 a reentrant actor takes other messages while a handler of it waits") {
  Kit kit;
  kit.add_sharing<Driver, Reentrant>();
  auto& journal = kit.probe("journal");
  auto first = kit.begin_ask<Row>("reentrant/a", Fetch{"query"});
  kit.run();
  auto second = kit.begin_ask<Row>("reentrant/a", Fetch{"sleep"});
  kit.tell("reentrant/a", Note{"one"});
  CHECK(read(journal, 3) == Lines{"begins query", "begins sleep", "one"});
  CHECK(second.get().number == 1);
  CHECK_FALSE(first.done());
  kit.tell("reentrant/a", Complete{3});
  CHECK(first.get().number == 3);
}

TEST_CASE("D6 what leaves a handler after it has waited reaches its asker, and the actor goes on") {
  Kit kit;
  kit.add_sharing<Driver, Serial, Observer>();
  auto answer = kit.begin_ask<Row>("serial/a", Fetch{"query"});
  kit.run();
  kit.tell("serial/driver", Complete{-1});
  const auto failure = failure_of([&] { static_cast<void>(answer.get()); });
  CHECK(failure.first == CONCLIB_ACTOR_FAILED);
  CHECK(failure.second.find("a bad row") != std::string::npos);
  CHECK(held(kit) == 0);
  CHECK(kit.restarts("serial/a") == 0);
}

TEST_CASE("D6 a stop after what is queued lets the handler that waits go on to its end") {
  Kit kit;
  kit.add_sharing<Driver, Serial, Observer>();
  auto& journal = kit.probe("journal");
  auto answer = kit.begin_ask<Row>("serial/a", Fetch{"query"});
  kit.run();
  kit.tell("serial/b", Halt{.urn = "serial/a"});
  kit.run();
  CHECK_FALSE(answer.done());
  kit.tell("serial/b", Complete{6});
  CHECK(answer.get().number == 6);
  CHECK(read(journal, 3) == Lines{"begins query", "ends query", "on_stop"});
  CHECK_FALSE(kit.alive("serial/a"));
}

TEST_CASE("D6 a coroutine abandoned by an immediate stop is destroyed, and its asker answered") {
  Kit kit;
  kit.add_sharing<Driver, Serial, Observer>();
  auto& journal = kit.probe("journal");
  kit.probe("shop");
  for (const std::string how : {"query", "ask", "sleep", "helper"}) {
    CAPTURE(how);
    auto answer = kit.begin_ask<Row>("serial/a", Fetch{how}, 1h);
    kit.run();
    CHECK(held(kit) == 1);
    kit.tell("serial/b", Halt{.now = true, .urn = "serial/a"});
    kit.run();
    CHECK(answer.done());
    CHECK(failure_of([&] { static_cast<void>(answer.get()); }).first == CONCLIB_NO_REPLY);
    CHECK(held(kit) == 0);
    CHECK(read(journal, 2) == Lines{"begins " + how, "on_stop"});
  }
  CHECK(kit.elapsed() < 1s);
}

TEST_CASE("D6 coroutines of a reentrant actor are abandoned by its stop in the same way") {
  Kit kit;
  kit.add_sharing<Driver, Reentrant, Observer>();
  auto first = kit.begin_ask<Row>("reentrant/a", Fetch{"query"}, 1h);
  auto second = kit.begin_ask<Row>("reentrant/a", Fetch{"query"}, 1h);
  kit.run();
  CHECK(held(kit) == 2);
  kit.tell("reentrant/a", Halt{.now = true});
  kit.run();
  CHECK(failure_of([&] { static_cast<void>(first.get()); }).first == CONCLIB_NO_REPLY);
  CHECK(failure_of([&] { static_cast<void>(second.get()); }).first == CONCLIB_NO_REPLY);
  CHECK(held(kit) == 0);
  // Nobody waits for the rows any more when they come.
  kit.tell("reentrant/b", Complete{1});
  kit.tell("reentrant/b", Complete{2});
  kit.run();
  kit.expect_no_failures();
}

TEST_CASE("D6 a future that another thread completes goes on with the handler that waits for it") {
  constexpr int asks = 200;
  Driver driver;
  ThreadedWorker worker;
  worker.add_sharing<Remote, RemoteReentrant, Journal>(driver);
  worker.start();
  std::vector<conclib::conformance::Pending<Row>> answers;
  std::atomic<bool> over{false};
  std::thread completes([&] {
    std::int64_t number = 0;
    while (!over) {
      if (!driver.complete(++number)) std::this_thread::yield();
    }
  });
  for (int i = 0; i < asks; ++i) {
    const auto* const type = i % 2 == 0 ? "remote/" : "remote_reentrant/";
    answers.push_back(worker.begin_ask<Row>(type + std::to_string(i % 10), Fetch{"query"}));
  }
  int positive = 0;
  for (auto& answer : answers) positive += answer.get().number > 0 ? 1 : 0;
  over = true;
  completes.join();
  CHECK(positive == asks);
  CHECK(eventually([&] { return driver.held == 0; }));
}

TEST_CASE(
    "D6 a stop that races with the completion by another thread answers once and leaks none") {
  constexpr int rounds = 100;
  Driver driver;
  ThreadedWorker worker;
  worker.add_sharing<Remote, RemoteReentrant, Journal>(driver);
  worker.start();
  int answered = 0;
  int abandoned = 0;
  for (int i = 0; i < rounds; ++i) {
    const auto urn = (i % 2 == 0 ? "remote/" : "remote_reentrant/") + std::to_string(i);
    auto answer = worker.begin_ask<Row>(urn, Fetch{"query"});
    REQUIRE(eventually([&] { return driver.waiting() == 1; }));
    std::thread completes([&] { driver.complete(i + 1); });
    worker.tell("remote/stopper", Halt{.now = true, .urn = urn});
    std::int64_t number = 0;
    const auto failure = failure_of([&] { number = answer.get().number; });
    answered += number == i + 1 ? 1 : 0;
    abandoned += failure.first == CONCLIB_NO_REPLY ? 1 : 0;
    completes.join();
  }
  CHECK(answered + abandoned == rounds);
  CHECK(eventually([&] { return driver.held == 0; }));
}
