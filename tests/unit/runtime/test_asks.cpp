// SPDX-License-Identifier: MIT
#include <algorithm>
#include <thread>

#include <doctest/doctest.h>

#include "tests/unit/runtime/worker_under_test.hpp"

using namespace conclib::runtime;
using conclib::proto::Status;
using std::chrono::milliseconds;

namespace {

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// What an asker heard.
struct Heard {
  std::atomic<int> times{0};
  conclib_status status = CONCLIB_OK;
  std::string type;
  std::string body;
  std::string text;

  Scene::OnReply listener() {
    return [this](const Scene&, conclib_status with, std::string_view why, conclib_payload& reply) {
      status = with;
      text = why;
      type = view_of(reply.type);
      body.assign(static_cast<const char*>(reply.body.data), reply.body.size);
      ++times;
    };
  }
  bool once() {
    return eventually([this] { return times == 1; });
  }
};

/// Two types, `asker/{id}` and `callee/{id}`, and what the asker does and hears.
struct Pair {
  explicit Pair(int callee_plugin = 0) {
    asker.on_message = [this](const Scene& scene) { return on_go(scene); };
    REQUIRE(worker.add(asker, 0));
    REQUIRE(worker.add(callee, callee_plugin));
  }
  /// Has the asker run `what` on its turn.
  void go(std::function<conclib_status(const Scene&)> what) {
    on_go = std::move(what);
    worker.start();
    worker.tell("asker/1", "Go");
  }
  ScriptedType asker{"asker/{id}"};
  ScriptedType callee{"callee/{id}"};
  std::function<conclib_status(const Scene&)> on_go;
  Heard heard;
  WorkerUnderTest worker;
};

struct Parcel {
  int value = 0;
  static inline std::atomic<int> alive{0};
  explicit Parcel(int of) : value(of) { ++alive; }
  ~Parcel() { --alive; }
};

conclib_status encode_parcel(const void* object, const conclib_writer* writer) {
  const auto byte = static_cast<unsigned char>(static_cast<const Parcel*>(object)->value);
  writer->write(writer->target, &byte, 1);
  return byte < 0x80 ? CONCLIB_OK : CONCLIB_BAD_ARGUMENT;
}

const conclib_object_type parcel_type = {sizeof(conclib_object_type), CONCLIB_STR_INIT("Parcel"),
                                         encode_parcel,
                                         [](void* object) { delete static_cast<Parcel*>(object); }};

}  // namespace

TEST_CASE("an ask between actors is answered on the asker's turn") {
  Pair pair;
  pair.callee.on_message = [](const Scene& scene) {
    CHECK(view_of(scene.message->sender) == "asker/1");
    CHECK(scene.body() == "\x07");
    return scene.respond("Answer", "\x2a");
  };
  pair.go([&](const Scene& scene) {
    return scene.ask("callee/1", "Question", pair.heard.listener(), 0, "\x07");
  });
  REQUIRE(pair.heard.once());
  CHECK(pair.heard.status == CONCLIB_OK);
  CHECK(pair.heard.type == "Answer");
  CHECK(pair.heard.body == "\x2a");
}

TEST_CASE("an ask between actors hears failures with their text") {
  Pair pair;
  pair.callee.on_message = [](const Scene& scene) { return scene.fail("no idea"); };
  pair.go(
      [&](const Scene& scene) { return scene.ask("callee/1", "Question", pair.heard.listener()); });
  REQUIRE(pair.heard.once());
  CHECK(pair.heard.status == CONCLIB_ACTOR_FAILED);
  CHECK(contains(pair.heard.text, "no idea"));
  CHECK(contains(pair.heard.text, "callee/1"));
}

TEST_CASE("an ask between actors that is dropped or unexpected says so") {
  Pair pair;
  Heard unexpected;
  pair.callee.on_message = [](const Scene& scene) {
    return scene.type() == "Drop" ? CONCLIB_OK : CONCLIB_UNEXPECTED_MESSAGE;
  };
  pair.go([&](const Scene& scene) {
    scene.ask("callee/1", "Drop", pair.heard.listener());
    return scene.ask("callee/1", "Odd", unexpected.listener());
  });
  REQUIRE(pair.heard.once());
  REQUIRE(unexpected.once());
  CHECK(pair.heard.status == CONCLIB_NO_REPLY);
  CHECK(unexpected.status == CONCLIB_UNEXPECTED_MESSAGE);
}

