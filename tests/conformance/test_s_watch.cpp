// SPDX-License-Identifier: MIT
#include <stdexcept>

#include <doctest/doctest.h>

#include "conclib/testkit.hpp"
#include "tests/conformance/diary.hpp"
#include "tests/conformance/two_workers.hpp"
#include "tests/conformance/watching.hpp"

using namespace std::chrono_literals;
using conclib::Done;
using conclib::Ended;
using conclib::conformance::ClientEnded;
using conclib::conformance::ClientWatch;
using conclib::conformance::Diary;
using conclib::conformance::eventually;
using conclib::conformance::holds;
using conclib::conformance::Lines;
using conclib::conformance::Note;
using conclib::conformance::TwoWorkers;
using conclib::testkit::Kit;

namespace {

struct Fail {
  CONCLIB_MESSAGE(Fail)
};
struct Observe {
  std::string urn;
  CONCLIB_MESSAGE(Observe, urn)
};
struct Ignore {
  CONCLIB_MESSAGE(Ignore)
};

class Mortal : public conclib::Actor {
 public:
  Mortal() {
    on(&Mortal::end);
    on(&Mortal::fail);
    on(&Mortal::said);
  }
  void end(const Done&) { stop(); }
  void fail(const Fail&) { throw std::runtime_error("it broke"); }
  std::string said(const Note& message) { return message.text; }
};

class Frail final : public Mortal {
 public:
  static constexpr std::string_view urn = "frail/{n}";
  static constexpr conclib::Supervision supervision{.on_failure = conclib::OnFailure::stop};
};
class Fixed final : public Mortal {
 public:
  static constexpr std::string_view urn = "fixed";
  void on_stop() override { throw std::runtime_error("the door is stuck"); }
};
class Phoenix final : public Mortal {
 public:
  static constexpr std::string_view urn = "phoenix";
  static constexpr conclib::Supervision supervision{
      .restarts_max = 1, .backoff_min = 1ms, .backoff_max = 1ms};
};
class Idler final : public Mortal {
 public:
  static constexpr std::string_view urn = "idler/{n}";
  static constexpr auto passivate_after = 1s;
};
class Stillborn final : public conclib::Actor {
 public:
  void on_start() override { throw std::runtime_error("no key"); }
};

/// Tells the diary of the ends of those that it is asked to observe.
class Watcher final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "watcher";
  Watcher() {
    on(&Watcher::observe);
    on(&Watcher::ignore);
    on(&Watcher::bear);
  }
  void observe(const Observe& message) {
    watch_ = watch(message.urn, [this](const Ended& ended) { note(ended); });
  }
  void ignore(const Ignore&) { unwatch(watch_); }
  void bear(const Done&) {
    watch(spawn<Stillborn>(conclib::SpawnOptions{.name = "child"}),
          [this](const Ended& ended) { note(ended); });
  }

 private:
  void note(const Ended& ended) {
    const auto name =
        conclib::proto::status_name(static_cast<conclib::proto::Status>(ended.status));
    tell("diary", Note{ended.urn + " " + std::string(name) + " " + ended.text});
  }
  conclib::Watch watch_;
};

}  // namespace

TEST_CASE("S2 a watcher hears that an actor was stopped") {
  Kit kit;
  kit.add<Watcher, Frail>();
  const Diary diary(kit);
  (void)kit.ask<std::string>("frail/a", Note{"hello"});
  kit.tell("watcher", Observe{"frail/a"});
  kit.run();
  CHECK(diary.lines().empty());
  kit.tell("frail/a", Done{});
  kit.run();
  CHECK(diary.lines() == Lines{"frail/a OK "});
}

TEST_CASE("S2 a watcher hears why an actor failed") {
  Kit kit;
  kit.add<Watcher, Frail>();
  const Diary diary(kit);
  (void)kit.ask<std::string>("frail/a", Note{"hello"});
  kit.tell("watcher", Observe{"frail/a"});
  kit.run();
  kit.tell("frail/a", Fail{});
  kit.run();
  REQUIRE(diary.lines().size() == 1);
  CHECK(diary.lines()[0].starts_with("frail/a ACTOR_FAILED "));
  CHECK(holds(diary.lines()[0], "it broke"));
}

