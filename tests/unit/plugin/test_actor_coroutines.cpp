// SPDX-License-Identifier: MIT
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/plugin/actor_stage.hpp"

using conclib::Task;
using conclib::testing::ActorStage;
using conclib::testing::answer_of;
using namespace std::chrono_literals;

namespace {

struct Price {
  std::int64_t cents = 0;
  CONCLIB_MESSAGE(Price, cents)
};
struct Quote {
  std::string item;
  CONCLIB_MESSAGE(Quote, item)
};
struct Sum {
  std::vector<std::string> items;
  CONCLIB_MESSAGE(Sum, items)
};
struct Wait {
  std::string how;
  CONCLIB_MESSAGE(Wait, how)
};
struct Forget {
  std::string how;
  CONCLIB_MESSAGE(Forget, how)
};
struct Twice {
  CONCLIB_MESSAGE(Twice)
};

/// Counts the lives of what a frame holds.
struct Resource {
  explicit Resource(int& lives) : count(&lives) { ++lives; }
  Resource(Resource&& other) noexcept : count(std::exchange(other.count, nullptr)) {}
  Resource& operator=(Resource&&) = delete;
  ~Resource() {
    if (count != nullptr) --*count;
  }
  int* count;
};

class Broker : public conclib::Actor {
 public:
  Broker() {
    on(&Broker::quote);
    on(&Broker::sum);
    on(&Broker::wait);
    on(&Broker::forget);
    on(&Broker::twice);
  }

  Task<Price> quote(Quote quote) {
    const Resource held(resources);
    if (quote.item == "here") co_return Price{1};
    if (quote.item == "throw") throw std::runtime_error("no such thing");
    Quote other{quote.item + "!"};
    const auto price = co_await ask<Price>("shop/" + quote.item, std::move(other), 250ms);
    if (price.cents < 0) throw conclib::Rejected("a negative price");
    if (price.cents > 1000) throw std::runtime_error("too dear");
    co_return Price{price.cents + 1};
  }

  Task<Price> sum(Sum sum) {
    Price total;
    for (const auto& item : sum.items) total.cents += co_await price_of(item);
    co_return total;
  }

  Task<Price> wait(Wait wait);

  Task<> forget(Forget forget) {
    if (forget.how == "wait") co_await sleep(1ms);
    if (forget.how != "done") throw std::logic_error("forgot " + forget.how);
  }

  Task<Price> twice(Twice /*twice*/) {
    co_await sleep(1ms);
    auto request = take_request();
    request.respond(Price{2});
    co_return Price{3};
  }

  void on_failure(std::exception_ptr error) override { failure = std::move(error); }

  using Actor::every;

  conclib::Promise<int> promise;
  conclib::Future<int> future = promise.future();
  std::exception_ptr failure;
  int resources = 0;

 private:
  Task<std::int64_t> price_of(std::string item) {
    const Resource held(resources);
    const auto price = co_await ask<Price>("shop/" + item, conclib::make<Quote>(item));
    if (price.cents == 0) throw std::runtime_error(item + " has no price");
    co_return price.cents;
  }
};

Task<Price> Broker::wait(Wait wait) {
  if (wait.how == "sleep") {
    co_await sleep(20ms);
  } else if (wait.how == "get") {
    co_return Price{future.get(1h)};
  } else if (wait.how == "future") {
    co_return Price{co_await future};
  } else if (wait.how == "started") {
    conclib::Future<Price> first = ask<Price>("shop/a", Quote{"a"});
    conclib::Future<Price> second = ask<Price>("shop/b", Quote{"b"}).start();
    const auto b = co_await second;
    const auto a = co_await first;
    co_return Price{(a.cents * 100) + b.cents};
  } else if (wait.how == "stop") {
    const auto ended = co_await stop_and_wait("shop", {.now = true, .timeout = 3s});
    co_return Price{ended ? 1 : 0};
  } else if (wait.how == "delegate") {
    co_await sleep(1ms);
    delegate("shop/a", Quote{"a"});
  } else if (wait.how == "caught") {
    try {
      co_await ask<Price>("shop/a", conclib::make<Quote>("a"), 0ms);
    } catch (const conclib::Error& error) {
      co_return Price{error.status()};
    }
  }
  co_return Price{7};
}

class Reentrant final : public Broker {
 public:
  static constexpr bool reentrant = true;
};

}  // namespace