TEST_CASE("an ask times out by the clock, and an answer that comes later is dropped") {
  Pair pair;
  Signal taken;
  conclib_reply_to* later = nullptr;
  pair.callee.on_message = [&](const Scene& scene) {
    later = scene.take();
    taken.set();
    return CONCLIB_OK;
  };
  pair.go([&](const Scene& scene) {
    return scene.ask("callee/1", "Question", pair.heard.listener(), 500);
  });
  taken.await();
  const auto begin = pair.worker.clock.now();
  CHECK(pair.worker.runtime.fire_timers() == begin + milliseconds(500));
  pair.worker.clock.advance(milliseconds(499));
  CHECK(pair.worker.runtime.fire_timers().has_value());
  CHECK(pair.heard.times == 0);
  pair.worker.clock.advance(milliseconds(1));
  (void)pair.worker.runtime.fire_timers();
  REQUIRE(pair.heard.once());
  CHECK(pair.heard.status == CONCLIB_TIMEOUT);
  CHECK(contains(pair.heard.text, "callee/1"));
  CHECK(respond_to(pair.worker.host, later, "Late") == CONCLIB_OK);
  pair.worker.drain_all();
  CHECK(pair.heard.times == 1);
  const auto& scheduled = pair.worker.outside.scheduled;
  CHECK(std::count(scheduled.begin(), scheduled.end(), begin + milliseconds(500)) == 1);
}

TEST_CASE("of several asks each times out at its own time") {
  Pair pair;
  Heard second;
  std::atomic<int> taken{0};
  std::vector<conclib_reply_to*> later;
  pair.callee.on_message = [&](const Scene& scene) {
    later.push_back(scene.take());
    ++taken;
    return CONCLIB_OK;
  };
  pair.go([&](const Scene& scene) {
    scene.ask("callee/1", "Question", second.listener(), 800);
    return scene.ask("callee/1", "Question", pair.heard.listener(), 300);
  });
  REQUIRE(eventually([&] { return taken == 2; }));
  const auto begin = pair.worker.clock.now();
  CHECK(pair.worker.runtime.fire_timers() == begin + milliseconds(300));
  pair.worker.clock.advance(milliseconds(300));
  (void)pair.worker.runtime.fire_timers();
  REQUIRE(pair.heard.once());
  CHECK(second.times == 0);
  REQUIRE(
      eventually([&] { return pair.worker.runtime.fire_timers() == begin + milliseconds(800); }));
  pair.worker.clock.advance(milliseconds(500));
  (void)pair.worker.runtime.fire_timers();
  REQUIRE(second.once());
  for (auto* reply_to : later) pair.worker.host.drop(reply_to);
}