TEST_CASE("S2 a watcher hears that an actor could not be started, or failed in its stop") {
  Kit kit;
  kit.add<Watcher, Fixed, Stillborn>();
  const Diary diary(kit);
  kit.tell("watcher", Done{});
  kit.run();
  kit.tell("watcher", Observe{"fixed"});
  kit.run();
  kit.tell("fixed", Done{});
  kit.run();
  REQUIRE(diary.lines().size() == 2);
  CHECK(diary.lines()[0].starts_with("watcher#child NOT_STARTED "));
  CHECK(holds(diary.lines()[0], "no key"));
  CHECK(diary.lines()[1].starts_with("fixed ACTOR_FAILED "));
  CHECK(holds(diary.lines()[1], "the door is stuck"));
}

TEST_CASE("S2 a watcher of what is not alive hears so, and nothing is activated") {
  Kit kit;
  kit.add<Watcher, Frail>();
  const Diary diary(kit);
  kit.tell("watcher", Observe{"frail/a"});
  kit.run();
  REQUIRE(diary.lines().size() == 1);
  CHECK(diary.lines()[0].starts_with("frail/a ACTOR_NOT_FOUND "));
  CHECK_FALSE(kit.alive("frail/a"));
}

TEST_CASE("S2 a restart is not an end, to be given up is one") {
  Kit kit;
  kit.add<Watcher, Phoenix>();
  const Diary diary(kit);
  kit.tell("watcher", Observe{"phoenix"});
  kit.run();
  kit.tell("phoenix", Fail{});
  kit.advance(1s);
  CHECK(kit.restarts("phoenix") == 1);
  CHECK(diary.lines().empty());
  kit.tell("phoenix", Fail{});
  kit.advance(1s);
  REQUIRE(diary.lines().size() == 1);
  CHECK(diary.lines()[0].starts_with("phoenix ACTOR_FAILED "));
  CHECK(holds(diary.lines()[0], "restarted 1 times"));
}

TEST_CASE("S2 a passivation is not an end, and a watch outlasts it") {
  Kit kit;
  kit.add<Watcher, Idler>();
  const Diary diary(kit);
  (void)kit.ask<std::string>("idler/a", Note{"hello"});
  kit.tell("watcher", Observe{"idler/a"});
  kit.advance(5s);
  CHECK_FALSE(kit.alive("idler/a"));
  CHECK(diary.lines().empty());
  kit.tell("idler/a", Done{});
  kit.run();
  CHECK(diary.lines() == Lines{"idler/a OK "});
}

TEST_CASE("S2 who has ended the watch hears nothing") {
  Kit kit;
  kit.add<Watcher, Frail>();
  const Diary diary(kit);
  (void)kit.ask<std::string>("frail/a", Note{"hello"});
  kit.tell("watcher", Observe{"frail/a"});
  kit.run();
  kit.tell("watcher", Ignore{});
  kit.run();
  kit.tell("frail/a", Done{});
  kit.run();
  CHECK_FALSE(kit.alive("frail/a"));
  CHECK(diary.lines().empty());
}

TEST_CASE("S2 the watch of a client is answered when the actor ends, with the reason") {
  Kit kit;
  kit.add<Frail>();
  (void)kit.ask<std::string>("frail/a", Note{"hello"});
  (void)kit.ask<std::string>("frail/b", Note{"hello"});
  auto stopped = kit.begin_ask<ClientEnded>("frail/a", ClientWatch{}, 1h);
  auto failed = kit.begin_ask<ClientEnded>("frail/b", ClientWatch{}, 1h);
  kit.advance(1min);
  CHECK_FALSE(stopped.done());
  CHECK_FALSE(failed.done());

  kit.tell("frail/a", Done{});
  kit.tell("frail/b", Fail{});
  CHECK(stopped.get().status == CONCLIB_OK);
  const auto ended = failed.get();
  CHECK(ended.status == CONCLIB_ACTOR_FAILED);
  CHECK(holds(ended.text, "it broke"));
}

