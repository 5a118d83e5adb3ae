// SPDX-License-Identifier: MIT
#include <algorithm>
#include <optional>
#include <vector>

#include <doctest/doctest.h>

#include "daemon/runtime/actor_timers.hpp"
#include "tests/unit/runtime/lone_cells.hpp"
#include "tests/unit/runtime/worker_under_test.hpp"

namespace conclib::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::uint64_t ms = 1'000'000;

void count_one(void* user_data) { ++*static_cast<int*>(user_data); }

/// One actor with timers, whose turns the test takes.
struct Actor {
  ~Actor() {
    end();
    timers.clear();
  }
  std::uint64_t start(std::uint64_t first, std::uint64_t interval, std::uint32_t flags = 0) {
    const conclib_timer_spec spec{.size = sizeof(conclib_timer_spec),
                                  .first_ns = first,
                                  .interval_ns = interval,
                                  .flags = flags,
                                  .reserved = 0,
                                  .call = nullptr,
                                  .user_data = &destroyed,
                                  .destroy = count_one};
    return own().start(timers, spec, Inherited{.root = 5});
  }
  [[nodiscard]] ActorTimers& own() const { return cell->engaged().timers; }
  /// The next message of the mailbox as a tick, or null.
  [[nodiscard]] Tick* next() const { return static_cast<Tick*>(LoneCells::take(*cell)); }
  /// Makes the next call, which lasts `long_ms`. Its timer, or 0.
  std::uint64_t call(int long_ms = 0) {
    auto* tick = next();
    if (!tick) return 0;
    const auto due = own().take(tick);
    if (!due) return 0;
    clock.advance(milliseconds(long_ms));
    own().called(timers, due->id);
    return due->id;
  }
  /// Lets time pass; then makes the calls that are due. Their number.
  int pass(int by_ms) {
    clock.advance(milliseconds(by_ms));
    (void)timers.fire();
    int calls = 0;
    while (call() != 0) ++calls;
    return calls;
  }
  /// Ends the timers and takes out what is in the mailbox.
  void end() {
    own().end(timers);
    while (auto* tick = next()) discard_tick(tick);
  }

  LoneCells cells;
  FakeClock clock;
  TimerWishes outside;
  Timers timers{clock, outside};
  int destroyed = 0;
  Ref<Cell> cell = cells.make("lone/1");
};

TEST_CASE("a timer without an interval is called once and ends") {
  Actor actor;
  const auto id = actor.start(10 * ms, 0);
  CHECK(id != 0);
  CHECK(actor.pass(9) == 0);
  CHECK(actor.destroyed == 0);
  CHECK(actor.pass(1) == 1);
  CHECK(actor.destroyed == 1);
  CHECK(actor.own().empty());
  CHECK(actor.pass(1000) == 0);
  actor.own().cancel(actor.timers, id);
  CHECK(actor.destroyed == 1);
}

TEST_CASE("a timer at a fixed rate stays on its grid and skips what was missed") {
  Actor actor;
  (void)actor.start(0, 10 * ms);
  CHECK(actor.pass(0) == 1);
  CHECK(actor.pass(13) == 1);
  CHECK(actor.pass(6) == 0);
  CHECK(actor.pass(1) == 1);
  // At 20; the calls of 30, 40 and 50 are missed, the next is that of 60.
  CHECK(actor.pass(35) == 1);
  CHECK(actor.pass(4) == 0);
  CHECK(actor.pass(1) == 1);
}

TEST_CASE("a slow call at a fixed rate is followed by the next point of the grid") {
  Actor actor;
  (void)actor.start(10 * ms, 10 * ms);
  actor.clock.advance(milliseconds(10));
  (void)actor.timers.fire();
  CHECK(actor.call(25) != 0);
  CHECK(actor.pass(4) == 0);
  CHECK(actor.pass(1) == 1);
}

TEST_CASE("with a fixed delay the interval begins when a call ends") {
  Actor actor;
  (void)actor.start(10 * ms, 10 * ms, CONCLIB_TIMER_FIXED_DELAY);
  actor.clock.advance(milliseconds(12));
  (void)actor.timers.fire();
  CHECK(actor.call(25) != 0);
  CHECK(actor.pass(9) == 0);
  CHECK(actor.pass(1) == 1);
}

TEST_CASE("a timer that catches up makes each missed call, and other messages come between") {
  Actor actor;
  const auto fast = actor.start(10 * ms, 10 * ms, CONCLIB_TIMER_CATCH_UP);
  const auto other = actor.start(35 * ms, 0);
  actor.clock.advance(milliseconds(35));
  (void)actor.timers.fire();
  CHECK(actor.call() == fast);
  CHECK(actor.call() == other);
  CHECK(actor.call() == fast);
  CHECK(actor.call() == fast);
  CHECK(actor.next() == nullptr);
  CHECK(actor.pass(4) == 0);
  CHECK(actor.pass(1) == 1);
}

TEST_CASE("a timer that was cancelled is not called, wherever its tick is") {
  Actor actor;
  const auto waiting = actor.start(10 * ms, 10 * ms);
  const auto queued = actor.start(5 * ms, 5 * ms);
  actor.clock.advance(milliseconds(5));
  (void)actor.timers.fire();
  actor.own().cancel(actor.timers, queued);
  CHECK(actor.destroyed == 1);
  auto* tick = actor.next();
  REQUIRE(tick);
  CHECK_FALSE(actor.own().take(tick));
  actor.own().cancel(actor.timers, waiting);
  CHECK(actor.destroyed == 2);
  CHECK(actor.pass(100) == 0);
}

