// SPDX-License-Identifier: MIT
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "tests/unit/plugin/actor_stage.hpp"

using conclib::ActorRef;
using conclib::Handle;
using conclib::Task;
using conclib::testing::ActorStage;
using conclib::testing::answer_of;
using conclib::testing::FakeActor;
using conclib::testing::FakeHost;
using namespace std::chrono_literals;

namespace {

struct Add {
  std::int64_t by = 1;
  CONCLIB_MESSAGE(Add, by)
};
struct Total {
  std::int64_t value = 0;
  CONCLIB_MESSAGE(Total, value)
};
struct Run {
  std::int64_t ms = 0;
  CONCLIB_MESSAGE(Run, ms)
};

class Counting : public conclib::Actor {
 public:
  Total add(const Add& message) { return {message.by}; }
  Task<Total> add_later(Add message) { co_return Total{message.by}; }
  void forget(const Add& /*message*/) const {}
};

class Child final : public Counting {
 public:
  Child(std::int64_t first, std::string called) : start(first), name(std::move(called)) {
    on(&Child::add);
  }
  std::int64_t start;
  std::string name;
};

class Parent final : public conclib::Actor {
 public:
  Parent() {
    on(&Parent::run);
    on(&Parent::pass_on);
  }
  Task<Total> run(Run run) {
    const auto report = co_await stop_all(std::chrono::milliseconds(run.ms), "Child");
    co_return Total{static_cast<std::int64_t>((report.stopped * 100) + report.failures.size())};
  }
  void pass_on(const Add& add) { delegate("counter", Add{add.by + 1}); }

  using Actor::actors;
  using Actor::broadcast;
  using Actor::count;
  using Actor::find;
  using Actor::self;
  using Actor::spawn;
  using Actor::stop;
  using Actor::tell;
  using Actor::text;
  using Actor::unwatch;
  using Actor::watch;
};

template <typename Handler, typename... Arguments>
concept Callable = requires(const Handle<Child>& child, Handler handler, Arguments... arguments) {
  child.call(handler, arguments...);
};
template <typename Reply>
concept Gives = requires(const Handle<Child>& child) {
  conclib::Future<Reply>(child.call(&Child::add, Add{}));
};
template <typename Handler, typename... Arguments>
concept Deferrable = requires(const Handle<Child>& child, Handler handler, Arguments... arguments) {
  child.defer(handler, arguments...);
};

static_assert(Callable<decltype(&Child::add), Add>);
static_assert(Callable<decltype(&Child::add), Add, conclib::Timeout>);
static_assert(Callable<decltype(&Child::add_later), Add>);
static_assert(Callable<decltype(&Child::forget), Add>);
static_assert(!Callable<decltype(&Child::add), Total>, "a wrong argument");
static_assert(!Callable<decltype(&Child::add)>, "no argument");
static_assert(!Callable<decltype(&Parent::pass_on), Add>, "a handler of another class");
static_assert(!Callable<decltype(&Child::start), Add>, "no handler at all");
static_assert(Gives<Total> && !Gives<Add> && !Gives<std::int64_t>);
static_assert(Deferrable<decltype(&Child::add), Add> && !Deferrable<decltype(&Child::add), Run>);
static_assert(std::is_same_v<conclib::ReplyOf<Task<Total>>, Total>);
static_assert(std::is_same_v<conclib::ReplyOf<Task<>>, conclib::Done>);
static_assert(std::is_same_v<conclib::ReplyOf<void>, conclib::Done>);

/// What a call on the actor's turn would see.
struct OnTurn {
  explicit OnTurn(conclib::Actor& actor) : turn(actor) {}
  conclib::detail::Turn turn;
};

}  // namespace

TEST_CASE("a reference names class and URN, and follows the actor in equality, hash and life") {
  ActorStage<Parent> stage;
  auto& ref = stage.actor.neighbour("counter/visits", "Counter");
  stage.actor.neighbour("counter/others", "Counter");
  {
    const auto found = stage.object().find("counter/visits");
    REQUIRE(found);
    CHECK(found->text() == "Counter counter/visits");
    CHECK(found->alive());
    const auto copy = *found;
    CHECK(copy == stage.object().find("counter/visits"));
    CHECK(copy != stage.object().find("counter/others"));
    const std::unordered_set<ActorRef> set{copy, *found};
    CHECK(set.size() == 1);
    ref.alive = false;
    CHECK_FALSE(copy.alive());
  }
  CHECK(ref.count == 1);
  CHECK_FALSE(stage.object().find("nobody"));
  const ActorRef none;
  CHECK_FALSE(none.alive());
  CHECK_FALSE(none);
  CHECK(none.text() == "no actor");
  CHECK(stage.object().text() == "Parent urn");
  CHECK(stage.object().self().urn() == "urn");
  CHECK(stage.actor.self_ref.count == 1);
}

