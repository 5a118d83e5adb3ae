// SPDX-License-Identifier: MIT
#include <array>
#include <atomic>
#include <semaphore>
#include <thread>

#include <doctest/doctest.h>

#include "tests/conformance/threaded_worker.hpp"

using namespace std::chrono_literals;
using conclib::Done;
using conclib::conformance::Answer;
using conclib::conformance::eventually;
using conclib::conformance::Pending;
using conclib::conformance::ThreadedWorker;

namespace {

#if defined(__SANITIZE_THREAD__)
constexpr auto race_time = 10s;
#else
constexpr auto race_time = 2s;
#endif
constexpr int keys = 24;

struct Add {
  std::int64_t number = 0;
  CONCLIB_MESSAGE(Add, number)
};

/// How many messages there were, and a sum over all of them that another set of so many has not.
struct Tally {
  std::atomic<std::int64_t> count{0};
  std::atomic<std::uint64_t> sum{0};
  void add(std::int64_t number) {
    const auto mixed = static_cast<std::uint64_t>(number) * 0x9e3779b97f4a7c15;
    sum += mixed ^ (mixed >> 29);
    ++count;
  }
};

/// What the instances of the racing actors see, by key.
struct Census {
  struct OfKey {
    std::atomic<int> live{0};
    std::atomic<std::int64_t> made{0};
    Tally sent;
    Tally handled;
  };
  std::array<OfKey, keys> of;
  std::atomic<int> live{0};
  std::atomic<int> live_max{0};
  std::atomic<int> two_at_once{0};

  void enter(OfKey& key) {
    two_at_once += ++key.live == 1 ? 0 : 1;
    ++key.made;
    const auto now = ++live;
    auto most = live_max.load();
    while (now > most && !live_max.compare_exchange_weak(most, now)) {
    }
  }
  void leave(OfKey& key) {
    --key.live;
    --live;
  }
};

/// Is passivated after next to no time, and by the cap.
class Mayfly : public conclib::Actor {
 public:
  explicit Mayfly(std::string_view key) : key_(std::stoi(std::string(key))) { on(&Mayfly::add); }
  ~Mayfly() override { census_->leave(mine()); }
  Mayfly(const Mayfly&) = delete;
  Mayfly& operator=(const Mayfly&) = delete;
  void on_start() override {
    census_ = shared<Census*>();
    census_->enter(mine());
  }
  std::int64_t add(const Add& message) {
    mine().handled.add(message.number);
    return message.number;
  }

 private:
  Census::OfKey& mine() { return census_->of.at(static_cast<std::size_t>(key_)); }
  int key_;
  Census* census_ = nullptr;
};

class ShortLived final : public Mayfly {
 public:
  using Mayfly::Mayfly;
  static constexpr std::string_view urn = "short_lived/{n}";
  static constexpr auto passivate_after = 1ms;
};
class Crowded final : public Mayfly {
 public:
  using Mayfly::Mayfly;
  static constexpr std::string_view urn = "crowded/{n}";
  static constexpr unsigned live_max = 4;
  static constexpr auto passivate_after = conclib::never;
};

struct Flood {
  std::string type;
  std::int64_t first_number = 0;
  std::int64_t count = 0;
  CONCLIB_MESSAGE(Flood, type, first_number, count)
};

/// Tells racing actors in memory, as the queue's messages reach them from outside.
class Flooder final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "flooder/{n}";
  Flooder() { on(&Flooder::flood); }
  void flood(const Flood& order) {
    auto random = static_cast<std::uint32_t>(order.first_number);
    for (auto number = order.first_number; number < order.first_number + order.count; ++number) {
      random = random * 1664525 + 1013904223;
      const auto key = random / 65536 % keys;
      shared<Census*>()->of.at(key).sent.add(number);
      tell(order.type + "/" + std::to_string(key), Add{number});
    }
  }
};

