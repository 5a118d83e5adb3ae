// SPDX-License-Identifier: MIT
#include <stdexcept>

#include <doctest/doctest.h>

#include "conclib/testkit.hpp"
#include "tests/unit/testkit/shop.hpp"

using namespace std::chrono_literals;
using conclib::testkit::Kit;
using namespace shop;

namespace {

struct Tick {
  CONCLIB_MESSAGE(Tick)
};

/// Tells the ledger every second.
class Metronome final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "metronome";

  Metronome() { on(&Metronome::tick); }
  void on_start() override { every(1s, Tick{}, {.first = conclib::FirstTick::after_interval}); }
  void tick(const Tick&) { tell("ledger", Add{1}); }
};

/// Fails as often as it is told to.
class Fragile final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "fragile/{n}";
  static constexpr conclib::Supervision supervision{.restarts_max = 2, .backoff_min = 100ms};

  Fragile() {
    on(&Fragile::fail);
    on(&Fragile::add);
  }
  void fail(const Fail&) { throw std::runtime_error("it broke"); }
  Total add(const Add& message) { return {total_ += message.by}; }

 private:
  std::int64_t total_ = 0;
};

class Child final : public conclib::Actor {
 public:
  Child() { on(&Child::add); }
  Total add(const Add& message) { return {message.by}; }
};

class Parent final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "parent";

  Parent() { on(&Parent::add); }
  void on_start() override { spawn<Child>(conclib::SpawnOptions{.name = "son"}); }
  conclib::Task<Total> add(Add message) { co_return co_await ask<Total>("parent#son", message); }
};

/// Keyed actors are passivated after a minute.
class Sleeper final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "sleeper/{n}";
  static constexpr std::chrono::minutes passivate_after{1};

  Sleeper() { on(&Sleeper::add); }
  Total add(const Add& message) { return {total_ += message.by}; }

 private:
  std::int64_t total_ = 0;
};

}  // namespace

TEST_CASE("advance ticks a ticker once for each interval") {
  Kit kit;
  kit.add<Metronome>();
  auto& ledger = kit.probe("ledger");

  ledger.expect_nothing();
  kit.advance(999ms);
  ledger.expect_nothing();
  kit.advance(1ms);
  (void)ledger.expect<Add>();
  ledger.expect_nothing();

  kit.advance(10s);
  for (int i = 0; i < 10; ++i) (void)ledger.expect<Add>();
  ledger.expect_nothing();
}

TEST_CASE("an actor that fails is restarted with fresh state, and counted") {
  Kit kit;
  kit.add<Fragile>();
  CHECK(kit.ask<Total>("fragile/a", Add{5}).value == 5);

  kit.tell("fragile/a", Fail{});
  kit.run();

  CHECK(kit.restarts("fragile/a") == 1);
  CHECK(kit.alive("fragile/a"));
  CHECK(kit.failures().size() == 1);
  CHECK(kit.ask<Total>("fragile/a", Add{5}).value == 5);
}

TEST_CASE("an actor that has failed too often is not alive") {
  Kit kit;
  kit.add<Fragile>();
  for (int i = 0; i < 3; ++i) {
    kit.tell("fragile/a", Fail{});
    kit.advance(1s);
  }
  CHECK(kit.restarts("fragile/a") == 2);
  CHECK_FALSE(kit.alive("fragile/a"));
  CHECK(kit.failures().size() == 3);
}

TEST_CASE("a child is an actor of the kit, and ends before its parent") {
  Kit kit;
  kit.add<Parent, Child>();

  CHECK(kit.ask<Total>("parent", Add{3}).value == 3);
  CHECK(kit.actors() == std::vector<std::string>{"parent", "parent#son"});

  kit.stop();
  CHECK(kit.actors().empty());
  const auto trace = kit.trace();
  CHECK(trace.find("parent#son stops") < trace.find("parent stops"));
}

TEST_CASE("a keyed actor is passivated when the clock says so") {
  Kit kit;
  kit.add<Sleeper>();
  CHECK(kit.ask<Total>("sleeper/a", Add{5}).value == 5);

  kit.advance(30s);
  CHECK(kit.alive("sleeper/a"));
  kit.advance(2min);
  CHECK_FALSE(kit.alive("sleeper/a"));

  CHECK(kit.ask<Total>("sleeper/a", Add{5}).value == 5);
  CHECK(kit.restarts("sleeper/a") == 0);
}
