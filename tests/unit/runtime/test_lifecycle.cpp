// SPDX-License-Identifier: MIT
#include <mutex>

#include <doctest/doctest.h>

#include "tests/unit/runtime/worker_under_test.hpp"

using namespace conclib::runtime;
using conclib::proto::Status;

namespace {

/// What happened, in order. Any thread.
class Diary {
 public:
  void note(std::string what) {
    const std::lock_guard lock(mutex_);
    notes_.push_back(std::move(what));
  }
  std::vector<std::string> notes() {
    const std::lock_guard lock(mutex_);
    return notes_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> notes_;
};

void keep_diary(ScriptedType& type, Diary& diary) {
  type.on_create = [&](const Scene& scene) {
    diary.note("create " + std::string(scene.urn()));
    return CONCLIB_OK;
  };
  type.on_start = [&](const Scene&) {
    diary.note("start");
    return CONCLIB_OK;
  };
  type.on_message = [&](const Scene& scene) {
    diary.note("message " + std::string(scene.type()));
    return CONCLIB_OK;
  };
  type.on_stop = [&](const Scene&) {
    diary.note("stop");
    return CONCLIB_OK;
  };
  type.on_destroy = [&] { diary.note("destroy"); };
}

}  // namespace

TEST_CASE("an actor with a fixed URN lives once its partition is open, before any message") {
  Diary diary;
  ScriptedType type("clock");
  keep_diary(type, diary);
  WorkerUnderTest worker;
  REQUIRE(worker.add(type));
  worker.start();
  CHECK(eventually([&] { return worker.runtime.stats().actors == 1; }));
  CHECK(eventually([&] { return diary.notes().size() == 2; }));
  CHECK(diary.notes() == std::vector<std::string>{"create clock", "start"});
}

TEST_CASE("a keyed actor is made by its first message, once, with its key in the context") {
  Diary diary;
  std::string key;
  ScriptedType type("cart/{id}");
  keep_diary(type, diary);
  type.on_start = [&](const Scene& scene) {
    key = scene.key();
    return CONCLIB_OK;
  };
  WorkerUnderTest worker;
  REQUIRE(worker.add(type));
  worker.start();
  CHECK(worker.runtime.stats().actors == 0);
  worker.tell("cart/42/x", "A");
  worker.tell("cart/42/x", "B");
  worker.outside.await_completions(2);
  CHECK(key == "42/x");
  CHECK(diary.notes() == std::vector<std::string>{"create cart/42/x", "message A", "message B"});
}

TEST_CASE("what waits for an actor that cannot be made hears why, and the next one tries again") {
  ScriptedType type("cart/{id}");
  int attempts = 0;
  type.on_create = [&](const Scene& scene) {
    return ++attempts == 1 ? scene.fail("no disk") : CONCLIB_OK;
  };
  type.on_message = [](const Scene& scene) { return scene.respond("Done"); };
  WorkerUnderTest worker;
  REQUIRE(worker.add(type));
  worker.start();
  const auto first = worker.ask_and_wait("cart/1", "Add");
  CHECK(first.status == Status::not_started);
  CHECK(first.text.find("cart/1") != std::string::npos);
  CHECK(first.text.find("no disk") != std::string::npos);
  CHECK(first.text.find("Add") != std::string::npos);
  CHECK(worker.ask_and_wait("cart/1", "Add").status == Status::ok);
}

TEST_CASE("what a create that failed had asked for is forgotten") {
  Signal in_create;
  Signal go;
  std::atomic<int> replies{0};
  std::atomic<int> attempts{0};
  ScriptedType type("cart/{id}");
  type.on_create = [&](const Scene& scene) {
    if (++attempts > 1) return CONCLIB_OK;
    in_create.set();
    go.await();
    scene.ask("cart/other", "Never",
              [&](const Scene&, conclib_status, std::string_view, conclib_payload&) { ++replies; });
    scene.host().stop_self(scene.context);
    return scene.fail("no disk");
  };
  type.on_message = [](const Scene& scene) { return scene.respond("Done"); };
  WorkerUnderTest worker;
  REQUIRE(worker.add(type));
  worker.start();
  worker.ask("cart/1", "First", "first");
  in_create.await();
  worker.ask("cart/1", "Second", "second");
  go.set();
  worker.outside.await_completions(2);
  for (const auto& done : worker.outside.completions) CHECK(done.status == Status::not_started);
  worker.drain_all();
  CHECK(replies == 0);
}

TEST_CASE("an actor whose start fails is destroyed without stop") {
  Diary diary;
  ScriptedType type("cart/{id}");
  keep_diary(type, diary);
  type.on_start = [](const Scene& scene) { return scene.fail("no table"); };
  WorkerUnderTest worker;
  REQUIRE(worker.add(type));
  worker.start();
  const auto refused = worker.ask_and_wait("cart/1", "Add");
  CHECK(refused.status == Status::not_started);
  CHECK(refused.text.find("no table") != std::string::npos);
  CHECK(diary.notes() == std::vector<std::string>{"create cart/1", "destroy"});
  CHECK(worker.runtime.stats().actors == 0);
}

TEST_CASE("an actor with a fixed URN that failed to start is tried again by a message") {
  std::atomic<int> attempts{0};
  ScriptedType type("clock");
  type.on_start = [&](const Scene& scene) {
    return ++attempts == 1 ? scene.fail("too early") : CONCLIB_OK;
  };
  type.on_message = [](const Scene& scene) { return scene.respond("Done"); };
  WorkerUnderTest worker;
  REQUIRE(worker.add(type));
  worker.start();
  REQUIRE(eventually([&] { return attempts == 1; }));
  REQUIRE(eventually([&] { return worker.logged().find("too early") != std::string::npos; }));
  CHECK(worker.ask_and_wait("clock", "Ask").status == Status::ok);
}

TEST_CASE("an actor that stops itself handles what it has, and a keyed one is made anew") {
  Diary diary;
  Signal go;
  ScriptedType type("cart/{id}");
  keep_diary(type, diary);
  type.on_message = [&](const Scene& scene) {
    diary.note("message " + std::string(scene.type()));
    if (scene.type() == "Stop") {
      go.await();
      scene.host().stop_self(scene.context);
      scene.host().stop_self(scene.context);
      scene.tell(scene.urn(), "After");
    }
    return CONCLIB_OK;
  };
  WorkerUnderTest worker;
  REQUIRE(worker.add(type));
  worker.start();
  worker.tell("cart/1", "Stop");
  worker.tell("cart/1", "Before");
  go.set();
  REQUIRE(eventually([&] { return diary.notes().size() == 9; }));
  CHECK(diary.notes() == std::vector<std::string>{"create cart/1", "start", "message Stop",
                                                  "message Before", "stop", "destroy",
                                                  "create cart/1", "start", "message After"});
}

TEST_CASE("an actor with a fixed URN that stopped itself is not alive until its partition moves") {
  ScriptedType type("clock");
  type.on_message = [](const Scene& scene) {
    scene.host().stop_self(scene.context);
    return scene.respond("Done");
  };
  WorkerUnderTest worker;
  REQUIRE(worker.add(type));
  worker.start();
  CHECK(worker.ask_and_wait("clock", "Stop").status == Status::ok);
  REQUIRE(eventually([&] { return worker.runtime.stats().actors == 0; }));
  const auto late = worker.ask_and_wait("clock", "Ask");
  CHECK((late.status == Status::actor_not_found || late.status == Status::actor_stopped));
  worker.drain_all();
  for (std::uint32_t i = 0; i < 4; ++i) worker.runtime.open(i);
  CHECK(worker.ask_and_wait("clock", "Stop").status == Status::ok);
}

TEST_CASE("a stop asked for in start ends the actor") {
  Diary diary;
  ScriptedType type("clock");
  keep_diary(type, diary);
  type.on_start = [](const Scene& scene) { return scene.host().stop_self(scene.context); };
  WorkerUnderTest worker;
  REQUIRE(worker.add(type));
  worker.start();
  REQUIRE(eventually([&] { return diary.notes().size() == 3; }));
  CHECK(diary.notes() == std::vector<std::string>{"create clock", "stop", "destroy"});
}

TEST_CASE("what is left when the runtime stops is destroyed without stop") {
  Diary diary;
  ScriptedType type("clock");
  keep_diary(type, diary);
  {
    WorkerUnderTest worker;
    REQUIRE(worker.add(type));
    worker.start();
    REQUIRE(eventually([&] { return diary.notes().size() == 2; }));
  }
  CHECK(diary.notes() == std::vector<std::string>{"create clock", "start", "destroy"});
}
