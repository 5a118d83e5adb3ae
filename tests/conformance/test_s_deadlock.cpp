// SPDX-License-Identifier: MIT
#include <barrier>

#include <doctest/doctest.h>

#include "conclib/testkit.hpp"
#include "tests/conformance/two_workers.hpp"

using namespace std::chrono_literals;
using conclib::Done;
using conclib::Task;
using conclib::conformance::Pending;
using conclib::conformance::ThreadedWorker;
using conclib::conformance::TwoWorkers;
using conclib::testkit::Kit;
using Urns = std::vector<std::string>;

namespace {

/// To be asked on along `path`.
struct Hop {
  Urns path;
  CONCLIB_MESSAGE(Hop, path)
};
/// The same, once all those of a round have come so far.
struct MeetThenHop {
  Urns path;
  CONCLIB_MESSAGE(MeetThenHop, path)
};
/// How the last ask of the way ended.
struct Outcome {
  std::int64_t status = 0;
  std::string text;
  CONCLIB_MESSAGE(Outcome, status, text)
};

/// Passes what it is asked on to the first of the path, and tells what came of it.
class Node : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "node/{n}";
  Node() {
    on(&Node::hop);
    on(&Node::meet);
    on(&Node::await_future);
  }
  Task<Outcome> hop(Hop message) {
    if (message.path.empty()) co_return Outcome{};
    const auto next = message.path.front();
    message.path.erase(message.path.begin());
    Outcome outcome;
    try {
      outcome = co_await ask<Outcome>(next, std::move(message));
    } catch (const conclib::Error& error) {
      outcome = {error.status(), error.what()};
    }
    co_return outcome;
  }
  Task<Outcome> meet(MeetThenHop message) {
    shared<std::barrier<>*>()->arrive_and_wait();
    Hop onward{std::move(message.path)};
    co_return co_await hop(std::move(onward));
  }
  /// Asks first, and waits for the answer later.
  Task<Outcome> await_future(Urns path) {
    const auto next = path.front();
    path.erase(path.begin());
    Hop onward{std::move(path)};
    conclib::Future<Outcome> later = ask<Outcome>(next, std::move(onward));
    Outcome outcome;
    try {
      co_await sleep(1ms);
      outcome = co_await later;
    } catch (const conclib::Error& error) {
      outcome = {error.status(), error.what()};
    }
    co_return outcome;
  }
};

class Reentrant final : public Node {
 public:
  static constexpr std::string_view urn = "reentrant/{n}";
  static constexpr bool reentrant = true;
};

/// Asks with a callback, and so takes messages meanwhile.
class Caller final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "caller";
  Caller() { on(&Caller::hop); }
  void hop(Hop message) {
    if (message.path.empty()) {
      take_request().respond(Outcome{});
      return;
    }
    const auto next = message.path.front();
    message.path.erase(message.path.begin());
    ask<Outcome>(
        next, std::move(message), {},
        [answer = std::make_shared<conclib::Responder>(take_request())](
            conclib::AskResult<Outcome> result) {
          answer->respond(result.ok() ? result.value() : Outcome{result.status(), result.text()});
        });
  }
};

Outcome go(Kit& kit, std::string_view urn, Urns path) {
  return kit.ask<Outcome>(urn, Hop{std::move(path)});
}

void check_ring(const Outcome& outcome, std::string_view ring) {
  CHECK(outcome.status == CONCLIB_DEADLOCK);
  CHECK_MESSAGE(outcome.text.find(ring) != std::string::npos, outcome.text);
}

}  // namespace

TEST_CASE("S6 an actor that asks itself and waits hears DEADLOCK at once") {
  Kit kit;
  kit.add<Node>();
  check_ring(go(kit, "node/a", {"node/a"}), "node/a -> node/a");
  CHECK(kit.elapsed() == 0s);
  CHECK(go(kit, "node/a", {}).status == CONCLIB_OK);
}

TEST_CASE("S6 a ring of two and one of three are told by name to who closes them") {
  Kit kit;
  kit.add<Node>();
  check_ring(go(kit, "node/a", {"node/b", "node/a"}), "node/b -> node/a -> node/b");
  check_ring(go(kit, "node/a", {"node/b", "node/c", "node/a"}),
             "node/c -> node/a -> node/b -> node/c");
  check_ring(go(kit, "node/a", {"node/b", "node/c", "node/b"}), "node/c -> node/b -> node/c");
  CHECK(kit.elapsed() == 0s);
}

TEST_CASE("S6 an awaited future closes a ring as an awaited ask does") {
  Kit kit;
  kit.add<Node>();
  const auto outcome = kit.ask<Outcome>("node/a", Urns{"node/b", "node/a"});
  check_ring(outcome, "node/a");
  CHECK(kit.elapsed() < 1s);
}

TEST_CASE("S6 a chain of asks that comes back to nobody is no ring") {
  Kit kit;
  kit.add<Node>();
  CHECK(go(kit, "node/a", {"node/b", "node/c", "node/d"}).status == CONCLIB_OK);
}

TEST_CASE("S6 what comes back to a reentrant actor, or to one with a callback, is no ring") {
  Kit kit;
  kit.add<Node, Reentrant, Caller>();
  CHECK(go(kit, "reentrant/a", {"node/b", "reentrant/a"}).status == CONCLIB_OK);
  CHECK(go(kit, "reentrant/a", {"reentrant/a"}).status == CONCLIB_OK);
  CHECK(go(kit, "caller", {"node/b", "caller"}).status == CONCLIB_OK);
  CHECK(go(kit, "node/a", {"caller", "node/b", "caller"}).status == CONCLIB_OK);
}

