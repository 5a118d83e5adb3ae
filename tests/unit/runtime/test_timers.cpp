// SPDX-License-Identifier: MIT
#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include <doctest/doctest.h>

#include "daemon/runtime/timers.hpp"
#include "tests/unit/runtime/lone_cells.hpp"
#include "tests/unit/runtime/worker_under_test.hpp"

namespace conclib::runtime {
namespace {

using std::chrono::milliseconds;
using Purpose = Tick::Purpose;

struct Bench {
  Ref<Cell> cell() { return cells.make("lone/1"); }
  [[nodiscard]] TimePoint in(int ms) const { return clock.now() + milliseconds(ms); }

  LoneCells cells;
  FakeClock clock;
  TimerWishes outside;
  Timers timers{clock, outside};
};

TEST_CASE("ticks come when they are due, the earliest first") {
  Bench bench;
  const auto cell = bench.cell();
  Tick late(*cell, Purpose::timer);
  Tick early(*cell, Purpose::timer);
  bench.timers.arm(late, bench.in(30));
  bench.timers.arm(early, bench.in(20));
  CHECK(bench.timers.fire() == bench.in(20));
  CHECK(LoneCells::take(*cell) == nullptr);
  bench.clock.advance(milliseconds(30));
  CHECK_FALSE(bench.timers.fire());
  CHECK(LoneCells::take(*cell) == &early);
  CHECK(LoneCells::take(*cell) == &late);
}

TEST_CASE("timers come in the order of their times whatever was armed, moved and cancelled") {
  Bench bench;
  const auto cell = bench.cell();
  std::minstd_rand random(7);
  std::vector<std::unique_ptr<Tick>> ticks;
  for (int i = 0; i < 400; ++i) {
    ticks.push_back(std::make_unique<Tick>(*cell, Purpose::timer));
    bench.timers.arm(*ticks.back(), bench.in(1 + int(random() % 1000)));
  }
  for (auto& tick : ticks) bench.timers.arm(*tick, bench.in(1 + int(random() % 1000)));
  for (std::size_t i = 0; i < ticks.size(); i += 3) CHECK(bench.timers.cancel(*ticks[i]));
  std::vector<TimePoint> came;
  bench.clock.advance(milliseconds(1000));
  CHECK_FALSE(bench.timers.fire());
  while (auto* message = LoneCells::take(*cell)) came.push_back(static_cast<Tick*>(message)->when);
  CHECK(came.size() == 266);
  CHECK(std::is_sorted(came.begin(), came.end()));
}

TEST_CASE("the outside is asked only for a call that is earlier than the one it knows of") {
  Bench bench;
  const auto cell = bench.cell();
  Tick first(*cell, Purpose::timer);
  Tick second(*cell, Purpose::timer);
  const auto at_20 = bench.in(20);
  const auto at_10 = bench.in(10);
  bench.timers.arm(first, at_20);
  bench.timers.arm(second, bench.in(30));
  CHECK(bench.outside.wishes() == std::vector{at_20});
  bench.timers.arm(second, at_10);
  CHECK(bench.outside.wishes() == std::vector{at_20, at_10});
  bench.clock.advance(milliseconds(20));
  CHECK_FALSE(bench.timers.fire());
  while (auto* message = LoneCells::take(*cell)) discard_tick(message);
  bench.timers.arm(first, bench.in(100));
  CHECK(bench.outside.wishes().size() == 3);
  CHECK(bench.timers.cancel(first));
}

TEST_CASE("a cancelled tick does not come") {
  Bench bench;
  const auto cell = bench.cell();
  Tick tick(*cell, Purpose::timer);
  bench.timers.arm(tick, bench.in(1));
  CHECK(tick.armed_for == bench.in(1));
  CHECK(bench.timers.cancel(tick));
  CHECK(tick.armed_for == TimePoint::max());
  CHECK(bench.timers.cancel(tick));
  bench.clock.advance(milliseconds(1));
  CHECK_FALSE(bench.timers.fire());
  CHECK(LoneCells::take(*cell) == nullptr);
}

TEST_CASE("a tick that is on its way is neither moved nor cancelled") {
  Bench bench;
  const auto cell = bench.cell();
  Tick tick(*cell, Purpose::timer);
  bench.timers.arm(tick, bench.clock.now());
  CHECK_FALSE(bench.timers.fire());
  CHECK_FALSE(bench.timers.cancel(tick));
  bench.timers.arm(tick, bench.in(10));
  CHECK_FALSE(bench.timers.fire());
  CHECK(LoneCells::take(*cell) == &tick);
  discard_tick(&tick);
  CHECK(tick.armed_for == TimePoint::max());
  bench.timers.arm(tick, bench.in(10));
  CHECK(bench.timers.fire() == bench.in(10));
  CHECK(bench.timers.cancel(tick));
}

TEST_CASE("a tick that is retired on its way is destroyed when it comes out of its mailbox") {
  Bench bench;
  const auto cell = bench.cell();
  auto tick = std::make_unique<Tick>(*cell, Purpose::timer);
  bench.timers.arm(*tick, bench.clock.now());
  CHECK_FALSE(bench.timers.fire());
  bench.timers.retire(std::move(tick));
  auto* message = LoneCells::take(*cell);
  REQUIRE(message);
  CHECK(static_cast<Tick*>(message)->orphaned);
  discard_tick(message);
}

TEST_CASE("a tick is back with its actor when the mailbox is closed") {
  Bench bench;
  const auto cell = bench.cell();
  Tick tick(*cell, Purpose::timer);
  bench.timers.arm(tick, bench.clock.now());
  cell->mailbox.close();
  CHECK_FALSE(bench.timers.fire());
  CHECK_FALSE(tick.on_its_way);
  CHECK(bench.timers.cancel(tick));
}

TEST_CASE("a tick keeps its cell alive as long as it is in the timers") {
  Bench bench;
  auto cell = bench.cell();
  auto* alone = cell.get();
  auto& tick = alone->engaged().ask_deadline;
  bench.timers.arm(tick, bench.in(10));
  cell = {};
  CHECK(alone->urn() == "lone/1");
  // The sanitizers see whether it is gone now.
  bench.timers.clear();
  CHECK_FALSE(bench.timers.fire());
}

TEST_CASE("more ticks than are taken out at a time come in one call") {
  Bench bench;
  const auto cell = bench.cell();
  std::vector<std::unique_ptr<Tick>> ticks;
  for (int i = 0; i < 1000; ++i) {
    ticks.push_back(std::make_unique<Tick>(*cell, Purpose::timer));
    bench.timers.arm(*ticks.back(), bench.clock.now());
  }
  CHECK_FALSE(bench.timers.fire());
  int came = 0;
  while (LoneCells::take(*cell)) ++came;
  CHECK(came == 1000);
}

/// What an actor does that arms and retires ticks all the time, and then ends.
void live_and_end(Bench& bench, Ref<Cell> cell, unsigned seed) {
  std::minstd_rand random(seed);
  for (int i = 0; i < 20; ++i) {
    auto tick = std::make_unique<Tick>(*cell, Purpose::timer);
    bench.timers.arm(*tick, bench.clock.now());
    if (random() % 2 == 0) std::this_thread::yield();
    // The last time it ends while the tick is anywhere.
    if (i == 19) cell->mailbox.close();
    bench.timers.retire(std::move(tick));
    while (auto* message = LoneCells::take(*cell)) discard_tick(message);
  }
}

TEST_CASE("actors that end while their ticks are fired neither lose nor touch a tick again") {
  constexpr unsigned lives = 200;
  Bench bench;
  std::atomic<bool> over{false};
  std::thread loop([&] {
    while (!over) {
      (void)bench.timers.fire();
      std::this_thread::yield();
    }
  });
  std::vector<std::thread> actors;
  for (unsigned i = 0; i < 2; ++i) {
    actors.emplace_back([&bench, i] {
      for (unsigned life = 0; life < lives; ++life) {
        live_and_end(bench, bench.cells.make("lone/" + std::to_string(life)), i * lives + life);
      }
    });
  }
  for (auto& actor : actors) actor.join();
  over = true;
  loop.join();
  // Leaks and touches of what is gone are the sanitizers' to see.
  CHECK_FALSE(bench.timers.fire());
}

}  // namespace
}  // namespace conclib::runtime