/// Messages to all keys from 8 threads, of actors and from the queue, for a while. Each is handled
/// once, by the one instance of its key.
void race(Census& census, ThreadedWorker& worker, const std::string& type) {
  constexpr int threads_count = 8;
  constexpr std::int64_t at_once = 20;
  const auto end = std::chrono::steady_clock::now() + race_time;
  std::atomic<int> unanswered{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < threads_count; ++i) {
    threads.emplace_back([&, i] {
      for (std::int64_t round = i; std::chrono::steady_clock::now() < end; round += threads_count) {
        const auto number = 1 + round * (at_once + 1);
        const auto flooded = worker.begin_ask<Done>("flooder/" + std::to_string(i),
                                                    Flood{type, number, at_once}, 60s);
        const auto key = static_cast<std::size_t>(round / threads_count % keys);
        const Add own{number + at_once};
        census.of.at(key).sent.add(own.number);
        (void)worker.ask<std::int64_t>(type + "/" + std::to_string(key), own, 60s);
        unanswered += eventually([&] { return flooded.done(); }) ? 0 : 1;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(unanswered == 0);
  for (std::size_t i = 0; i < keys; ++i) {
    CAPTURE(i);
    const auto& key = census.of.at(i);
    CHECK(eventually([&] { return key.handled.count >= key.sent.count; }));
    CHECK(key.handled.count == key.sent.count);
    CHECK(key.handled.sum == key.sent.sum);
  }
  CHECK(census.two_at_once == 0);
  CHECK(worker.stats().messages_failed == 0);
  CHECK(worker.stats().messages_refused == 0);
  CHECK(worker.stats().dead_letters == 0);
}

std::int64_t made(const Census& census) {
  std::int64_t all = 0;
  for (const auto& key : census.of) all += key.made;
  return all;
}

}  // namespace

TEST_CASE("V2 activation, passivation and messages race, and no message is lost or runs twice") {
  Census census;
  {
    ThreadedWorker worker(ThreadedWorker::options_of(8));
    worker.add_sharing<ShortLived, Flooder>(census);
    worker.start();
    race(census, worker, "short_lived");
    CHECK(made(census) > keys * 10);
    // Memory is given back: nobody is left when all are idle.
    CHECK(eventually([&] { return census.live == 0; }));
  }
  CHECK(census.live == 0);
}

TEST_CASE("V3 the cap holds under threads, and no message is lost to it") {
  Census census;
  ThreadedWorker worker(ThreadedWorker::options_of(8));
  worker.add_sharing<Crowded, Flooder>(census);
  worker.start();
  race(census, worker, "crowded");
  CHECK(made(census) > keys * 10);
  // One that has a message when it is asked to end stays until it has time.
  CHECK(eventually([&] { return census.live <= 4; }));
  CHECK(census.live_max < keys);
}

namespace {

struct Gate {
  std::atomic<int> inside{0};
  std::atomic<int> starts{0};
  std::counting_semaphore<64> open{0};
};
struct Hold {
  CONCLIB_MESSAGE(Hold)
};
struct Who {
  CONCLIB_MESSAGE(Who)
};

class Renderer : public conclib::Actor {
 public:
  Renderer() {
    on(&Renderer::hold);
    on(&Renderer::who);
  }
  void on_start() override { ++shared<Gate*>()->starts; }
  std::string hold(const Hold&) {
    auto& gate = *shared<Gate*>();
    ++gate.inside;
    gate.open.acquire();
    return std::string(Actor::urn());
  }
  std::string who(const Who&) { return std::string(Actor::urn()); }
};

class FixedPool final : public Renderer {
 public:
  static constexpr std::string_view urn = "pool";
  static constexpr bool blocking = true;
  static constexpr unsigned threads_max = 3;
  static constexpr unsigned pool_size = 3;
};
class KeyedPool final : public Renderer {
 public:
  static constexpr std::string_view urn = "keyed_pool/{n}";
  static constexpr bool blocking = true;
  static constexpr unsigned threads_max = 3;
  static constexpr unsigned pool_size = 3;
};
/// Asks a pool from within the worker.
class Client final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "client";
  Client() { on(&Client::ask_often); }
  conclib::Task<std::int64_t> ask_often(std::string pool) {
    std::int64_t answered = 0;
    for (int i = 0; i < 100; ++i) {
      (void)co_await ask<std::string>(pool, Who{});
      ++answered;
    }
    co_return answered;
  }
};

struct Pool {
  explicit Pool(std::string_view of_urn) : urn(of_urn) {
    worker.add_sharing<FixedPool, KeyedPool, Client>(gate);
    worker.start();
  }
  std::string urn;
  Gate gate;
  ThreadedWorker worker{ThreadedWorker::options_of(2)};
};

void check_all_work_at_once(std::string_view urn) {
  Pool pool(urn);
  std::vector<Pending<std::string>> held;
  for (int i = 0; i < 3; ++i) held.push_back(pool.worker.begin_ask<std::string>(urn, Hold{}));
  CHECK(eventually([&] { return pool.gate.inside == 3; }));
  pool.gate.open.release(3);
  std::vector<std::string> members;
  for (auto& ask : held) members.push_back(ask.get());
  std::sort(members.begin(), members.end());
  const auto base = std::string(urn);
  CHECK(members == std::vector{base + "#0", base + "#1", base + "#2"});
}

void check_blocked_ones_are_spared(std::string_view urn) {
  Pool pool(urn);
  std::vector<Pending<std::string>> held;
  for (int i = 0; i < 2; ++i) {
    held.push_back(pool.worker.begin_ask<std::string>(urn, Hold{}));
    REQUIRE(eventually([&] { return pool.gate.inside == i + 1; }));
  }
  const auto free = pool.worker.ask<std::string>(urn, Who{});
  for (int i = 0; i < 100; ++i) CHECK(pool.worker.ask<std::string>(urn, Who{}) == free);
  CHECK(pool.worker.ask<std::int64_t>("client", std::string(urn)) == 100);
  pool.gate.open.release(2);
  for (auto& ask : held) CHECK(ask.get() != free);
}

}  // namespace

TEST_CASE("V4 the members of a pool work at the same time behind one URN") {
  check_all_work_at_once("pool");
  check_all_work_at_once("keyed_pool/a");
}

TEST_CASE("V4 a member that is busy gets no message while another has nothing to do") {
  check_blocked_ones_are_spared("pool");
  check_blocked_ones_are_spared("keyed_pool/a");
}

TEST_CASE("V4 when all members are busy their messages are shared out, and all are handled") {
  Pool pool("pool");
  std::vector<Pending<std::string>> held;
  for (int i = 0; i < 3; ++i) {
    held.push_back(pool.worker.begin_ask<std::string>("pool", Hold{}));
    REQUIRE(eventually([&] { return pool.gate.inside == i + 1; }));
  }
  std::vector<Pending<std::string>> asks;
  for (int i = 0; i < 30; ++i) asks.push_back(pool.worker.begin_ask<std::string>("pool", Who{}));
  REQUIRE(eventually([&] { return pool.worker.stats().in_mailboxes == 30; }));
  for (const auto& actor : pool.worker.runtime().actors()) {
    CHECK(actor.waiting == (actor.urn.starts_with("pool#") ? 10 : 0));
  }
  pool.gate.open.release(3);
  for (auto& ask : held) (void)ask.get();
  for (auto& ask : asks) CHECK(ask.get().starts_with("pool#"));
}

TEST_CASE("V4 a member may be named, and what is no member is not alive") {
  Pool pool("pool");
  CHECK(pool.worker.ask<std::string>("pool#1", Who{}) == "pool#1");
  CHECK(pool.worker.ask<std::string>("keyed_pool/a#2", Who{}) == "keyed_pool/a#2");
  for (const auto* urn : {"pool#3", "pool#01", "pool#x", "keyed_pool/a#3", "keyed_pool/a#1/b"}) {
    CAPTURE(urn);
    const auto answer = pool.worker.tell(urn, Who{}).get();
    CHECK(answer.status == CONCLIB_ACTOR_NOT_FOUND);
  }
  // Its members' URNs would be too long.
  const auto long_key = "keyed_pool/" + std::string(244, 'k');
  CHECK(pool.worker.tell(long_key, Who{}).get().status == CONCLIB_ACTOR_NOT_FOUND);
}

TEST_CASE("V4 an ask that waits in a pool is cancelled by the pool's URN") {
  Pool pool("pool");
  std::vector<Pending<std::string>> held;
  for (int i = 0; i < 3; ++i) {
    held.push_back(pool.worker.begin_ask<std::string>("pool", Hold{}));
    REQUIRE(eventually([&] { return pool.gate.inside == i + 1; }));
  }
  conclib::runtime::OutboundMessage ask;
  ask.kind = conclib::proto::Kind::ask;
  ask.id = "to be cancelled";
  ask.urn = "pool";
  ask.type = "Who";
  ask.body = conclib::encode(Who{});
  ask.deadline = std::chrono::steady_clock::now() + 1min;
  std::promise<conclib_status> ended;
  pool.worker.take(ask, [&](const Answer& answer) { ended.set_value(answer.status); });
  std::promise<void> cancelled;
  pool.worker.post([&] {
    pool.worker.runtime().cancel(0, "pool", ask.id);
    cancelled.set_value();
  });
  cancelled.get_future().get();
  pool.gate.open.release(3);
  CHECK(ended.get_future().get() == CONCLIB_CANCELLED);
  for (auto& hold : held) (void)hold.get();
}

TEST_CASE("V5 a fixed URN is activated once by a worker with threads, also as a pool") {
  Pool pool("pool");
  CHECK(eventually([&] { return pool.gate.starts == 3; }));
  for (int i = 0; i < 50; ++i) (void)pool.worker.ask<std::string>("pool", Who{});
  CHECK(pool.gate.starts == 3);
}
