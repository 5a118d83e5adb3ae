// SPDX-License-Identifier: MIT
#include <array>
#include <thread>

#include <doctest/doctest.h>
#include <sys/resource.h>

#include "tests/unit/runtime/worker_under_test.hpp"

using namespace conclib::runtime;

TEST_CASE("messages of one sender are handled in the order in which it sent them") {
  constexpr int senders = 4;
  constexpr std::uint32_t each = 2000;
  std::array<std::uint32_t, senders> next{};
  std::atomic<bool> in_order{true};
  std::atomic<std::uint32_t> handled{0};
  ScriptedType sink("sink");
  sink.on_message = [&](const Scene& scene) {
    const auto sender = static_cast<std::size_t>(view_of(scene.message->sender).back() - '0');
    const auto body = scene.body();
    std::uint32_t number = 0;
    for (const char byte : body.substr(1)) number = number << 8 | static_cast<unsigned char>(byte);
    if (number != next[sender]++) in_order = false;
    ++handled;
    return CONCLIB_OK;
  };
  ScriptedType source("source/{n}");
  source.on_message = [&](const Scene& scene) {
    for (std::uint32_t i = 0; i < each; ++i) {
      const std::string body{'\xce', static_cast<char>(i >> 24), static_cast<char>(i >> 16),
                             static_cast<char>(i >> 8), static_cast<char>(i)};
      CHECK(scene.tell("sink", "N", body) == CONCLIB_OK);
    }
    return CONCLIB_OK;
  };
  WorkerUnderTest worker;
  REQUIRE(worker.add(sink));
  REQUIRE(worker.add(source));
  worker.start();
  for (int i = 0; i < senders; ++i) worker.tell("source/" + std::to_string(i), "Go");
  CHECK(eventually([&] { return handled == senders * each; }));
  CHECK(in_order);
  CHECK(eventually([&] { return worker.runtime.stats().in_mailboxes == 0; }));
  CHECK(worker.runtime.stats().messages_handled == senders * each + senders);
}

TEST_CASE("an actor handles one message at a time, whoever sends") {
  std::atomic<int> inside{0};
  std::atomic<int> handled{0};
  std::atomic<bool> overlapped{false};
  ScriptedType target("target");
  target.on_message = [&](const Scene&) {
    if (++inside != 1) overlapped = true;
    --inside;
    ++handled;
    return CONCLIB_OK;
  };
  ScriptedType source("source/{n}");
  source.on_message = [](const Scene& scene) {
    scene.tell("target", "A");
    return scene.tell(scene.urn(), "Again");
  };
  WorkerUnderTest worker(WorkerUnderTest::options_of(4));
  REQUIRE(worker.add(target));
  REQUIRE(worker.add(source));
  worker.start();
  for (int i = 0; i < 4; ++i) worker.tell("source/" + std::to_string(i), "Go");
  CHECK(eventually([&] { return handled > 2000; }));
  CHECK_FALSE(overlapped);
}

TEST_CASE("a flooded actor lets another have its turn after two of its own") {
  auto options = WorkerUnderTest::options_of(1);
  options.messages_per_turn = 8;
  Signal waiting;
  Signal filled;
  int flooded_handled = 0;
  int handled_before_quiet = -1;
  ScriptedType flooded("flooded");
  flooded.on_message = [&](const Scene& scene) {
    if (scene.type() == "Wait") {
      waiting.set();
      filled.await();
    }
    ++flooded_handled;
    return CONCLIB_OK;
  };
  ScriptedType quiet("quiet");
  quiet.on_message = [&](const Scene&) {
    handled_before_quiet = flooded_handled;
    return CONCLIB_OK;
  };
  WorkerUnderTest worker(options);
  REQUIRE(worker.add(flooded));
  REQUIRE(worker.add(quiet));
  worker.start();
  worker.tell("flooded", "Wait");
  waiting.await();
  for (int i = 0; i < 100; ++i) worker.tell("flooded", "A");
  worker.tell("quiet", "A");
  filled.set();
  worker.outside.await_completions(102);
  // Two turns, since what comes from outside and what does not take turns.
  CHECK(handled_before_quiet >= 8);
  CHECK(handled_before_quiet <= 16);
}

