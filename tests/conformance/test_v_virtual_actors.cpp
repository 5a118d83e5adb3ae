// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "conclib/testkit.hpp"
#include "tests/conformance/diary.hpp"

using namespace std::chrono_literals;
using conclib::Done;
using conclib::conformance::Diary;
using conclib::conformance::error_of;
using conclib::conformance::Lines;
using conclib::conformance::Note;
using conclib::conformance::Writer;
using conclib::testkit::Kit;

namespace {

struct Add {
  std::int64_t by = 1;
  CONCLIB_MESSAGE(Add, by)
};

/// Adds up, and writes down when it comes and goes.
class Cart : public Writer {
 public:
  static constexpr std::string_view urn = "cart/{id}";
  static constexpr auto passivate_after = 1min;
  explicit Cart(std::string_view id) : id_(id) {
    on(&Cart::add);
    on(&Cart::name);
    on(&Cart::sleep_long);
  }
  void on_start() override { note("start " + id_); }
  void on_stop() override { note("stop " + id_); }
  std::int64_t add(const Add& message) { return total_ += message.by; }
  std::string name(const Note&) { return id_ + " " + std::string(key()); }
  conclib::Task<std::int64_t> sleep_long(std::int64_t minutes) {
    co_await sleep(std::chrono::minutes(minutes));
    co_return total_;
  }

 private:
  std::string id_;
  std::int64_t total_ = 0;
};

}  // namespace

TEST_CASE("V1 the first message to a key makes its actor, and the key reaches the constructor") {
  Kit kit;
  kit.add<Cart>();
  const Diary diary(kit);
  kit.run();
  CHECK(kit.actors().empty());
  CHECK(kit.ask<std::string>("cart/42", Note{}) == "42 42");
  CHECK(kit.ask<std::string>("cart/a/b", Note{}) == "a/b a/b");
  kit.run();
  CHECK(diary.lines() == Lines{"start 42", "start a/b"});
  CHECK(kit.actors() == Lines{"cart/42", "cart/a/b"});
}

TEST_CASE("V1 each key has an actor of its own, and the same key the same one") {
  Kit kit;
  kit.add<Cart>();
  CHECK(kit.ask<std::int64_t>("cart/1", Add{1}) == 1);
  CHECK(kit.ask<std::int64_t>("cart/2", Add{10}) == 10);
  CHECK(kit.ask<std::int64_t>("cart/1", Add{1}) == 2);
  CHECK(kit.actors().size() == 2);
}

TEST_CASE("V1 a type with a key has no actor without one") {
  Kit kit;
  kit.add<Cart>();
  CHECK(error_of([&] { (void)kit.ask<std::int64_t>("cart", Add{1}); }).status() ==
        CONCLIB_NO_ACTOR);
}

TEST_CASE("V2 an actor that is idle for too long is stopped, and the next message makes it anew") {
  Kit kit;
  kit.add<Cart>();
  const Diary diary(kit);
  CHECK(kit.ask<std::int64_t>("cart/1", Add{5}) == 5);
  kit.advance(59s);
  CHECK(kit.ask<std::int64_t>("cart/1", Add{5}) == 10);
  kit.advance(58s);
  CHECK(kit.alive("cart/1"));
  kit.advance(3s);
  CHECK_FALSE(kit.alive("cart/1"));
  CHECK(diary.lines() == Lines{"start 1", "stop 1"});

  CHECK(kit.ask<std::int64_t>("cart/1", Add{5}) == 5);
  kit.run();
  CHECK(diary.lines() == Lines{"start 1", "stop 1", "start 1"});
}

TEST_CASE("V2 an actor in the middle of a message is not idle") {
  Kit kit;
  kit.add<Cart>();
  const Diary diary(kit);
  (void)kit.ask<std::int64_t>("cart/1", Add{5});
  CHECK(kit.ask<std::int64_t>("cart/1", std::int64_t{10}, 1h) == 5);
  CHECK(kit.alive("cart/1"));
  kit.advance(2min);
  CHECK_FALSE(kit.alive("cart/1"));
}

TEST_CASE("V2 a message that races with the passivation is handled once, by one instance") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    CAPTURE(seed);
    Kit kit({.seed = seed});
    kit.add<Cart>();
    const Diary diary(kit);
    (void)kit.ask<std::int64_t>("cart/1", Add{1});
    // It is asked to end and has a message at the same time.
    auto racing = kit.begin_ask<std::int64_t>("cart/1", Add{1});
    kit.advance(1min);
    const auto total = racing.get();
    const bool same_or_fresh = total == 2 || total == 1;
    CHECK(same_or_fresh);
    kit.run();
    const auto& lines = diary.lines();
    for (std::size_t i = 0; i < lines.size(); ++i) {
      CHECK(lines[i] == (i % 2 == 0 ? "start 1" : "stop 1"));
    }
  }
}

namespace {

class Capped final : public Writer {
 public:
  static constexpr std::string_view urn = "capped/{id}";
  static constexpr unsigned live_max = 3;
  static constexpr auto passivate_after = conclib::never;
  Capped() { on(&Capped::add); }
  void on_stop() override { note(std::string(key())); }
  void add(const Add&) {}
};

void use(Kit& kit, std::initializer_list<std::string_view> keys) {
  for (const auto key : keys) {
    kit.tell(std::string("capped/").append(key), Add{});
    kit.run();
    kit.advance(1s);
  }
}

}  // namespace