TEST_CASE("a message goes to a URN of any kind of text or to a reference") {
  ActorStage<Parent> stage;
  auto& ref = stage.actor.neighbour("counter", "Counter");
  auto& parent = stage.object();
  parent.tell("a", Add{});
  parent.tell(std::string("b"), Add{});
  parent.tell(std::string_view("c"), Add{});
  parent.tell(*parent.find("counter"), Add{});
  REQUIRE(stage.actor.tells.size() == 4);
  CHECK(stage.actor.tells[0].urn == "a");
  CHECK(stage.actor.tells[1].urn == "b");
  CHECK(stage.actor.tells[2].urn == "c");
  CHECK(stage.actor.tells[2].to == nullptr);
  CHECK(stage.actor.tells[3].to == &ref);
}

TEST_CASE("a spawn carries copies of its arguments, from which every restart makes an object") {
  ActorStage<Parent> stage;
  std::string name = "a name that is too long for its place in a string";
  const auto child = stage.object().spawn<Child>(conclib::SpawnOptions{.name = "x"}, 3, name);
  CHECK(child.text() == "Child urn#x");
  REQUIRE(stage.actor.children.size() == 1);
  const auto& spawned = stage.actor.children[0];
  CHECK(spawned.type == &conclib::detail::ActorTypeOf<Child>::table);
  for (int life = 0; life < 2; ++life) {
    FakeActor made(*spawned.type, stage.host.table, stage.host.handle, "urn#x", "", nullptr,
                   spawned.argument.get());
    REQUIRE(made.create() == CONCLIB_OK);
    const auto& object = *static_cast<Child*>(static_cast<conclib::Actor*>(made.object()));
    CHECK(object.start == 3);
    CHECK(object.name == name);
  }
  stage.object().spawn<Parent>();
  CHECK(stage.actor.children[1].argument == nullptr);
  CHECK(stage.actor.children[1].name.empty());
}

TEST_CASE("a spawn that is refused throws, and its arguments are freed") {
  ActorStage<Parent> stage;
  stage.actor.send_status = CONCLIB_BAD_ARGUMENT;
  stage.actor.send_error = "the name is taken";
  CHECK_THROWS_WITH_AS(stage.object().spawn<Child>(3, "name"), "spawn of Child: the name is taken",
                       conclib::Error);
}

TEST_CASE("a class that is only spawned cannot be made without its arguments") {
  FakeHost host;
  FakeActor actor(conclib::detail::ActorTypeOf<Child>::table, host.table, host.handle, "urn");
  CHECK(actor.create() == CONCLIB_NOT_STARTED);
  CHECK(actor.error == "Child is made by spawn, with arguments");
}

TEST_CASE("a handle asks and tells for the actor whose turn it is") {
  ActorStage<Parent> stage;
  const auto child = stage.object().spawn<Child>(3, "name");
  CHECK_THROWS_AS(child.defer(&Child::add, {.by = 4}), std::logic_error);
  const OnTurn turn(stage.object());
  child.defer(&Child::add, {.by = 4});
  CHECK(stage.actor.tells.at(0).as<Add>().by == 4);
  CHECK(stage.actor.tells[0].to == child.get());
  const conclib::Future<Total> total = child.call(&Child::add, {.by = 5}, 70ms);
  CHECK(stage.actor.asks.at(0).timeout_ms == 70);
  CHECK_FALSE(total.ready());
  stage.reply(0, Total{9});
  CHECK(total.get().value == 9);
  const auto failed = child.call(&Child::forget, {}).start();
  stage.actor.reply(1, CONCLIB_NO_REPLY, "", nullptr);
  CHECK_THROWS_WITH_AS(failed.get(), "the actor dropped the request without an answer",
                       conclib::Error);
}

TEST_CASE("a future of an ask that is not taken has failed, one of an actor that ended too") {
  ActorStage<Parent> stage;
  const auto child = stage.object().spawn<Child>(3, "name");
  std::optional<conclib::Future<Total>> abandoned;
  {
    const OnTurn turn(stage.object());
    abandoned = child.call(&Child::add, {}).start();
    stage.actor.send_status = CONCLIB_BAD_ARGUMENT;
    const auto refused = child.call(&Child::add, {}).start();
    CHECK(refused.failed());
  }
  stage.actor.destroy();
  CHECK_THROWS_WITH_AS(abandoned->get(), "the reply of urn# to Add was dropped without a result",
                       conclib::Error);
}

TEST_CASE("actors are listed and counted by class, and told by broadcast past failures") {
  ActorStage<Parent> stage;
  stage.actor.neighbour("a", "Child");
  stage.actor.neighbour("b", "Other");
  stage.actor.neighbour("c", "Child");
  auto& parent = stage.object();
  CHECK(parent.count() == 3);
  CHECK(parent.count("Child") == 2);
  CHECK(parent.actors("Child").at(1).urn() == "c");
  CHECK(parent.broadcast(Add{2}, "Child").delivered == 2);
  CHECK(stage.actor.tells.size() == 2);
  CHECK(parent.broadcast(Add{2}).failures.empty());
  stage.actor.send_status = CONCLIB_OVERLOADED;
  const auto result = parent.broadcast(Add{2}, "Child");
  CHECK(result.delivered == 0);
  REQUIRE(result.failures.size() == 2);
  CHECK(result.failures[1].urn == "c");
  CHECK(result.failures[1].status == CONCLIB_OVERLOADED);
}