TEST_CASE("a timer that is cancelled within its own call keeps its data until the call returns") {
  Actor actor;
  const auto id = actor.start(0, 10 * ms);
  (void)actor.timers.fire();
  const auto due = actor.own().take(actor.next());
  REQUIRE(due);
  actor.own().cancel(actor.timers, id);
  actor.own().cancel(actor.timers, id);
  CHECK(actor.destroyed == 0);
  actor.own().called(actor.timers, id);
  CHECK(actor.destroyed == 1);
  CHECK(actor.pass(100) == 0);
}

TEST_CASE("a call may start timers and cancel others") {
  Actor actor;
  const auto first = actor.start(0, 10 * ms);
  const auto second = actor.start(50 * ms, 10 * ms);
  (void)actor.timers.fire();
  const auto due = actor.own().take(actor.next());
  REQUIRE(due);
  CHECK(due->id == first);
  actor.own().cancel(actor.timers, second);
  for (int i = 0; i < 100; ++i) (void)actor.start(10 * ms, 0);
  actor.own().called(actor.timers, first);
  CHECK(actor.pass(10) == 101);
}

TEST_CASE("all timers of an actor end together, and each one's data is destroyed once") {
  Actor actor;
  (void)actor.start(0, 10 * ms);
  (void)actor.start(0, 10 * ms, CONCLIB_TIMER_WHILE_WAITING);
  (void)actor.start(5 * ms, 0);
  (void)actor.timers.fire();
  CHECK(actor.call() != 0);
  actor.own().end(actor.timers);
  CHECK(actor.destroyed == 3);
  CHECK(actor.own().empty());
  CHECK(actor.pass(100) == 0);
}

TEST_CASE("an actor has only so many timers") {
  Actor actor;
  for (std::size_t i = 0; i < ActorTimers::timers_max; ++i) REQUIRE(actor.start(ms, 0) != 0);
  CHECK(actor.start(ms, 0) == 0);
  CHECK(actor.destroyed == 1);
}

TEST_CASE("timers that were not ended go with the cell, even if a tick is in its mailbox") {
  Actor actor;
  (void)actor.start(0, 10 * ms);
  (void)actor.start(10 * ms, 10 * ms);
  actor.own().set_receive_timeout(actor.timers, nanoseconds(1));
  actor.clock.advance(milliseconds(1));
  (void)actor.timers.fire();
  actor.timers.clear();
  actor.cell = {};
  CHECK(actor.destroyed == 2);
  actor.cell = actor.cells.make("lone/2");
}

TEST_CASE("only a timer of the running work comes while the actor waits, with what it inherited") {
  Actor actor;
  (void)actor.start(0, 0);
  (void)actor.start(ms, 0, CONCLIB_TIMER_WHILE_WAITING);
  actor.clock.advance(milliseconds(1));
  (void)actor.timers.fire();
  std::vector<bool> is_response;
  std::vector<std::optional<std::uint64_t>> roots;
  while (auto* tick = actor.next()) {
    is_response.push_back(tick->is_response());
    const auto due = actor.own().take(tick);
    REQUIRE(due);
    roots.push_back(due->inherited ? std::optional(due->inherited->root) : std::nullopt);
    actor.own().called(actor.timers, due->id);
  }
  std::sort(is_response.begin(), is_response.end());
  std::sort(roots.begin(), roots.end());
  CHECK(is_response == std::vector{false, true});
  CHECK(roots == std::vector<std::optional<std::uint64_t>>{std::nullopt, 5});
}

TEST_CASE("a time beyond the end of time never comes") {
  Actor actor;
  (void)actor.start(UINT64_MAX, 0);
  (void)actor.start(0, UINT64_MAX);
  (void)actor.start(0, UINT64_MAX, CONCLIB_TIMER_FIXED_DELAY);
  (void)actor.start(0, UINT64_MAX, CONCLIB_TIMER_CATCH_UP);
  CHECK(actor.pass(0) == 3);
  CHECK(actor.pass(1'000'000'000) == 0);
  CHECK_FALSE(actor.timers.fire());
}

TEST_CASE("the receive time-out comes when no message came for so long, again and again") {
  Actor actor;
  const auto over = [&] {
    (void)actor.timers.fire();
    auto* tick = actor.next();
    return tick && actor.own().take_receive_timeout(actor.timers, tick);
  };
  actor.own().set_receive_timeout(actor.timers, milliseconds(10));
  CHECK(actor.own().has_receive_timeout());
  actor.clock.advance(milliseconds(8));
  actor.own().received(actor.clock.now());
  actor.clock.advance(milliseconds(2));
  CHECK_FALSE(over());
  actor.clock.advance(milliseconds(7));
  CHECK_FALSE(over());
  actor.clock.advance(milliseconds(1));
  CHECK(over());
  actor.clock.advance(milliseconds(9));
  CHECK_FALSE(over());
  actor.clock.advance(milliseconds(1));
  CHECK(over());
}

TEST_CASE("a receive time-out may be changed and ended while its tick is on its way") {
  Actor actor;
  actor.own().set_receive_timeout(actor.timers, milliseconds(10));
  actor.clock.advance(milliseconds(10));
  (void)actor.timers.fire();
  actor.own().set_receive_timeout(actor.timers, milliseconds(20));
  CHECK_FALSE(actor.own().take_receive_timeout(actor.timers, actor.next()));
  actor.clock.advance(milliseconds(20));
  (void)actor.timers.fire();
  actor.own().set_receive_timeout(actor.timers, nanoseconds(0));
  CHECK_FALSE(actor.own().has_receive_timeout());
  CHECK_FALSE(actor.own().take_receive_timeout(actor.timers, actor.next()));
  CHECK_FALSE(actor.timers.fire());
}

}  // namespace
}  // namespace conclib::runtime