TEST_CASE("S6 two who ask a third that is busy are no ring") {
  Kit kit;
  kit.add<Node>();
  auto first = kit.begin_ask<Outcome>("node/a", Hop{{"node/c", "node/d"}});
  auto second = kit.begin_ask<Outcome>("node/b", Hop{{"node/c", "node/d"}});
  CHECK(first.get().status == CONCLIB_OK);
  CHECK(second.get().status == CONCLIB_OK);
}

TEST_CASE("S6 of independent asks that form a ring one hears DEADLOCK, in any order of turns") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    Kit kit({.seed = seed});
    kit.add<Node>();
    const Urns names = {"node/a", "node/b", "node/c"};
    std::vector<conclib::testkit::Pending<Outcome>> asks;
    for (std::size_t i = 0; i < 3; ++i) {
      asks.push_back(kit.begin_ask<Outcome>(names[i], Hop{{names[(i + 1) % 3]}}));
    }
    std::ptrdiff_t deadlocks = 0;
    for (auto& ask : asks) deadlocks += ask.get().status == CONCLIB_DEADLOCK ? 1 : 0;
    CHECK(deadlocks <= 1);
    CHECK(kit.elapsed() == 0s);
  }
}

TEST_CASE("S6 of independent roots that close a ring at the same time one hears DEADLOCK") {
  constexpr std::size_t ring = 4;
  std::barrier<> together(ring);
  auto* const shared = &together;
  ThreadedWorker worker(ThreadedWorker::options_of(ring));
  worker.add_sharing<Node>(*shared);
  worker.start();
  for (int round = 0; round < 200; ++round) {
    CAPTURE(round);
    const auto name = [&](std::size_t i) {
      return "node/" + std::to_string(round) + "." + std::to_string(i % ring);
    };
    std::vector<Pending<Outcome>> asks;
    for (std::size_t i = 0; i < ring; ++i) {
      asks.push_back(worker.begin_ask<Outcome>(name(i), MeetThenHop{{name(i + 1)}}));
    }
    std::vector<Outcome> deadlocks;
    for (auto& ask : asks) deadlocks.push_back(ask.get());
    std::erase_if(deadlocks, [](const Outcome& outcome) { return outcome.status == CONCLIB_OK; });
    REQUIRE(deadlocks.size() == 1);
    check_ring(deadlocks[0], name(0));
    check_ring(deadlocks[0], name(3));
  }
}

TEST_CASE("S6 among asks at random on many threads none waits for its deadline") {
  constexpr int nodes = 6;
  constexpr int rounds = 300;
  int nothing = 0;
  ThreadedWorker worker;
  worker.add_sharing<Node>(nothing);
  worker.start();
  std::uint32_t random = 1;
  const auto next = [&] {
    random = random * 1664525 + 1013904223;
    return "node/" + std::to_string(random / 65536 % nodes);
  };
  std::vector<Pending<Outcome>> asks;
  for (int i = 0; i < rounds; ++i) {
    const auto first = next();
    asks.push_back(worker.begin_ask<Outcome>(first, Hop{{next(), next(), next()}}, 30s));
  }
  for (auto& ask : asks) {
    const auto outcome = ask.get();
    const bool defined = outcome.status == CONCLIB_OK || outcome.status == CONCLIB_DEADLOCK;
    CHECK_MESSAGE(defined, outcome.text);
  }
}

TEST_CASE("S6 a ring across two workers is seen by the chain of calls") {
  int nothing = 0;
  TwoWorkers workers;
  workers.add_sharing<Node>(nothing);
  workers.start();
  const auto a = TwoWorkers::on_left("node");
  const auto b = TwoWorkers::on_right("node");
  const auto outcome = workers.left.ask<Outcome>(a, Hop{{b, a}});
  check_ring(outcome, a + " -> " + b + " -> " + a);
}

TEST_CASE("S6 a ring of three across two workers is seen wherever it closes") {
  int nothing = 0;
  TwoWorkers workers;
  workers.add_sharing<Node>(nothing);
  workers.start();
  const auto a = TwoWorkers::on_left("node");
  const auto b = TwoWorkers::on_right("node");
  const auto c = TwoWorkers::on_left("node", 1);
  const auto d = TwoWorkers::on_right("node", 1);
  check_ring(workers.left.ask<Outcome>(a, Hop{{b, c, a}}),
             a + " -> " + b + " -> " + c + " -> " + a);
  check_ring(workers.left.ask<Outcome>(a, Hop{{b, d, a}}),
             a + " -> " + b + " -> " + d + " -> " + a);
  check_ring(workers.left.ask<Outcome>(a, Hop{{b, c, d, b}}),
             ": " + b + " -> " + c + " -> " + d + " -> " + b);
}

TEST_CASE("S6 calls across two workers that come back to nobody who waits are no ring") {
  int nothing = 0;
  TwoWorkers workers;
  workers.add_sharing<Node, Reentrant>(nothing);
  workers.start();
  const auto a = TwoWorkers::on_left("node");
  const auto b = TwoWorkers::on_right("node");
  const auto c = TwoWorkers::on_left("node", 1);
  const auto reentrant = TwoWorkers::on_left("reentrant");
  CHECK(workers.left.ask<Outcome>(a, Hop{{b, c}}).status == CONCLIB_OK);
  CHECK(workers.left.ask<Outcome>(reentrant, Hop{{b, reentrant}}).status == CONCLIB_OK);
  CHECK(workers.left.ask<Outcome>(reentrant, Hop{{b, c, reentrant}}).status == CONCLIB_OK);
}