TEST_CASE("what an actor asks never outlasts the message that it handles") {
  Pair pair;
  std::atomic<std::uint32_t> left{0};
  pair.callee.on_message = [&](const Scene& scene) {
    left = scene.host().time_left_ms(scene.context);
    return scene.respond("Done");
  };
  pair.on_go = [&](const Scene& scene) {
    return scene.ask("callee/1", "Question", pair.heard.listener(), 60'000);
  };
  pair.worker.start();
  pair.worker.tell("asker/1", "Go", pair.worker.clock.now() + milliseconds(700));
  REQUIRE(pair.heard.once());
  CHECK(left == 700);
}

TEST_CASE("an ask that stays in a mailbox beyond its deadline is not run") {
  Pair pair;
  Signal running;
  Signal go;
  std::atomic<int> handled{0};
  pair.callee.on_message = [&](const Scene& scene) {
    ++handled;
    running.set();
    go.await();
    return scene.respond("Done");
  };
  pair.on_go = [&](const Scene& scene) {
    return scene.ask("callee/1", "Question", pair.heard.listener(), 500);
  };
  pair.worker.start();
  pair.worker.tell("callee/1", "Slow");
  running.await();
  pair.worker.tell("asker/1", "Go");
  pair.worker.outside.await_completions(1);
  pair.worker.clock.advance(milliseconds(501));
  go.set();
  REQUIRE(pair.heard.once());
  CHECK(pair.heard.status == CONCLIB_EXPIRED);
  CHECK(handled == 1);
}

TEST_CASE("an actor may ask itself") {
  Pair pair;
  pair.asker.on_message = [&](const Scene& scene) {
    if (scene.type() == "Question") return scene.respond("Answer");
    return scene.ask(scene.urn(), "Question", pair.heard.listener());
  };
  pair.worker.start();
  pair.worker.tell("asker/1", "Go");
  REQUIRE(pair.heard.once());
  CHECK(pair.heard.type == "Answer");
}

TEST_CASE("an asker that has stopped hears nothing, nor does the actor made after it") {
  Pair pair;
  Signal taken;
  Signal again;
  conclib_reply_to* later = nullptr;
  pair.callee.on_message = [&](const Scene& scene) {
    later = scene.take();
    taken.set();
    return CONCLIB_OK;
  };
  pair.asker.on_message = [&](const Scene& scene) {
    if (scene.type() == "Again") {
      again.set();
      return CONCLIB_OK;
    }
    scene.ask("callee/1", "Question", pair.heard.listener());
    scene.host().stop_self(scene.context);
    return scene.tell(scene.urn(), "Again");
  };
  pair.worker.start();
  pair.worker.tell("asker/1", "Go");
  taken.await();
  again.await();
  CHECK(respond_to(pair.worker.host, later, "Late") == CONCLIB_OK);
  pair.worker.drain_all();
  CHECK(pair.heard.times == 0);
}

TEST_CASE("an object reaches an actor of the same plugin as it is") {
  Pair pair(0);
  Signal got;
  void* sent = nullptr;
  void* received = nullptr;
  pair.callee.on_message = [&](const Scene& scene) {
    CHECK(scene.type() == "Parcel");
    CHECK(scene.message->payload.object_type == &parcel_type);
    received = scene.message->payload.object;
    return CONCLIB_OK;
  };
  pair.callee.on_stop = [&](const Scene&) {
    got.set();
    return CONCLIB_OK;
  };
  pair.go([&](const Scene& scene) {
    sent = new Parcel(7);
    return scene.tell_object("callee/1", sent, parcel_type);
  });
  pair.worker.outside.await_completions(1);
  pair.worker.drain_all();
  got.await();
  CHECK(received == sent);
  CHECK(Parcel::alive == 0);
}

TEST_CASE("an object may be kept by its receiver") {
  Pair pair(0);
  std::unique_ptr<Parcel> kept;
  pair.callee.on_message = [&](const Scene& scene) {
    kept.reset(static_cast<Parcel*>(std::exchange(scene.message->payload.object, nullptr)));
    return CONCLIB_OK;
  };
  pair.go([&](const Scene& scene) {
    return scene.tell_object("callee/1", new Parcel(7), parcel_type);
  });
  pair.worker.outside.await_completions(1);
  pair.worker.drain_all();
  REQUIRE(kept);
  CHECK(kept->value == 7);
}

TEST_CASE("an object is encoded for an actor of another plugin") {
  Pair pair(1);
  std::string body;
  pair.callee.on_message = [&](const Scene& scene) {
    CHECK(scene.type() == "Parcel");
    CHECK(scene.message->payload.object == nullptr);
    body = scene.body();
    return CONCLIB_OK;
  };
  pair.go([&](const Scene& scene) {
    return scene.tell_object("callee/1", new Parcel(7), parcel_type);
  });
  pair.worker.outside.await_completions(1);
  pair.worker.drain_all();
  CHECK(body == "\x07");
  CHECK(Parcel::alive == 0);
}

TEST_CASE("an object that cannot be encoded or sent is refused and destroyed") {
  Pair pair(1);
  std::vector<conclib_status> statuses;
  std::string text;
  pair.go([&](const Scene& scene) {
    statuses.push_back(scene.tell_object("callee/1", new Parcel(200), parcel_type));
    text = scene.last_error();
    statuses.push_back(scene.tell_object("not a urn", new Parcel(1), parcel_type));
    return CONCLIB_OK;
  });
  pair.worker.outside.await_completions(1);
  pair.worker.drain_all();
  CHECK(statuses == std::vector<conclib_status>(2, CONCLIB_BAD_ARGUMENT));
  CHECK(contains(text, "Parcel"));
  CHECK(Parcel::alive == 0);
}

TEST_CASE("an answer may be an object") {
  for (const int plugin : {0, 1}) {
    Pair pair(plugin);
    std::atomic<bool> as_object{false};
    std::atomic<bool> heard{false};
    pair.callee.on_message = [](const Scene& scene) {
      conclib_payload payload{};
      payload.object = new Parcel(9);
      payload.object_type = &parcel_type;
      return scene.host().respond(scene.message->reply_to, CONCLIB_OK, &payload, {});
    };
    pair.go([&](const Scene& scene) {
      return scene.ask(
          "callee/1", "Question",
          [&](const Scene&, conclib_status status, std::string_view, conclib_payload& reply) {
            CHECK(status == CONCLIB_OK);
            as_object = reply.object != nullptr;
            heard = true;
          });
    });
    REQUIRE(eventually([&] { return heard.load(); }));
    pair.worker.drain_all();
    CHECK(as_object == (plugin == 0));
    CHECK(Parcel::alive == 0);
  }
}

TEST_CASE("what cannot be sent is refused with a text that names it") {
  Pair pair;
  std::vector<std::pair<conclib_status, std::string>> refused;
  pair.go([&](const Scene& scene) {
    const auto note = [&](conclib_status status) {
      refused.emplace_back(status, scene.last_error());
    };
    note(scene.tell("not a urn", "A"));
    note(scene.tell("wagon/1", "A"));
    note(scene.tell("callee/1#child", "A"));
    note(scene.tell("callee/1", ""));
    note(scene.tell("callee/1", "A", "\x92\x01"));
    note(scene.ask("not a urn", "A", pair.heard.listener()));
    return CONCLIB_OK;
  });
  pair.worker.outside.await_completions(1);
  REQUIRE(refused.size() == 6);
  CHECK(refused[0].first == CONCLIB_BAD_ARGUMENT);
  CHECK(contains(refused[0].second, "not a urn"));
  CHECK(refused[1].first == CONCLIB_NO_ACTOR);
  CHECK(contains(refused[1].second, "wagon/1"));
  CHECK(refused[2].first == CONCLIB_ACTOR_NOT_FOUND);
  CHECK(refused[3].first == CONCLIB_BAD_ARGUMENT);
  CHECK(refused[4].first == CONCLIB_BAD_ARGUMENT);
  CHECK(refused[5].first == CONCLIB_BAD_ARGUMENT);
  CHECK(pair.heard.times == 0);
}

TEST_CASE("an ask whose receiver cannot be hears so as its reply, after the call") {
  Pair pair;
  pair.go([&](const Scene& scene) {
    const auto asked = scene.ask("wagon/1", "A", pair.heard.listener());
    CHECK(pair.heard.times == 0);
    return asked;
  });
  REQUIRE(eventually([&] { return pair.heard.times == 1; }));
  CHECK(pair.heard.status == CONCLIB_NO_ACTOR);
  CHECK(contains(pair.heard.text, "wagon/1"));
  pair.worker.drain_all();
  CHECK(pair.heard.times == 1);
}

TEST_CASE("an ask to an actor of another worker goes outside and its reply comes back") {
  Pair pair;
  auto& worker = pair.worker;
  pair.on_go = [&](const Scene& scene) {
    return scene.ask("callee/2", "Question", pair.heard.listener(), 60'000, "\x07",
                     CONCLIB_ASK_AWAITED);
  };
  worker.runtime.start();
  worker.runtime.open(worker.partition_of("asker/1"));
  REQUIRE(worker.partition_of("asker/1") != worker.partition_of("callee/2"));
  conclib::proto::Request request;
  request.kind = conclib::proto::Kind::ask;
  request.id = "one";
  request.urn = "asker/1";
  request.type = "Go";
  request.root = "the root";
  request.chain = "\x91\xa1z";
  request.trace_parent = "tp";
  request.trace_state = "ts";
  request.reply_key = "conclib:{test:0}:r:app:a1";
  request.ttl_ms = 5000;
  const auto deadline = worker.clock.now() + milliseconds(900);
  auto queued = worker.request(request, deadline);
  const auto at = queued->at;
  worker.runtime.deliver(std::move(queued));
  worker.outside.await_pushes(1);
  const auto& sent = worker.outside.pushes[0];
  CHECK(sent.kind == conclib::proto::Kind::ask);
  CHECK(sent.id.size() == 16);
  CHECK(sent.urn == "callee/2");
  CHECK(sent.type == "Question");
  CHECK(sent.body == "\x07");
  CHECK(sent.source == "asker/1");
  CHECK(sent.root == "the root");
  CHECK(sent.chain ==
        "\x92\xa1z\xa7"
        "asker/1");
  CHECK(sent.trace_parent == "tp");
  CHECK(sent.trace_state == "ts");
  CHECK(sent.deadline == deadline);
  CHECK(sent.cause == at);
  worker.runtime.deliver_reply("unknown", Status::ok, "X", "\xc0", {});
  worker.runtime.deliver_reply(sent.id, Status::ok, "Answer", "\x2a", {});
  worker.runtime.deliver_reply(sent.id, Status::ok, "Twice", "\x2a", {});
  REQUIRE(pair.heard.once());
  CHECK(pair.heard.type == "Answer");
  CHECK(pair.heard.body == "\x2a");
}

TEST_CASE("a remote ask hears failures, refusals and its time-out") {
  Pair pair;
  auto& worker = pair.worker;
  Heard timed_out;
  Heard refused;
  pair.on_go = [&](const Scene& scene) {
    worker.outside.refuses = true;
    scene.ask("callee/2", "Question", refused.listener());
    worker.outside.refuses = false;
    scene.ask("callee/2", "Question", pair.heard.listener());
    return scene.ask("callee/2", "Question", timed_out.listener(), 100);
  };
  worker.runtime.start();
  worker.runtime.open(worker.partition_of("asker/1"));
  worker.tell("asker/1", "Go");
  worker.outside.await_pushes(2);
  worker.outside.await_completions(1);
  REQUIRE(refused.once());
  CHECK(refused.status == CONCLIB_OVERLOADED);
  worker.runtime.deliver_reply(worker.outside.pushes[0].id, Status::no_actor, {}, {}, "nobody");
  REQUIRE(pair.heard.once());
  CHECK(pair.heard.status == CONCLIB_NO_ACTOR);
  CHECK(pair.heard.text == "nobody");
  worker.clock.advance(milliseconds(100));
  (void)worker.runtime.fire_timers();
  REQUIRE(timed_out.once());
  CHECK(timed_out.status == CONCLIB_TIMEOUT);
  worker.runtime.deliver_reply(worker.outside.pushes[1].id, Status::ok, "Late", "\xc0", {});
}

TEST_CASE("a durable tell goes outside even to an actor of this worker") {
  Pair pair;
  pair.go([&](const Scene& scene) {
    return scene.tell("callee/1", "A", "\x01", CONCLIB_TELL_DURABLE);
  });
  pair.worker.outside.await_pushes(1);
  const auto& sent = pair.worker.outside.pushes[0];
  CHECK(sent.kind == conclib::proto::Kind::tell);
  CHECK(sent.deadline == TimePoint::max());
  CHECK(sent.chain.empty());
  CHECK(sent.root == "tell");
}

TEST_CASE("root, deadline and chain pass through actors of this worker") {
  Pair pair;
  auto& worker = pair.worker;
  pair.callee.on_message = [&](const Scene& scene) {
    return scene.ask("far/1", "Question", pair.heard.listener(), 60'000, {}, CONCLIB_ASK_AWAITED);
  };
  ScriptedType far("far/{id}");
  REQUIRE(worker.add(far));
  pair.on_go = [&](const Scene& scene) {
    return scene.ask("callee/2", "Question", pair.heard.listener(), 400, {}, CONCLIB_ASK_AWAITED);
  };
  worker.runtime.start();
  worker.runtime.open(worker.partition_of("asker/1"));
  worker.runtime.open(worker.partition_of("callee/2"));
  REQUIRE(worker.partition_of("far/1") != worker.partition_of("asker/1"));
  REQUIRE(worker.partition_of("far/1") != worker.partition_of("callee/2"));
  worker.tell("asker/1", "Go");
  worker.outside.await_pushes(1);
  const auto& sent = worker.outside.pushes[0];
  CHECK(sent.root == "tell");
  CHECK(sent.chain ==
        "\x92\xa7"
        "asker/1"
        "\xa8"
        "callee/2");
  CHECK(sent.deadline == worker.clock.now() + milliseconds(400));
  CHECK(sent.cause.has_value());
  worker.runtime.stop();
}

TEST_CASE("an actor whose mailbox is full refuses the tells of others") {
  Pair pair;
  Signal go;
  conclib_status third = CONCLIB_OK;
  std::string text;
  pair.callee.type.mailbox_messages_max = 2;
  ScriptedType small("small/{id}");
  small.type.mailbox_messages_max = 2;
  small.on_message = [&](const Scene&) {
    go.await();
    return CONCLIB_OK;
  };
  REQUIRE(pair.worker.add(small));
  pair.go([&](const Scene& scene) {
    for (int i = 0; i < 4; ++i) third = scene.tell("small/1", "A");
    text = scene.last_error();
    go.set();
    return CONCLIB_OK;
  });
  pair.worker.outside.await_completions(1);
  CHECK(third == CONCLIB_OVERLOADED);
  CHECK(contains(text, "small/1"));
  pair.worker.runtime.stop();
}
