// SPDX-License-Identifier: MIT
#include <array>
#include <thread>

#include <doctest/doctest.h>

#include "tests/unit/runtime/worker_under_test.hpp"

using namespace conclib::runtime;
using conclib::proto::Status;

namespace {

/// A worker with the keyed types `a/{n}` and `b/{n}` and the fixed one `fixed`.
struct Drained {
  explicit Drained(unsigned threads = 2) : worker(WorkerUnderTest::options_of(threads)) {
    const auto count = [this](const Scene&) {
      ++stops;
      return CONCLIB_OK;
    };
    for (auto* type : {&a, &b, &fixed}) {
      type->on_stop = count;
      REQUIRE(worker.add(*type));
    }
  }
  /// With one thread: what was scheduled before has had its turn after this.
  void pass_turn() { REQUIRE(worker.ask_and_wait("fixed", "Pass").status == Status::no_reply); }
  ScriptedType a{"a/{n}"};
  ScriptedType b{"b/{n}"};
  ScriptedType fixed{"fixed"};
  std::atomic<int> stops{0};
  WorkerUnderTest worker;
};

}  // namespace

TEST_CASE("a partition without actors is drained at once") {
  WorkerUnderTest worker;
  worker.start();
  bool drained = false;
  worker.runtime.drain(0, [&] { drained = true; });
  CHECK(drained);
}

TEST_CASE("a drain stops the actors, and the partition can be opened again") {
  Drained setup;
  auto& worker = setup.worker;
  std::atomic<int> starts{0};
  setup.fixed.on_start = [&](const Scene&) {
    ++starts;
    return CONCLIB_OK;
  };
  setup.a.on_message = [](const Scene& scene) { return scene.respond("Done"); };
  worker.start();
  REQUIRE(worker.ask_and_wait("a/1", "A").status == Status::ok);
  REQUIRE(eventually([&] { return starts == 1; }));
  worker.drain_all();
  CHECK(setup.stops == 2);
  CHECK(worker.runtime.stats().actors == 0);
  for (std::uint32_t i = 0; i < 4; ++i) worker.runtime.open(i);
  CHECK(worker.ask_and_wait("a/1", "A").status == Status::ok);
  CHECK(eventually([&] { return starts == 2; }));
}

TEST_CASE("a drain forgets what has not begun and completes what runs") {
  Drained setup;
  auto& worker = setup.worker;
  Signal running;
  Signal go;
  std::atomic<int> handled{0};
  setup.a.on_message = [&](const Scene& scene) {
    ++handled;
    running.set();
    go.await();
    return scene.respond("Done");
  };
  worker.start();
  worker.ask("a/1", "A", "runs");
  running.await();
  worker.ask("a/1", "A", "waits");
  worker.tell("a/1", "A");
  Signal drained;
  worker.runtime.drain(worker.partition_of("a/1"), [&] { drained.set(); });
  CHECK_FALSE(drained.is_set());
  go.set();
  drained.await();
  CHECK(handled == 1);
  REQUIRE(worker.outside.completions.size() == 1);
  CHECK(worker.outside.completions[0].queued->request.id == "runs");
  CHECK(setup.stops >= 1);
}

TEST_CASE("a drain runs the messages that are in memory only") {
  Drained setup;
  auto& worker = setup.worker;
  Signal running;
  Signal go;
  std::atomic<int> in_memory{0};
  setup.b.on_message = [&](const Scene& scene) {
    if (scene.type() == "Slow") {
      running.set();
      go.await();
    } else {
      ++in_memory;
    }
    return CONCLIB_OK;
  };
  setup.a.on_message = [](const Scene& scene) {
    for (int i = 0; i < 3; ++i) scene.tell("b/1", "Told");
    return CONCLIB_OK;
  };
  worker.start();
  worker.tell("b/1", "Slow");
  running.await();
  worker.tell("a/1", "A");
  worker.outside.await_completions(1);
  Signal drained;
  worker.runtime.drain(worker.partition_of("b/1"), [&] { drained.set(); });
  go.set();
  drained.await();
  CHECK(in_memory == 3);
}

TEST_CASE("a drain waits for the answers that an actor owes") {
  Drained setup(1);
  auto& worker = setup.worker;
  Signal taken;
  conclib_reply_to* later = nullptr;
  setup.b.on_message = [&](const Scene& scene) {
    later = scene.take();
    taken.set();
    return CONCLIB_OK;
  };
  worker.start();
  worker.ask("b/1", "B", "owed");
  taken.await();
  Signal drained;
  worker.runtime.drain(worker.partition_of("b/1"), [&] { drained.set(); });
  setup.pass_turn();
  CHECK_FALSE(drained.is_set());
  respond_to(worker.host, later, "Done");
  worker.outside.await_completions(1);
  drained.await();
  CHECK(reply_in(worker.outside.completions[0]).type == "Done");
}

TEST_CASE("a drain waits for the replies that an actor waits for") {
  Drained setup(1);
  auto& worker = setup.worker;
  Signal taken;
  std::atomic<bool> heard{false};
  conclib_reply_to* later = nullptr;
  setup.a.on_message = [&](const Scene& scene) {
    return scene.ask(
        "b/1", "B",
        [&](const Scene&, conclib_status, std::string_view, conclib_payload&) { heard = true; });
  };
  setup.b.on_message = [&](const Scene& scene) {
    later = scene.take();
    taken.set();
    return CONCLIB_OK;
  };
  worker.start();
  REQUIRE(worker.partition_of("a/2") != worker.partition_of("b/1"));
  worker.tell("a/2", "A");
  taken.await();
  worker.outside.await_completions(1);
  worker.outside.completions.clear();
  Signal drained;
  worker.runtime.drain(worker.partition_of("a/2"), [&] { drained.set(); });
  setup.pass_turn();
  CHECK_FALSE(drained.is_set());
  respond_to(worker.host, later, "Answer");
  drained.await();
  CHECK(heard);
}