TEST_CASE("a coroutine that never waits is like any other handler") {
  ActorStage<Broker> stage;
  conclib_reply_to reply;
  CHECK(stage.ask(Quote{"here"}, reply) == CONCLIB_OK);
  CHECK(answer_of<Price>(reply).cents == 1);
  conclib_reply_to failed;
  CHECK(stage.ask(Quote{"throw"}, failed) == CONCLIB_ACTOR_FAILED);
  CHECK(failed.text == "no such thing");
  CHECK(stage.actor.works.empty());
  CHECK(stage.object().resources == 0);
}

TEST_CASE("a coroutine that awaits an ask is an exclusive work until it has answered") {
  ActorStage<Broker> stage;
  conclib_reply_to reply;
  REQUIRE(stage.ask(Quote{"a rather long name of an item"}, reply) == CONCLIB_OK);
  REQUIRE(stage.actor.works.size() == 1);
  CHECK(stage.actor.works[0].flags == CONCLIB_WORK_EXCLUSIVE);
  REQUIRE(stage.actor.asks.size() == 1);
  CHECK(stage.actor.asks[0].urn == "shop/a rather long name of an item");
  CHECK(stage.actor.asks[0].as<Quote>().item == "a rather long name of an item!");
  CHECK(stage.actor.asks[0].timeout_ms == 250);
  CHECK(stage.actor.asks[0].flags == CONCLIB_ASK_AWAITED);
  CHECK_FALSE(reply.answered);
  CHECK_FALSE(stage.actor.works[0].ended);
  stage.reply(0, Price{41});
  CHECK(answer_of<Price>(reply).cents == 42);
  CHECK(stage.actor.works[0].ended == CONCLIB_OK);
  CHECK(stage.object().resources == 0);
}

TEST_CASE("a coroutine of a reentrant class does not keep its actor for itself") {
  ActorStage<Reentrant> stage;
  conclib_reply_to first;
  conclib_reply_to second;
  REQUIRE(stage.ask(Quote{"a"}, first) == CONCLIB_OK);
  REQUIRE(stage.ask(Quote{"b"}, second) == CONCLIB_OK);
  CHECK(stage.actor.works.at(0).flags == 0);
  CHECK(stage.actor.asks.at(0).flags == 0);
  stage.reply(1, Price{10});
  CHECK(answer_of<Price>(second).cents == 11);
  CHECK_FALSE(first.answered);
  stage.reply(0, Price{20});
  CHECK(answer_of<Price>(first).cents == 21);
}

TEST_CASE("what leaves a coroutine after a wait reaches its asker, and the actor goes on") {
  ActorStage<Broker> stage;
  conclib_reply_to rejected;
  REQUIRE(stage.ask(Quote{"a"}, rejected) == CONCLIB_OK);
  stage.reply(0, Price{-1});
  CHECK(rejected.status == CONCLIB_REJECTED);
  CHECK(rejected.text == "a negative price");
  conclib_reply_to failed;
  REQUIRE(stage.ask(Quote{"a"}, failed) == CONCLIB_OK);
  stage.reply(1, Price{2000});
  CHECK(failed.status == CONCLIB_ACTOR_FAILED);
  CHECK(failed.text == "too dear");
  CHECK(stage.actor.works[0].ended == CONCLIB_OK);
  CHECK(stage.actor.works[1].ended == CONCLIB_ACTOR_FAILED);
  CHECK(stage.actor.error == "too dear");
  CHECK(stage.actor.failures.empty());
  CHECK(stage.host.log.text().empty());
}

TEST_CASE("a failed ask is thrown where it is awaited, with status and text") {
  ActorStage<Broker> stage;
  conclib_reply_to reply;
  REQUIRE(stage.ask(Quote{"a"}, reply) == CONCLIB_OK);
  stage.actor.reply(0, CONCLIB_TIMEOUT, "shop/a took too long", nullptr);
  CHECK(reply.status == CONCLIB_ACTOR_FAILED);
  CHECK(reply.text == "shop/a took too long");
  conclib_reply_to caught;
  REQUIRE(stage.ask(Wait{"caught"}, caught) == CONCLIB_OK);
  CHECK(stage.actor.asks[1].flags == (CONCLIB_ASK_AWAITED | CONCLIB_ASK_NO_WAIT));
  stage.actor.reply(1, CONCLIB_DEADLOCK, "", nullptr);
  CHECK(answer_of<Price>(caught).cents == CONCLIB_DEADLOCK);
}

