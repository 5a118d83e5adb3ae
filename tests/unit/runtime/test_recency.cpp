// SPDX-License-Identifier: MIT
#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "daemon/runtime/recency.hpp"
#include "tests/unit/runtime/lone_cells.hpp"

namespace conclib::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint begin{std::chrono::hours(1)};
constexpr auto never = TimePoint::max();

struct Actors {
  explicit Actors(Recency::Limits limits, int count = 4) : recency(limits) {
    for (int i = 0; i < count; ++i) cells.push_back(lone.make("lone/" + std::to_string(i)));
  }
  Cell& operator[](std::size_t i) { return *cells[i]; }
  /// Those that were asked to end since the last call.
  std::vector<std::size_t> asked() {
    std::vector<std::size_t> numbers;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      while (LoneCells::take_control(*cells[i], Control::What::passivate)) numbers.push_back(i);
    }
    return numbers;
  }

  LoneCells lone;
  std::vector<Ref<Cell>> cells;
  Recency recency;
};

using Numbers = std::vector<std::size_t>;

TEST_CASE("actors that were idle for too long are asked to end, once") {
  Actors actors({.idle_max = seconds(80)});
  CHECK(actors.recency.enter(actors[0], begin) == begin + seconds(80));
  CHECK(actors.recency.enter(actors[1], begin + seconds(10)) == never);
  CHECK(actors.recency.sweep(begin + seconds(79)) == begin + seconds(80));
  CHECK(actors.asked().empty());
  CHECK(actors.recency.sweep(begin + seconds(80)) == begin + seconds(90));
  CHECK(actors.asked() == Numbers{0});
  CHECK(actors.recency.sweep(begin + seconds(90)) == begin + seconds(170));
  CHECK(actors.asked() == Numbers{1});
  CHECK(actors.recency.sweep(begin + seconds(170)) == begin + seconds(250));
  CHECK(actors.asked().empty());
  CHECK(actors.recency.live() == 2);
  actors.recency.leave(actors[0]);
  actors.recency.leave(actors[1]);
  CHECK(actors.recency.live() == 0);
  CHECK(actors.recency.sweep(begin + seconds(250)) == never);
  CHECK(actors.recency.enter(actors[0], begin + seconds(300)) == begin + seconds(380));
}

TEST_CASE("an actor that is used is not idle") {
  Actors actors({.idle_max = seconds(80)});
  (void)actors.recency.enter(actors[0], begin);
  (void)actors.recency.enter(actors[1], begin);
  actors.recency.touch(actors[0], begin + seconds(70));
  CHECK(actors.recency.sweep(begin + seconds(80)) == begin + seconds(150));
  CHECK(actors.asked() == Numbers{1});
}

TEST_CASE("without a bound of live actors one that was just used is not moved again") {
  Actors actors({.idle_max = seconds(80)});
  (void)actors.recency.enter(actors[0], begin);
  actors.recency.touch(actors[0], begin + milliseconds(999));
  CHECK(actors[0].used == begin);
  actors.recency.touch(actors[0], begin + milliseconds(1000));
  CHECK(actors[0].used == begin + milliseconds(1000));
}

TEST_CASE("an actor that was asked and stays is asked again after it was idle again") {
  Actors actors({.idle_max = seconds(80)});
  (void)actors.recency.enter(actors[0], begin);
  (void)actors.recency.sweep(begin + seconds(80));
  CHECK(actors.asked() == Numbers{0});
  actors.recency.touch(actors[0], begin + seconds(81));
  CHECK(actors.recency.live() == 1);
  CHECK(actors.recency.sweep(begin + seconds(160)) == begin + seconds(161));
  CHECK(actors.asked().empty());
  CHECK(actors.recency.sweep(begin + seconds(161)) == begin + seconds(241));
  CHECK(actors.asked() == Numbers{0});
}

TEST_CASE("of too many the least recently used is asked to end") {
  Actors actors({.live_max = 2});
  CHECK(actors.recency.enter(actors[0], begin) == never);
  CHECK(actors.recency.enter(actors[1], begin) == never);
  actors.recency.touch(actors[0], begin);
  CHECK(actors.asked().empty());
  (void)actors.recency.enter(actors[2], begin);
  CHECK(actors.asked() == Numbers{1});
  // That it has not gone yet is no reason to ask another one.
  actors.recency.touch(actors[2], begin);
  CHECK(actors.asked().empty());
  (void)actors.recency.enter(actors[3], begin);
  CHECK(actors.asked() == Numbers{0});
  CHECK(actors.recency.live() == 4);
  actors.recency.leave(actors[0]);
  actors.recency.leave(actors[1]);
  CHECK(actors.recency.live() == 2);
}