TEST_CASE("two actors that talk to each other do not keep a third from its turn") {
  std::atomic<bool> heard{false};
  ScriptedType talker("talker/{n}");
  talker.on_message = [&](const Scene& scene) {
    if (heard) return CONCLIB_OK;
    return scene.tell(scene.urn() == "talker/1" ? "talker/2" : "talker/1", "A");
  };
  ScriptedType quiet("quiet");
  quiet.on_message = [&](const Scene&) {
    heard = true;
    return CONCLIB_OK;
  };
  WorkerUnderTest worker(WorkerUnderTest::options_of(1));
  REQUIRE(worker.add(talker));
  REQUIRE(worker.add(quiet));
  worker.start();
  worker.tell("talker/1", "A");
  worker.outside.await_completions(1);
  worker.tell("quiet", "A");
  CHECK(eventually([&] { return heard.load(); }));
}

TEST_CASE("an actor does not wait for the end of the long handler that sent to it") {
  Signal other_ran;
  ScriptedType slow("slow");
  slow.on_message = [&](const Scene& scene) {
    scene.tell("other", "A");
    other_ran.await();
    return CONCLIB_OK;
  };
  ScriptedType other("other");
  other.on_message = [&](const Scene&) {
    other_ran.set();
    return CONCLIB_OK;
  };
  WorkerUnderTest worker(WorkerUnderTest::options_of(2));
  REQUIRE(worker.add(slow));
  REQUIRE(worker.add(other));
  worker.start();
  for (std::size_t i = 1; i <= 20; ++i) {
    worker.tell("slow", "A");
    worker.outside.await_completions(i);
  }
  CHECK(other_ran.is_set());
}

TEST_CASE("an actor does not wait for two long handlers while a third thread sleeps") {
  constexpr int rounds = 20;
  std::atomic<int> round{0};
  std::atomic<int> sent{0};
  std::atomic<int> ran{0};
  const auto until_other_ran = [&](const Scene&) {
    return eventually([&] { return ran >= round; }) ? CONCLIB_OK : CONCLIB_ACTOR_FAILED;
  };
  ScriptedType busy("busy");
  busy.on_message = until_other_ran;
  ScriptedType other("other");
  other.on_message = [&](const Scene&) {
    ++ran;
    return CONCLIB_OK;
  };
  ScriptedType slow("slow");
  slow.on_message = [&](const Scene& scene) {
    scene.tell("other", "A");
    sent = round.load();
    return until_other_ran(scene);
  };
  WorkerUnderTest worker(WorkerUnderTest::options_of(3));
  for (auto* type : {&busy, &other, &slow}) REQUIRE(worker.add(*type));
  worker.start();
  // At once: it must not take away the thread that looks after `other`.
  std::thread outsider([&] {
    for (int i = 1; i <= rounds; ++i) {
      while (sent < i) {
      }
      worker.tell("busy", "A");
    }
  });
  for (int i = 1; i <= rounds; ++i) {
    round = i;
    worker.tell("slow", "A");
    CHECK(eventually([&] { return worker.outside.completed == 2U * i; }));
  }
  outsider.join();
  CHECK(worker.runtime.stats().messages_failed == 0);
}

TEST_CASE("a type that blocks has threads of its own, as many as it says") {
  Signal go;
  std::atomic<int> inside{0};
  ScriptedType blocking("blocking/{n}");
  blocking.type.flags = CONCLIB_ACTOR_BLOCKING;
  blocking.type.threads_max = 3;
  blocking.on_message = [&](const Scene&) {
    ++inside;
    go.await();
    return CONCLIB_OK;
  };
  ScriptedType quick("quick");
  quick.on_message = [](const Scene& scene) { return scene.respond("Done"); };
  WorkerUnderTest worker(WorkerUnderTest::options_of(1));
  REQUIRE(worker.add(blocking));
  REQUIRE(worker.add(quick));
  worker.start();
  for (int i = 0; i < 5; ++i) worker.tell("blocking/" + std::to_string(i), "A");
  REQUIRE(eventually([&] { return inside == 3; }));
  CHECK(worker.ask_and_wait("quick", "A").status == conclib::proto::Status::ok);
  CHECK(inside == 3);
  go.set();
  worker.outside.await_completions(5);
}

TEST_CASE("a worker with nothing to do takes no processor time") {
  ScriptedType talker("talker/{n}");
  talker.on_message = [](const Scene& scene) {
    return scene.key() == "9" ? CONCLIB_OK : scene.tell("talker/9", "A");
  };
  WorkerUnderTest worker(WorkerUnderTest::options_of(4));
  REQUIRE(worker.add(talker));
  worker.start();
  for (int i = 0; i < 8; ++i) worker.tell("talker/" + std::to_string(i), "A");
  worker.outside.await_completions(8);
  const auto switches = [] {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_nvcsw;
  };
  // All threads sleep without a time-out once the guard has seen nothing for a while.
  CHECK(eventually([&] {
    const auto before = switches();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return switches() - before <= 2;
  }));
}