TEST_CASE("an ask that is not taken is thrown by the co_await at once") {
  ActorStage<Broker> stage;
  stage.actor.send_status = CONCLIB_BAD_ARGUMENT;
  stage.actor.send_error = "not a URN";
  conclib_reply_to reply;
  CHECK(stage.ask(Quote{"a"}, reply) == CONCLIB_OK);
  CHECK(reply.status == CONCLIB_ACTOR_FAILED);
  CHECK(reply.text == "ask to shop/a: not a URN");
  CHECK(stage.actor.works.at(0).ended == CONCLIB_ACTOR_FAILED);
  CHECK(stage.object().resources == 0);
}

TEST_CASE("tasks in tasks wait for each other's parts and pass exceptions on") {
  ActorStage<Broker> stage;
  conclib_reply_to reply;
  REQUIRE(stage.ask(Sum{{"a", "b", "c"}}, reply) == CONCLIB_OK);
  stage.reply(0, Price{1});
  stage.reply(1, Price{20});
  CHECK_FALSE(reply.answered);
  stage.reply(2, Price{300});
  CHECK(answer_of<Price>(reply).cents == 321);
  CHECK(stage.actor.works.size() == 1);
  conclib_reply_to failed;
  REQUIRE(stage.ask(Sum{{"a", "b"}}, failed) == CONCLIB_OK);
  stage.reply(3, Price{0});
  CHECK(failed.text == "a has no price");
  CHECK(stage.object().resources == 0);
}

TEST_CASE("a failed coroutine that was told fails its work, and on_failure has the exception") {
  ActorStage<Broker> stage;
  REQUIRE(stage.tell(Forget{"wait"}) == CONCLIB_OK);
  CHECK(stage.actor.fire(0) == CONCLIB_OK);
  CHECK(stage.actor.works.at(0).ended == CONCLIB_ACTOR_FAILED);
  CHECK(stage.actor.error == "forgot wait");
  CHECK(stage.actor.failed(CONCLIB_ACTOR_FAILED, "forgot wait") == CONCLIB_OK);
  CHECK_THROWS_AS(std::rethrow_exception(stage.object().failure), std::logic_error);
  CHECK(stage.tell(Forget{"at once"}) == CONCLIB_ACTOR_FAILED);
  CHECK(stage.tell(Forget{"done"}) == CONCLIB_OK);
}

TEST_CASE("sleep is a timer that is called while the actor waits") {
  ActorStage<Broker> stage;
  conclib_reply_to reply;
  REQUIRE(stage.ask(Wait{"sleep"}, reply) == CONCLIB_OK);
  REQUIRE(stage.actor.timers.size() == 1);
  CHECK(stage.actor.timers[0].spec.first_ns == 20'000'000);
  CHECK(stage.actor.timers[0].spec.interval_ns == 0);
  CHECK(stage.actor.timers[0].spec.flags == CONCLIB_TIMER_WHILE_WAITING);
  CHECK(stage.actor.fire(0) == CONCLIB_OK);
  CHECK(answer_of<Price>(reply).cents == 7);
}

TEST_CASE("a future that another thread completes goes on with the coroutine on its turn") {
  ActorStage<Broker> stage;
  conclib_reply_to reply;
  REQUIRE(stage.ask(Wait{"future"}, reply) == CONCLIB_OK);
  stage.actor.run_completions();
  CHECK_FALSE(reply.answered);
  std::thread([&] { stage.object().promise.set(5); }).join();
  CHECK_FALSE(reply.answered);
  stage.actor.run_completions();
  CHECK(answer_of<Price>(reply).cents == 5);
  conclib_reply_to again;
  REQUIRE(stage.ask(Wait{"future"}, again) == CONCLIB_OK);
  CHECK(answer_of<Price>(again).cents == 5);
  CHECK(stage.actor.completions.size() == 1);
}

TEST_CASE("a future that is completed after the end of the actor resumes nothing") {
  auto stage = std::make_unique<ActorStage<Broker>>();
  conclib_reply_to reply;
  REQUIRE(stage->ask(Wait{"future"}, reply) == CONCLIB_OK);
  auto promise = std::move(stage->object().promise);
  stage->actor.destroy();
  CHECK(reply.dropped);
  promise.set(5);
  CHECK(stage->actor.completions.at(0).completed);
  stage->actor.run_completions();
  CHECK_FALSE(reply.answered);
}