TEST_CASE("S2 the watch of a client activates nothing") {
  Kit kit;
  kit.add<Frail>();
  const auto ended = kit.ask<ClientEnded>("frail/a", ClientWatch{}, 1h);
  CHECK(ended.status == CONCLIB_ACTOR_NOT_FOUND);
  CHECK(kit.actors().empty());
  CHECK(kit.failures().empty());
}

TEST_CASE("S2 the watch of a client ends with its deadline, and the actor goes on") {
  Kit kit;
  kit.add<Frail>();
  (void)kit.ask<std::string>("frail/a", Note{"hello"});
  auto watch = kit.begin_ask<ClientEnded>("frail/a", ClientWatch{}, 1min);
  kit.advance(61s);
  CHECK(watch.done());
  CHECK_THROWS_WITH_AS((void)watch.get(), doctest::Contains("nothing ended"), conclib::Error);
  CHECK(kit.alive("frail/a"));
}

namespace {

struct Ends {
  std::mutex mutex;
  std::vector<Ended> seen;
  std::size_t count() {
    const std::lock_guard lock(mutex);
    return seen.size();
  }
};

class FarWatcher final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "far_watcher/{n}";
  FarWatcher() { on(&FarWatcher::observe); }
  void observe(const Observe& message) {
    watch(message.urn, [this](const Ended& ended) {
      auto& ends = *shared<Ends*>();
      const std::lock_guard lock(ends.mutex);
      ends.seen.push_back(ended);
    });
  }
};

}  // namespace

TEST_CASE("S2 an actor watches one of another worker") {
  Ends ends;
  TwoWorkers workers;
  workers.add_sharing<FarWatcher, Frail>(ends);
  workers.start();
  const auto watcher = TwoWorkers::on_left("far_watcher");
  const auto frail = TwoWorkers::on_right("frail");
  const auto absent = TwoWorkers::on_right("frail", 1);
  CHECK(workers.right.ask<std::string>(frail, Note{"hello"}) == "hello");
  (void)workers.left.ask<Done>(watcher, Observe{frail});
  (void)workers.left.ask<Done>(watcher, Observe{absent});
  REQUIRE(eventually([&] { return ends.count() == 1; }));
  CHECK(ends.seen[0].urn == absent);
  CHECK(ends.seen[0].status == CONCLIB_ACTOR_NOT_FOUND);
  CHECK_FALSE(workers.right.alive(absent));

  workers.right.tell(frail, Fail{});
  REQUIRE(eventually([&] { return ends.count() == 2; }));
  CHECK(ends.seen[1].urn == frail);
  CHECK(ends.seen[1].status == CONCLIB_ACTOR_FAILED);
  CHECK(holds(ends.seen[1].text, "it broke"));
}

TEST_CASE("S2 a client's watch can be cancelled") {
  Ends ends;
  TwoWorkers workers;
  workers.add_sharing<Frail>(ends);
  workers.start();
  const auto frail = TwoWorkers::on_left("frail");
  (void)workers.left.ask<std::string>(frail, Note{"hello"});
  conclib::runtime::OutboundMessage watch;
  watch.kind = conclib::proto::Kind::ask;
  watch.id = "the watch";
  watch.urn = frail;
  watch.type = "conclib.watch";
  watch.body = conclib::encode(ClientWatch{});
  watch.deadline = std::chrono::steady_clock::now() + 1h;
  std::promise<conclib_status> ended;
  workers.left.take(watch, [&](const auto& answer) { ended.set_value(answer.status); });
  workers.left.post([&] { workers.left.runtime().cancel(0, frail, watch.id); });
  CHECK(ended.get_future().get() == CONCLIB_CANCELLED);
  CHECK(workers.left.alive(frail));
}

TEST_CASE("S2 a client's watch is answered by a worker with threads") {
  Ends ends;
  TwoWorkers workers;
  workers.add_sharing<Frail>(ends);
  workers.start();
  const auto frail = TwoWorkers::on_left("frail");
  (void)workers.left.ask<std::string>(frail, Note{"hello"});
  auto watch = workers.left.begin_ask<ClientEnded>(frail, ClientWatch{});
  (void)workers.left.ask<std::string>(frail, Note{"hello"});
  CHECK_FALSE(watch.done());
  workers.left.tell(frail, Done{});
  CHECK(watch.get().status == CONCLIB_OK);
}