TEST_CASE("after a drain, and during one, sends to the partition go outside") {
  Drained setup;
  auto& worker = setup.worker;
  REQUIRE(worker.partition_of("a/1") != worker.partition_of("b/1"));
  Signal running;
  Signal go;
  setup.b.on_message = [&](const Scene&) {
    running.set();
    go.await();
    return CONCLIB_OK;
  };
  setup.a.on_message = [](const Scene& scene) { return scene.tell("b/1", "Told"); };
  worker.start();
  worker.tell("b/1", "Slow");
  running.await();
  worker.tell("a/1", "A");
  worker.outside.await_completions(1);
  CHECK(worker.outside.pushes.empty());
  Signal drained;
  worker.runtime.drain(worker.partition_of("b/1"), [&] { drained.set(); });
  worker.tell("a/1", "A");
  worker.outside.await_pushes(1);
  go.set();
  drained.await();
  worker.tell("a/1", "A");
  worker.outside.await_pushes(2);
  CHECK(worker.outside.pushes[1].urn == "b/1");
  worker.runtime.open(worker.partition_of("b/1"));
  worker.tell("a/1", "A");
  worker.outside.await_completions(5);
  CHECK(worker.outside.pushes.size() == 2);
}

TEST_CASE("what an actor still asks of its own draining partition stays in memory") {
  Drained setup;
  auto& worker = setup.worker;
  Signal running;
  Signal go;
  const std::string own = "b/5";
  REQUIRE(worker.partition_of(own) == worker.partition_of("a/1"));
  setup.b.on_message = [](const Scene& scene) { return scene.respond("Answer"); };
  setup.a.on_message = [&](const Scene& scene) {
    running.set();
    go.await();
    auto* const answer_to = scene.take();
    return scene.ask(
        own, "B",
        [answer_to](const Scene& back, conclib_status, std::string_view, conclib_payload& reply) {
          respond_to(back.host(), answer_to, view_of(reply.type));
        });
  };
  worker.start();
  worker.ask("a/1", "A");
  running.await();
  Signal drained;
  worker.runtime.drain(worker.partition_of("a/1"), [&] { drained.set(); });
  go.set();
  drained.await();
  REQUIRE(worker.outside.completions.size() == 1);
  CHECK(reply_in(worker.outside.completions[0]).type == "Answer");
  CHECK(worker.outside.pushes.empty());
}

TEST_CASE("under load each request is completed once or forgotten, and no tell is lost") {
  Drained setup(4);
  auto& worker = setup.worker;
  worker.outside.counts_only = true;
  std::atomic<std::int64_t> alive{0};
  std::atomic<std::uint64_t> begun{0};
  std::atomic<std::uint64_t> told{0};
  std::atomic<std::uint64_t> heard{0};
  for (auto* type : {&setup.a, &setup.b}) {
    type->on_create = [&](const Scene&) {
      ++alive;
      return CONCLIB_OK;
    };
    type->on_destroy = [&] { --alive; };
  }
  setup.b.on_message = [&](const Scene& scene) {
    if (scene.message->reply_to) return scene.respond("Done");
    ++heard;
    return CONCLIB_OK;
  };
  setup.a.on_message = [&](const Scene& scene) {
    ++begun;
    const auto other = "b/" + std::string(scene.key());
    for (int i = 0; i < 3; ++i) {
      if (scene.tell(other, "Told") == CONCLIB_OK) ++told;
    }
    auto* const answer_to = scene.take();
    const auto status =
        scene.ask(other, "B",
                  [answer_to](const Scene& back, conclib_status, std::string_view,
                              conclib_payload&) { respond_to(back.host(), answer_to, "Done"); });
    if (status != CONCLIB_OK) respond_to(scene.host(), answer_to, "Alone");
    return CONCLIB_OK;
  };
  worker.start();
  std::atomic<bool> stop{false};
  std::vector<std::thread> producers;
  for (int producer = 0; producer < 4; ++producer) {
    producers.emplace_back([&, producer] {
      for (int i = 0; !stop; ++i) {
        worker.ask("a/" + std::to_string((i + producer) % 12), "A");
        if (i % 64 == 0) std::this_thread::yield();
      }
    });
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(1500);
  int rounds = 0;
  for (; std::chrono::steady_clock::now() < end; ++rounds) {
    std::array<Signal, 4> drained;
    for (std::uint32_t i = 0; i < 4; ++i) worker.runtime.drain(i, [&, i] { drained[i].set(); });
    for (auto& signal : drained) signal.await();
    for (std::uint32_t i = 0; i < 4; ++i) worker.runtime.open(i);
  }
  stop = true;
  for (auto& producer : producers) producer.join();
  worker.drain_all();
  CHECK(rounds > 2);
  CHECK(begun > 0);
  const auto refused = worker.runtime.stats().messages_refused;
  CHECK(worker.outside.completed >= begun);
  CHECK(worker.outside.completed <= begun + refused);
  CHECK(told == heard + worker.outside.pushed);
  CHECK(alive == 0);
  CHECK(worker.runtime.stats().actors == 0);
  CHECK(worker.runtime.stats().in_mailboxes == 0);
}
