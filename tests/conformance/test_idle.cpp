// SPDX-License-Identifier: MIT
#include <algorithm>
#include <atomic>
#include <semaphore>
#include <thread>

#include <doctest/doctest.h>
#include <sys/resource.h>

#include "tests/conformance/threaded_worker.hpp"

using namespace std::chrono_literals;
using conclib::Done;
using conclib::conformance::eventually;
using conclib::conformance::Pending;
using conclib::conformance::ThreadedWorker;

namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr auto watched_time = 1s;
constexpr int idle_actors = 10'000;
#else
constexpr auto watched_time = 5s;
constexpr int idle_actors = 100'000;
#endif

struct Flood {
  std::string urn;
  std::int64_t count = 0;
  CONCLIB_MESSAGE(Flood, urn, count)
};
struct Hold {
  CONCLIB_MESSAGE(Hold)
};

class Quiet final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "quiet/{n}";
  Quiet() { on(&Quiet::done); }
  void done(const Done&) {}
};

class Flooder final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "flooder";
  Flooder() { on(&Flooder::flood); }
  void flood(const Flood& order) {
    for (std::int64_t i = 0; i < order.count; ++i) {
      tell(order.urn + "/" + std::to_string(i), Done{});
    }
  }
};

/// Tells itself for ever, so that its mailbox is never empty.
class Flooded final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "flooded/{n}";
  Flooded() { on(&Flooded::done); }
  void done(const Done& message) {
    ++*shared<std::atomic<std::int64_t>*>();
    tell(self(), message);
  }
};

struct Gate {
  std::atomic<int> inside{0};
  std::counting_semaphore<64> open{0};
};

class Blocking final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "blocking/{n}";
  static constexpr bool blocking = true;
  static constexpr unsigned threads_max = 2;
  Blocking() { on(&Blocking::hold); }
  void hold(const Hold&) {
    auto& gate = *shared<Gate*>();
    ++gate.inside;
    gate.open.acquire();
  }
};

std::chrono::microseconds processor_time() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

/// What so many asks took, the shortest first.
std::vector<std::chrono::nanoseconds> latencies(ThreadedWorker& worker, int asks) {
  std::vector<std::chrono::nanoseconds> all;
  for (int i = 0; i < asks; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    (void)worker.ask<Done>("quiet/0", Done{});
    all.push_back(std::chrono::steady_clock::now() - begin);
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

TEST_CASE("idle actors take no processor time, however many there are") {
  ThreadedWorker worker;
  worker.add<Quiet, Flooder>();
  worker.start();
  (void)worker.ask<Done>("flooder", Flood{"quiet", idle_actors}, 1min);
  REQUIRE(eventually([&] { return worker.stats().messages_handled == idle_actors + 1; }));
  REQUIRE(worker.stats().actors == idle_actors + 1);
  // What is measured is that time passes.
  const auto before = processor_time();
  std::this_thread::sleep_for(watched_time);
  const auto used = processor_time() - before;
  CHECK(used < std::chrono::microseconds(watched_time) / 100);
}

TEST_CASE("a quiet actor is answered in time beside flooded ones") {
  std::atomic<std::int64_t> flood{0};
  ThreadedWorker worker(ThreadedWorker::options_of(2));
  worker.add_sharing<Flooded, Quiet>(flood);
  worker.start();
  for (int i = 0; i < 4; ++i) {
    const auto urn = "flooded/" + std::to_string(i);
    for (int j = 0; j < 100; ++j) worker.tell(urn, Done{});
  }
  REQUIRE(eventually([&] { return flood > 1000; }));
  const auto before = flood.load();
  const auto took = latencies(worker, 300);
  CHECK(took.at(took.size() * 99 / 100) < 250ms);
  CHECK(flood > before);
}

TEST_CASE("a type that blocks holds up no other, and takes no more threads than it says") {
  Gate gate;
  ThreadedWorker worker(ThreadedWorker::options_of(1));
  worker.add_sharing<Blocking, Quiet>(gate);
  worker.start();
  std::vector<Pending<Done>> held;
  for (int i = 0; i < 5; ++i) {
    held.push_back(worker.begin_ask<Done>("blocking/" + std::to_string(i), Hold{}));
  }
  REQUIRE(eventually([&] { return gate.inside == 2; }));
  CHECK(latencies(worker, 100).back() < 5s);
  CHECK(gate.inside == 2);
  gate.open.release(5);
  for (auto& ask : held) (void)ask.get();
  CHECK(gate.inside == 5);
}