TEST_CASE("when one that was asked stays, the next that enters has two others asked") {
  Actors actors({.live_max = 2});
  for (std::size_t i = 0; i < 3; ++i) (void)actors.recency.enter(actors[i], begin);
  CHECK(actors.asked() == Numbers{0});
  actors.recency.stay(actors[0], begin);
  CHECK(actors.asked().empty());
  (void)actors.recency.enter(actors[3], begin);
  CHECK(actors.asked() == Numbers{1, 2});
}

TEST_CASE("when one that was asked is used, another one is asked") {
  Actors actors({.live_max = 2});
  for (std::size_t i = 0; i < 3; ++i) (void)actors.recency.enter(actors[i], begin);
  CHECK(actors.asked() == Numbers{0});
  actors.recency.touch(actors[0], begin);
  CHECK(actors.asked() == Numbers{1});
}

TEST_CASE("when there are still too many, one that leaves has others asked") {
  Actors actors({.live_max = 1});
  for (std::size_t i = 0; i < 4; ++i) (void)actors.recency.enter(actors[i], begin);
  CHECK(actors.asked() == Numbers{0, 1, 2});
  for (std::size_t i = 0; i < 3; ++i) actors.recency.stay(actors[i], begin);
  CHECK(actors.asked().empty());
  actors.recency.leave(actors[3]);
  CHECK(actors.asked() == Numbers{0, 1});
  actors.recency.leave(actors[0]);
  actors.recency.leave(actors[1]);
  CHECK(actors.asked().empty());
  CHECK(actors.recency.live() == 1);
}

TEST_CASE("leave and touch are harmless for an actor that is not in the list") {
  Actors actors({.idle_max = seconds(80), .live_max = 2});
  actors.recency.leave(actors[0]);
  actors.recency.touch(actors[0], begin);
  CHECK(actors.recency.live() == 0);
  (void)actors.recency.enter(actors[1], begin);
  actors.recency.leave(actors[1]);
  actors.recency.leave(actors[1]);
  CHECK(actors.recency.live() == 0);
}

TEST_CASE("more idle actors than are asked at a time are asked in one call") {
  Actors actors({.idle_max = seconds(80)}, 200);
  for (std::size_t i = 0; i < 200; ++i) (void)actors.recency.enter(actors[i], begin);
  (void)actors.recency.sweep(begin + seconds(80));
  CHECK(actors.asked().size() == 200);
}

TEST_CASE("actors that come, are used and go on several threads leave the list as it should be") {
  constexpr std::size_t of_each = 8;
  constexpr int steps = 3000;
  Actors actors({.idle_max = milliseconds(500), .live_max = 10}, 2 * of_each);
  std::atomic<int> time{0};
  std::atomic<bool> over{false};
  const auto now = [&] { return begin + milliseconds(++time); };
  const auto live = [&](std::size_t first) {
    std::minstd_rand random(static_cast<unsigned>(first + 1));
    std::vector<bool> there(of_each);
    for (int i = 0; i < steps; ++i) {
      const auto n = random() % of_each;
      auto& cell = actors[first + n];
      const bool asked = LoneCells::take_control(cell, Control::What::passivate);
      if (!there[n]) {
        (void)actors.recency.enter(cell, now());
        there[n] = true;
      } else if (asked || random() % 4 == 0) {
        actors.recency.leave(cell);
        there[n] = false;
      } else {
        actors.recency.touch(cell, now());
      }
    }
    for (std::size_t n = 0; n < of_each; ++n) actors.recency.leave(actors[first + n]);
  };
  std::thread sweeper([&] {
    while (!over) (void)actors.recency.sweep(now());
  });
  std::thread one(live, 0);
  std::thread other(live, of_each);
  one.join();
  other.join();
  over = true;
  sweeper.join();
  (void)actors.asked();
  CHECK(actors.recency.live() == 0);
  CHECK(actors.recency.sweep(never) == never);
  CHECK(actors.asked().empty());
}

}  // namespace
}  // namespace conclib::runtime