TEST_CASE("asks that were started run side by side, and awaiting one tells the host") {
  ActorStage<Broker> stage;
  conclib_reply_to reply;
  REQUIRE(stage.ask(Wait{"started"}, reply) == CONCLIB_OK);
  REQUIRE(stage.actor.asks.size() == 2);
  CHECK(stage.actor.asks[0].flags == 0);
  CHECK(stage.actor.awaited == std::vector<void*>{stage.actor.asks[1].user_data});
  stage.reply(0, Price{3});
  stage.reply(1, Price{4});
  stage.actor.run_completions();
  CHECK(answer_of<Price>(reply).cents == 304);
}

TEST_CASE("the end of another actor can be awaited") {
  ActorStage<Broker> stage;
  conclib_reply_to ended;
  REQUIRE(stage.ask(Wait{"stop"}, ended) == CONCLIB_OK);
  CHECK(stage.actor.stops.at(0).mode == CONCLIB_STOP_NOW);
  CHECK(stage.actor.stops[0].timeout_ms == 3000);
  stage.actor.end_stop(0, CONCLIB_OK, "");
  CHECK(answer_of<Price>(ended).cents == 1);
  conclib_reply_to late;
  REQUIRE(stage.ask(Wait{"stop"}, late) == CONCLIB_OK);
  stage.actor.end_stop(1, CONCLIB_TIMEOUT, "shop still handles Sell");
  CHECK(late.text == "shop still handles Sell");
  stage.actor.send_status = CONCLIB_ACTOR_NOT_FOUND;
  conclib_reply_to dead;
  REQUIRE(stage.ask(Wait{"stop"}, dead) == CONCLIB_OK);
  CHECK(answer_of<Price>(dead).cents == 0);
}

TEST_CASE("a coroutine may hand its request on after a wait, or answer it itself") {
  ActorStage<Broker> stage;
  conclib_reply_to reply;
  REQUIRE(stage.ask(Wait{"delegate"}, reply) == CONCLIB_OK);
  stage.actor.fire(0);
  REQUIRE(stage.actor.forwards.size() == 1);
  CHECK(stage.actor.forwards[0].reply_to == &reply);
  CHECK_FALSE(reply.answered);
  CHECK_FALSE(reply.dropped);
  CHECK(stage.actor.works.at(0).ended == CONCLIB_OK);
  conclib_reply_to own;
  REQUIRE(stage.ask(Twice{}, own) == CONCLIB_OK);
  stage.actor.fire(1);
  CHECK(answer_of<Price>(own).cents == 2);
}

TEST_CASE("coroutines that wait are destroyed with their actor, and their askers hear of it") {
  ActorStage<Broker> stage;
  conclib_reply_to first;
  conclib_reply_to second;
  REQUIRE(stage.ask(Quote{"a"}, first) == CONCLIB_OK);
  REQUIRE(stage.ask(Sum{{"b"}}, second) == CONCLIB_OK);
  CHECK(stage.object().resources == 2);
  stage.actor.destroy();
  CHECK(first.dropped);
  CHECK(second.dropped);
  CHECK_FALSE(first.answered);
}

TEST_CASE("a tick for a coroutine is told to the actor, so that it can wait like any message") {
  ActorStage<Broker> stage;
  stage.object().every(1s, Forget{"done"});
  CHECK(stage.actor.fire(0) == CONCLIB_OK);
  REQUIRE(stage.actor.tells.size() == 1);
  CHECK(stage.actor.tells[0].to == &stage.actor.self_ref);
  CHECK(stage.actor.tells[0].as<Forget>().how == "done");
}

TEST_CASE("waiting in get is refused while a function of an actor runs, and only then") {
  ActorStage<Broker> stage;
  CHECK_FALSE(conclib::detail::blocking_refused);
  conclib_reply_to reply;
  REQUIRE(stage.ask(Quote{"a"}, reply) == CONCLIB_OK);
  CHECK_FALSE(conclib::detail::blocking_refused);
  CHECK(conclib::detail::current_actor == nullptr);
  conclib_reply_to refused;
  CHECK(stage.ask(Wait{"get"}, refused) == CONCLIB_ACTOR_FAILED);
  CHECK(refused.text.find("co_await it instead") != std::string::npos);
}