TEST_CASE("V3 of too many actors the least recently used is stopped") {
  Kit kit;
  kit.add<Capped>();
  const Diary diary(kit);
  use(kit, {"1", "2", "3"});
  CHECK(diary.lines().empty());
  use(kit, {"4"});
  CHECK(diary.lines() == Lines{"1"});
  // 2 is used again, so the order is 3, 4, 2.
  use(kit, {"2", "5", "6", "7", "8"});
  CHECK(diary.lines() == Lines{"1", "3", "4", "2", "5"});
  CHECK(kit.actors() == Lines{"capped/6", "capped/7", "capped/8"});
}

TEST_CASE("V3 an actor that was stopped for the cap comes back with its next message") {
  Kit kit;
  kit.add<Capped>();
  const Diary diary(kit);
  use(kit, {"1", "2", "3", "4", "1"});
  CHECK(diary.lines() == Lines{"1", "2"});
  CHECK(kit.actors() == Lines{"capped/1", "capped/3", "capped/4"});
}

TEST_CASE("V3 without a limit of time an actor stays as long as it is among the last used") {
  Kit kit;
  kit.add<Capped>();
  use(kit, {"1", "2"});
  kit.advance(std::chrono::hours(1000));
  CHECK(kit.actors().size() == 2);
}

namespace {

class Child final : public Writer {
 public:
  Child() { on(&Child::add); }
  std::string add(const Add&) { return std::string(Actor::urn()); }
};

class Home final : public Writer {
 public:
  static constexpr std::string_view urn = "home";
  Home() {
    on(&Home::add);
    on(&Home::bear);
    on(&Home::ask_child);
  }
  void on_start() override { note("start"); }
  void add(const Add&) { note("add"); }
  std::string bear(const Note& name) {
    child_ = spawn<Child>(conclib::SpawnOptions{.name = name.text});
    return std::string(child_.urn());
  }
  conclib::Task<std::string> ask_child(Done) { co_return co_await child_.call(&Child::add, Add{}); }

 private:
  conclib::Handle<Child> child_{conclib::ActorRef()};
};

class KeyedHome final : public Writer {
 public:
  static constexpr std::string_view urn = "keyed_home/{id}";
  KeyedHome() { on(&KeyedHome::bear); }
  std::string bear(const Note& name) {
    return std::string(spawn<Child>(conclib::SpawnOptions{.name = name.text}).urn());
  }
};

}  // namespace

TEST_CASE("V5 a fixed URN is activated before any message, once") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Kit kit({.seed = seed});
    kit.add<Home, Child>();
    const Diary diary(kit);
    kit.tell("home", Add{});
    kit.tell("home", Add{});
    kit.run();
    CHECK(diary.lines() == Lines{"start", "add", "add"});
  }
}

TEST_CASE("V5 a fixed URN is activated without a message") {
  Kit kit;
  kit.add<Home, Child>();
  const Diary diary(kit);
  kit.run();
  CHECK(diary.lines() == Lines{"start"});
  CHECK(kit.actors() == Lines{"home"});
}

TEST_CASE("V5 a child with a name lives under its parent's URN") {
  Kit kit;
  kit.add<Home, KeyedHome, Child>();
  CHECK(kit.ask<std::string>("home", Note{"son"}) == "home#son");
  CHECK(kit.ask<std::string>("home#son", Add{}) == "home#son");
  CHECK(kit.ask<std::string>("keyed_home/1", Note{"son"}) == "keyed_home/1#son");
  CHECK(kit.ask<std::string>("keyed_home/1#son", Add{}) == "keyed_home/1#son");
}

TEST_CASE("V5 a second child under a live URN is refused") {
  Kit kit;
  kit.add<Home, Child>();
  (void)kit.ask<std::string>("home", Note{"son"});
  const auto refused = error_of([&] { (void)kit.ask<std::string>("home", Note{"son"}); });
  CHECK(refused.status() == CONCLIB_ACTOR_FAILED);
  CHECK(conclib::conformance::holds(refused.what(), "home#son is alive already"));
}

TEST_CASE("V5 a child without a name has a fresh uuid, and is reached by its parent") {
  Kit kit;
  kit.add<Home, Child>();
  const auto first = kit.ask<std::string>("home", Note{""});
  const auto second = kit.ask<std::string>("home", Note{""});
  CHECK(first.starts_with("urn:uuid:"));
  CHECK(first.size() == std::string_view("urn:uuid:00000000-0000-4000-8000-000000000000").size());
  CHECK(first != second);
  CHECK(kit.ask<std::string>("home", Done{}) == second);
}

TEST_CASE("V5 a message makes no child") {
  Kit kit;
  kit.add<Home, KeyedHome, Child>();
  for (const auto* urn : {"home#son", "keyed_home/1#son"}) {
    CHECK(error_of([&] { (void)kit.ask<std::string>(urn, Add{}); }).status() ==
          CONCLIB_ACTOR_NOT_FOUND);
  }
  kit.run();
  CHECK(kit.actors() == Lines{"home"});
}

namespace {

class Shop final : public Writer {
 public:
  static constexpr std::string_view urn = "shop";
  void on_start() override {
    for (const auto* name : {"a", "b", "c"}) spawn<Capped>(conclib::SpawnOptions{.name = name});
  }
};

}  // namespace

TEST_CASE("V5 a child of a class with a cap is not stopped for it, and does not count") {
  Kit kit;
  kit.add<Shop, Capped>();
  kit.run();
  for (const auto* child : {"shop#a", "shop#b", "shop#c"}) kit.tell(child, Add{});
  use(kit, {"1", "2", "3"});
  CHECK(kit.actors().size() == 7);
  use(kit, {"4"});
  CHECK(kit.actors() ==
        Lines{"capped/2", "capped/3", "capped/4", "shop", "shop#a", "shop#b", "shop#c"});
}
