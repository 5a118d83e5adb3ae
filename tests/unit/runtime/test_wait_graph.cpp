// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "daemon/runtime/wait_graph.hpp"
#include "tests/unit/runtime/lone_cells.hpp"

namespace conclib::runtime {
namespace {

using State = PendingAsk::State;

struct Waiters {
  explicit Waiters(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      cells.push_back(lone.make("lone/" + std::to_string(i)));
      asks.push_back(ask(i, i));
    }
  }
  std::unique_ptr<PendingAsk> ask(std::size_t from, std::size_t to) {
    auto made = std::make_unique<PendingAsk>(cells[from].get(), nullptr, nullptr);
    made->target = cells[to];
    return made;
  }
  std::string wait(std::size_t from, std::size_t to) {
    graph.end(*cells[from]);
    asks[from] = ask(from, to);
    return graph.begin(*cells[from], *asks[from]);
  }
  void end(std::size_t from) { graph.end(*cells[from]); }

  LoneCells lone;
  std::vector<Ref<Cell>> cells;
  std::vector<std::unique_ptr<PendingAsk>> asks;
  WaitGraph graph;
};

TEST_CASE("an actor that waits for itself is a ring of one") {
  Waiters waiters(1);
  CHECK(waiters.wait(0, 0) == "lone/0 -> lone/0");
  CHECK(waiters.cells[0]->waits_for == nullptr);
}

TEST_CASE("who closes a ring is told who is in it, and does not wait") {
  Waiters waiters(4);
  CHECK(waiters.wait(3, 0).empty());
  CHECK(waiters.wait(0, 1).empty());
  CHECK(waiters.wait(1, 2).empty());
  CHECK(waiters.wait(2, 0) == "lone/2 -> lone/0 -> lone/1 -> lone/2");
  // The others go on waiting; the ring is open, so that one more may hang on to it.
  CHECK(waiters.wait(2, 3).size() > 0);
  waiters.end(3);
  CHECK(waiters.wait(2, 3).empty());
}

TEST_CASE("a ring that was left is none") {
  Waiters waiters(3);
  CHECK(waiters.wait(0, 1).empty());
  CHECK(waiters.wait(1, 2).empty());
  waiters.end(0);
  waiters.end(0);
  CHECK(waiters.wait(2, 0).empty());
}

TEST_CASE("an actor whose answer is on its way does not wait any more") {
  Waiters waiters(3);
  CHECK(waiters.wait(0, 1).empty());
  CHECK(waiters.wait(1, 2).empty());
  REQUIRE(waiters.asks[0]->settle(State::answered));
  CHECK(waiters.wait(2, 0).empty());
}

TEST_CASE("an ask that has been answered closes no ring") {
  Waiters waiters(2);
  CHECK(waiters.wait(0, 1).empty());
  waiters.asks[1] = waiters.ask(1, 0);
  REQUIRE(waiters.asks[1]->settle(State::answered));
  CHECK(waiters.graph.begin(*waiters.cells[1], *waiters.asks[1]).empty());
}

TEST_CASE("an actor waits for one ask at a time, the last") {
  Waiters waiters(3);
  const auto first = waiters.ask(0, 1);
  const auto second = waiters.ask(0, 2);
  CHECK(waiters.graph.begin(*waiters.cells[0], *first).empty());
  CHECK(waiters.graph.begin(*waiters.cells[0], *second).empty());
  CHECK(waiters.wait(1, 0).empty());
  CHECK(waiters.wait(2, 0) == "lone/2 -> lone/0 -> lone/2");
  waiters.end(0);
}

TEST_CASE("who leads to a ring of others is not in it, and looks at it for a bounded time") {
  Waiters waiters(7);
  // A ring that nobody has seen yet: two that close it together are past their edges.
  for (std::size_t i = 0; i < 5; ++i) {
    waiters.asks[i] = waiters.ask(i, i == 4 ? 2 : i + 1);
    waiters.cells[i]->waits_for = waiters.asks[i].get();
  }
  CHECK(waiters.wait(6, 0).empty());
  CHECK(waiters.wait(5, 6).empty());
  for (std::size_t i = 0; i < 7; ++i) waiters.end(i);
}

TEST_CASE("of a long ring only the beginning is shown") {
  constexpr std::size_t count = 100;
  Waiters waiters(count);
  for (std::size_t i = 0; i + 1 < count; ++i) REQUIRE(waiters.wait(i, i + 1).empty());
  const auto ring = waiters.wait(count - 1, 0);
  CHECK(ring.starts_with("lone/99 -> lone/0 -> lone/1 -> "));
  CHECK(ring.ends_with("lone/13 -> lone/14 -> ... 84 more -> lone/99"));
}

TEST_CASE("of those that close a ring at the same time at least one sees it") {
  constexpr std::size_t rounds = 20'000;
  constexpr std::size_t count = 2;
  Waiters waiters(count);
  std::atomic<std::size_t> arrived{0};
  std::vector<std::atomic<int>> seen(rounds);
  // Spins at first, so that both go on within a few nanoseconds.
  const auto meet = [&](std::size_t meeting) {
    ++arrived;
    for (int i = 0; arrived < count * meeting; ++i) {
      if (i > 1000) std::this_thread::yield();
    }
  };
  const auto close = [&](std::size_t own) {
    auto& cell = *waiters.cells[own];
    const auto ask = waiters.ask(own, (own + 1) % count);
    for (std::size_t round = 0; round < rounds; ++round) {
      meet(2 * round + 1);
      if (!waiters.graph.begin(cell, *ask).empty()) ++seen[round];
      meet(2 * round + 2);
      waiters.graph.end(cell);
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) threads.emplace_back(close, i);
  for (auto& thread : threads) thread.join();
  CHECK(std::count(seen.begin(), seen.end(), 0) == 0);
}

/// Actors on threads of their own that wait for each other at random. One that waits goes on when
/// it is answered, so a ring that nobody sees stays for ever.
class Crowd {
 public:
  explicit Crowd(std::size_t count) : waiters_(count), inbox_(count) {}

  void live(std::size_t own, int asks) {
    std::minstd_rand random(static_cast<unsigned>(own + 1));
    for (int i = 0; i < asks; ++i) {
      answer_all(own);
      const auto to = random() % inbox_.size();
      auto ask = std::make_shared<PendingAsk>(waiters_.cells[own].get(), nullptr, nullptr);
      ask->target = waiters_.cells[to];
      const auto ring = waiters_.graph.begin(*waiters_.cells[own], *ask);
      if (!ring.empty()) {
        ++rings;
        continue;
      }
      {
        const std::lock_guard lock(mutex_);
        inbox_[to].push_back(ask);
      }
      if (!await(*ask)) ++stuck;
      waiters_.graph.end(*waiters_.cells[own]);
    }
    ++done_;
    while (done_ < inbox_.size()) {
      answer_all(own);
      std::this_thread::yield();
    }
    answer_all(own);
  }

  std::atomic<int> rings{0};
  std::atomic<int> stuck{0};

 private:
  void answer_all(std::size_t own) {
    const std::lock_guard lock(mutex_);
    for (auto& ask : inbox_[own]) (void)ask->settle(State::answered);
    inbox_[own].clear();
  }
  static bool await(PendingAsk& ask) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (ask.state.load() == State::waiting) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

  Waiters waiters_;
  std::mutex mutex_;
  std::vector<std::vector<std::shared_ptr<PendingAsk>>> inbox_;
  std::atomic<std::size_t> done_{0};
};

TEST_CASE("among actors that wait for each other at random no ring stays unseen") {
  constexpr std::size_t count = 4;
  Crowd crowd(count);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) threads.emplace_back([&, i] { crowd.live(i, 3000); });
  for (auto& thread : threads) thread.join();
  CHECK(crowd.stuck == 0);
  CHECK(crowd.rings > 0);
}

TEST_CASE("edges that never form a ring are never taken for one") {
  // Each round the first asks the second, which asks the third. That answers and then asks the
  // first, which gets its own answer before it takes that: in a ring, but for the answer given.
  constexpr int rounds = 5000;
  Waiters waiters(3);
  std::atomic<int> rings{0};
  std::array<std::atomic<PendingAsk*>, 3> inbox{};
  const auto ask = [&](std::size_t from, std::size_t to) {
    auto made = waiters.ask(from, to);
    if (!waiters.graph.begin(*waiters.cells[from], *made).empty()) ++rings;
    inbox[to] = made.get();
    while (made->state != State::answered) std::this_thread::yield();
    waiters.graph.end(*waiters.cells[from]);
  };
  const auto take = [&](std::size_t own) {
    while (!inbox[own]) std::this_thread::yield();
    return inbox[own].exchange(nullptr);
  };
  std::thread first([&] {
    for (int i = 0; i < rounds; ++i) {
      ask(0, 1);
      (void)take(0)->settle(State::answered);
    }
  });
  std::thread second([&] {
    for (int i = 0; i < rounds; ++i) {
      auto* asked = take(1);
      ask(1, 2);
      (void)asked->settle(State::answered);
    }
  });
  std::thread third([&] {
    for (int i = 0; i < rounds; ++i) {
      (void)take(2)->settle(State::answered);
      ask(2, 0);
    }
  });
  for (auto* thread : {&first, &second, &third}) thread->join();
  CHECK(rings == 0);
}

}  // namespace
}  // namespace conclib::runtime