TEST_CASE("a class is known by its name, its full name and those of its bases") {
  const auto& type = conclib::detail::ActorTypeOf<Child>::table;
  CHECK(conclib::plugin::view_of(type.class_name) == "Child");
  const auto is_a = [&](std::string_view name) {
    return type.is_a({name.data(), name.size()}) == 1;
  };
  CHECK(is_a("Child"));
  CHECK(is_a("(anonymous namespace)::Child"));
  CHECK(is_a("Counting"));
  CHECK(is_a("Actor"));
  CHECK(is_a("conclib::Actor"));
  CHECK(is_a(typeid(Counting).name()));
  CHECK_FALSE(is_a("Parent"));
  CHECK_FALSE(is_a("hild"));
  CHECK_FALSE(is_a("namespace)::Child"));
  CHECK(conclib::detail::class_name_of<std::pair<FakeHost, int>>().substr(0, 5) == "pair<");
}

TEST_CASE("a stop says whether there was something to stop") {
  ActorStage<Parent> stage;
  CHECK(stage.object().stop("child", {.now = true}));
  CHECK(stage.actor.stops.at(0).mode == CONCLIB_STOP_NOW);
  CHECK_FALSE(static_cast<bool>(stage.actor.stops[0].on_end));
  stage.actor.send_status = CONCLIB_ACTOR_NOT_FOUND;
  CHECK_FALSE(stage.object().stop("child"));
  stage.actor.send_status = CONCLIB_BAD_ARGUMENT;
  CHECK_THROWS_AS(stage.object().stop("no urn"), conclib::Error);
  stage.object().stop();
  CHECK(stage.actor.stop_asked);
}

TEST_CASE("stop_all stops the youngest first, shares its time and reports what hangs") {
  ActorStage<Parent> stage;
  stage.actor.neighbour("first", "Child");
  stage.actor.neighbour("second", "Child");
  stage.actor.neighbour("third", "Child");
  conclib_reply_to reply;
  REQUIRE(stage.ask(Run{3000}, reply) == CONCLIB_OK);
  REQUIRE(stage.actor.stops.size() == 1);
  CHECK(stage.actor.stops[0].urn == "third");
  CHECK(stage.actor.stops[0].timeout_ms <= 1000);
  CHECK(stage.actor.stops[0].timeout_ms > 500);
  stage.actor.end_stop(0, CONCLIB_OK, "");
  CHECK(stage.actor.stops.at(1).urn == "second");
  stage.actor.end_stop(1, CONCLIB_TIMEOUT, "second hangs");
  CHECK(stage.actor.stops.at(2).urn == "first");
  CHECK(stage.actor.stops[2].timeout_ms > 1500);
  stage.actor.end_stop(2, CONCLIB_ACTOR_NOT_FOUND, "");
  CHECK(answer_of<Total>(reply).value == 101);
}

TEST_CASE("a watch calls back once with URN and reason, unless it is ended before") {
  ActorStage<Parent> stage;
  std::vector<std::string> ended;
  const auto callback = [&](const conclib::Ended& end) {
    ended.push_back(end.urn + " " + std::to_string(end.status) + " " + end.text);
  };
  const auto first = stage.object().watch("a", callback);
  const auto second = stage.object().watch("b", callback);
  CHECK(first.id != second.id);
  stage.actor.end_watch(0, CONCLIB_ACTOR_FAILED, "it broke");
  CHECK(ended == std::vector<std::string>{"a 200 it broke"});
  stage.object().unwatch(first);
  CHECK(stage.actor.unwatched.empty());
  stage.object().unwatch(second);
  CHECK(stage.actor.unwatched == std::vector<void*>{stage.actor.watches[1].user_data});
  stage.object().unwatch(conclib::Watch{});
  CHECK(stage.actor.unwatched.size() == 1);
}

TEST_CASE("a request that is delegated is another's to answer; a delegated tell is a tell") {
  ActorStage<Parent> stage;
  conclib_reply_to reply;
  REQUIRE(stage.ask(Add{1}, reply) == CONCLIB_OK);
  REQUIRE(stage.actor.forwards.size() == 1);
  CHECK(stage.actor.forwards[0].urn == "counter");
  CHECK(stage.actor.forwards[0].as<Add>().by == 2);
  CHECK(stage.actor.forwards[0].reply_to == &reply);
  CHECK_FALSE(reply.answered);
  CHECK_FALSE(reply.dropped);
  REQUIRE(stage.tell(Add{1}) == CONCLIB_OK);
  CHECK(stage.actor.tells.at(0).as<Add>().by == 2);
}
