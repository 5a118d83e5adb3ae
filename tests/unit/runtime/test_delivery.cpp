// SPDX-License-Identifier: MIT
#include <stdexcept>
#include <thread>

#include <doctest/doctest.h>

#include "tests/unit/runtime/worker_under_test.hpp"

using namespace conclib::runtime;
using conclib::proto::Status;

namespace {

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

int count_of(const std::string& text, const std::string& part) {
  int count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

/// A worker with one keyed type.
struct OneType {
  explicit OneType(std::function<conclib_status(const Scene&)> on_message,
                   RuntimeOptions options = WorkerUnderTest::options_of(2))
      : worker(options) {
    type.on_message = std::move(on_message);
    REQUIRE(worker.add(type));
    worker.start();
  }
  ScriptedType type{"cart/{id}"};
  WorkerUnderTest worker;
};

}  // namespace

TEST_CASE("an ask is answered with the type and body that the actor gives") {
  OneType one([](const Scene& scene) {
    CHECK(scene.type() == "Add");
    CHECK(scene.body() == "\x80");
    return scene.respond("Total", "\x2a");
  });
  const auto done = one.worker.ask_and_wait("cart/1", "Add");
  const auto reply = reply_in(done);
  CHECK(done.status == Status::ok);
  CHECK(done.text.empty());
  CHECK(done.queued->request.id == "id");
  CHECK(reply.id == "id");
  CHECK(reply.type == "Total");
  CHECK(reply.body == "\x2a");
}

TEST_CASE("a tell is completed with OK and without a reply") {
  OneType one([](const Scene& scene) {
    CHECK(scene.message->reply_to == nullptr);
    return CONCLIB_OK;
  });
  one.worker.tell("cart/1", "Add");
  one.worker.outside.await_completions(1);
  CHECK(one.worker.outside.completions[0].status == Status::ok);
  CHECK(one.worker.outside.completions[0].reply.empty());
}

TEST_CASE("a failing handler is told to the asker with actor, type and cause, and logged once") {
  OneType one([](const Scene& scene) { return scene.fail("out of stock"); });
  const auto failed = one.worker.ask_and_wait("cart/1", "Add");
  CHECK(failed.status == Status::actor_failed);
  for (const auto* part : {"cart/1", "Add", "out of stock", "ms old"}) {
    CHECK(contains(reply_in(failed).text, part));
  }
  CHECK(count_of(one.worker.logged(), "<6>test runtime: actor cart/1 failed") == 1);
  one.worker.tell("cart/1", "Add");
  one.worker.outside.await_completions(1);
  CHECK(one.worker.outside.completions[0].status == Status::actor_failed);
  CHECK(count_of(one.worker.logged(), "<4>test runtime: actor cart/1 failed") == 1);
  CHECK(one.worker.runtime.stats().messages_failed == 2);
}

TEST_CASE("an exception that crosses the border is the failure of its message alone") {
  OneType one([](const Scene& scene) -> conclib_status {
    if (scene.type() == "Throw") throw std::runtime_error("thrown away");
    return scene.respond("Done");
  });
  const auto failed = one.worker.ask_and_wait("cart/1", "Throw");
  CHECK(failed.status == Status::actor_failed);
  CHECK(contains(failed.text, "thrown away"));
  CHECK(one.worker.ask_and_wait("cart/1", "Add").status == Status::ok);
}

TEST_CASE("a message that no handler takes warns once, and the actor lives on") {
  OneType one([](const Scene& scene) {
    return scene.type() == "Add" ? scene.respond("Done") : CONCLIB_UNEXPECTED_MESSAGE;
  });
  const auto unexpected = one.worker.ask_and_wait("cart/1", "Subtract");
  CHECK(unexpected.status == Status::unexpected_message);
  CHECK(contains(reply_in(unexpected).text, "cart/1"));
  CHECK(contains(reply_in(unexpected).text, "Subtract"));
  CHECK(count_of(one.worker.logged(), "Subtract") == 1);
  CHECK(count_of(one.worker.logged(), "<4>") == 1);
  CHECK(one.worker.ask_and_wait("cart/1", "Add").status == Status::ok);
  CHECK(one.worker.runtime.stats().messages_unexpected == 1);
}

TEST_CASE("a request that is dropped is answered with NO_REPLY at once") {
  OneType one([](const Scene& scene) {
    if (scene.type() == "Drop") scene.host().drop(scene.take());
    return CONCLIB_OK;
  });
  CHECK(one.worker.ask_and_wait("cart/1", "Forget").status == Status::no_reply);
  CHECK(one.worker.ask_and_wait("cart/1", "Drop").status == Status::no_reply);
}

TEST_CASE("an answer may come later and from another thread") {
  Signal taken;
  conclib_reply_to* later = nullptr;
  OneType one([&](const Scene& scene) {
    later = scene.take();
    taken.set();
    return CONCLIB_OK;
  });
  one.worker.ask("cart/1", "Add");
  taken.await();
  std::thread([&] { respond_to(one.worker.host, later, "Late"); }).join();
  one.worker.outside.await_completions(1);
  CHECK(reply_in(one.worker.outside.completions[0]).type == "Late");
}

TEST_CASE("a second answer within the handler is refused and the first one counts") {
  conclib_status second = CONCLIB_OK;
  OneType one([&](const Scene& scene) {
    scene.respond("First");
    second = scene.respond("Second");
    scene.host().drop(scene.message->reply_to);
    return CONCLIB_OK;
  });
  CHECK(reply_in(one.worker.ask_and_wait("cart/1", "Add")).type == "First");
  CHECK(second == CONCLIB_ALREADY_RESPONDED);
}

TEST_CASE("the message stays readable after it has been answered") {
  std::string seen;
  OneType one([&](const Scene& scene) {
    scene.respond("Done");
    seen = std::string(scene.type()) + std::string(scene.body());
    return CONCLIB_OK;
  });
  one.worker.ask_and_wait("cart/1", "Add");
  CHECK(seen == "Add\x80");
}

TEST_CASE("an actor may answer with REJECTED or ACTOR_FAILED, and nothing else") {
  OneType one([](const Scene& scene) {
    const auto status = scene.type() == "Reject" ? CONCLIB_REJECTED : CONCLIB_OVERLOADED;
    scene.host().respond(scene.message->reply_to, status, nullptr, str_of("not today"));
    return CONCLIB_OK;
  });
  const auto rejected = one.worker.ask_and_wait("cart/1", "Reject");
  CHECK(rejected.status == Status::rejected);
  CHECK(rejected.text == "not today");
  CHECK(one.worker.ask_and_wait("cart/1", "Other").status == Status::actor_failed);
}

TEST_CASE("an answer that is not msgpack or too large fails for both sides") {
  conclib_status status = CONCLIB_OK;
  const auto large = std::string("\xc6\x00\x20\x00\x00", 5) + std::string(0x200000, 'x');
  OneType one([&](const Scene& scene) {
    status = scene.respond("Done", scene.type() == "Large" ? std::string_view(large) : "\x92");
    return CONCLIB_OK;
  });
  const auto malformed = one.worker.ask_and_wait("cart/1", "Add");
  CHECK(malformed.status == Status::actor_failed);
  CHECK(contains(malformed.text, "cart/1"));
  CHECK(status == CONCLIB_BAD_ARGUMENT);
  CHECK(one.worker.ask_and_wait("cart/1", "Large").status == Status::actor_failed);
}

TEST_CASE("the text of a failure may hold any bytes and reaches the asker as UTF-8") {
  OneType one([](const Scene& scene) { return scene.fail("\xff\xfe broken"); });
  CHECK(contains(reply_in(one.worker.ask_and_wait("cart/1", "Add")).text, "?? broken"));
}

TEST_CASE("without a type there is NO_ACTOR") {
  OneType one([](const Scene&) { return CONCLIB_OK; });
  const auto refused = one.worker.ask_and_wait("wagon/1", "Add");
  CHECK(refused.status == Status::no_actor);
  CHECK(contains(refused.text, "wagon/1"));
  CHECK(one.worker.ask_and_wait("cart", "Add").status == Status::no_actor);
  CHECK(one.worker.ask_and_wait("cart/1#child", "Add").status == Status::actor_not_found);
}

TEST_CASE("what has expired is not run, neither on arrival nor behind a slow handler") {
  Signal running;
  Signal go;
  std::atomic<int> handled{0};
  OneType one([&](const Scene& scene) {
    ++handled;
    running.set();
    go.await();
    return scene.respond("Done");
  });
  auto& worker = one.worker;
  const auto soon = worker.clock.now() + std::chrono::seconds(1);
  worker.ask("cart/1", "Add", "late", worker.clock.now());
  worker.ask("cart/1", "Add", "slow");
  running.await();
  worker.ask("cart/1", "Add", "waits", soon);
  worker.clock.advance(std::chrono::seconds(2));
  go.set();
  worker.outside.await_completions(3);
  CHECK(worker.outside.completions[0].queued->request.id == "late");
  CHECK(worker.outside.completions[0].status == Status::expired);
  CHECK(worker.outside.completions[1].status == Status::ok);
  CHECK(worker.outside.completions[2].status == Status::expired);
  CHECK(contains(worker.outside.completions[2].text, "2000 ms old"));
  CHECK(handled == 1);
  CHECK(worker.runtime.stats().messages_expired == 2);
}

TEST_CASE("a handler sees the time left") {
  std::vector<std::uint32_t> left;
  OneType one([&](const Scene& scene) {
    left.push_back(scene.host().time_left_ms(scene.context));
    return CONCLIB_OK;
  });
  one.worker.tell("cart/1", "Add");
  one.worker.tell("cart/1", "Add", one.worker.clock.now() + std::chrono::milliseconds(1500));
  one.worker.outside.await_completions(2);
  CHECK(left == std::vector<std::uint32_t>{UINT32_MAX, 1500});
}

TEST_CASE("beyond the bound of its mailbox an actor is OVERLOADED, and keeps what it has") {
  Signal running;
  Signal go;
  auto options = WorkerUnderTest::options_of(2);
  options.mailbox_messages_max = 2;
  OneType one(
      [&](const Scene&) {
        running.set();
        go.await();
        return CONCLIB_OK;
      },
      options);
  auto& worker = one.worker;
  worker.tell("cart/1", "Add");
  running.await();
  worker.tell("cart/1", "Add");
  worker.tell("cart/1", "Add");
  const auto refused = worker.ask_and_wait("cart/1", "Add");
  CHECK(refused.status == Status::overloaded);
  CHECK(contains(refused.text, "cart/1"));
  worker.tell("cart/2", "Add");
  go.set();
  worker.outside.await_completions(4);
  for (const auto& done : worker.outside.completions) CHECK(done.status == Status::ok);
}

TEST_CASE("a cancelled ask does not run; one that runs is not disturbed") {
  Signal running;
  Signal go;
  std::atomic<int> handled{0};
  OneType one([&](const Scene& scene) {
    ++handled;
    running.set();
    go.await();
    return scene.respond("Done");
  });
  auto& worker = one.worker;
  const auto partition = worker.partition_of("cart/1");
  worker.ask("cart/1", "Add", "runs");
  running.await();
  worker.ask("cart/1", "Add", "waits");
  worker.ask("cart/1", "Add", "stays");
  worker.runtime.cancel(partition, "cart/1", "waits");
  worker.runtime.cancel(partition, "cart/1", "runs");
  worker.runtime.cancel(partition, "cart/9", "nobody");
  go.set();
  worker.outside.await_completions(3);
  CHECK(handled == 2);
  for (const auto& done : worker.outside.completions) {
    const bool cancelled = done.queued->request.id == "waits";
    CHECK(done.status == (cancelled ? Status::cancelled : Status::ok));
  }
  CHECK(worker.runtime.stats().in_mailboxes == 0);
}

TEST_CASE("what may have run before is never said not to have run") {
  OneType one([](const Scene& scene) {
    return scene.type() == "Fail" ? scene.fail("why") : CONCLIB_UNEXPECTED_MESSAGE;
  });
  auto& worker = one.worker;
  worker.ask("wagon/1", "Add", "a", TimePoint::max(), true);
  worker.ask("cart/1", "Add", "b", TimePoint::max(), true);
  worker.ask("cart/1", "Fail", "c", TimePoint::max(), true);
  worker.outside.await_completions(3);
  for (const auto& done : worker.outside.completions) {
    CAPTURE(done.text);
    CHECK(done.status == (done.queued->request.id == "c" ? Status::actor_failed : Status::unknown));
    CHECK(reply_in(done).status == done.status);
    if (done.queued->request.id == "a") CHECK(contains(done.text, "NO_ACTOR"));
    if (done.queued->request.id == "b") CHECK(contains(done.text, "UNEXPECTED_MESSAGE"));
  }
}

TEST_CASE("an actor sees the sender and the id of its message") {
  std::string id;
  std::string sender;
  OneType one([&](const Scene& scene) {
    id = view_of(scene.message->id);
    sender = view_of(scene.message->sender);
    return CONCLIB_OK;
  });
  conclib::proto::Request told;
  told.kind = conclib::proto::Kind::tell;
  told.id = "\x01\xab";
  told.urn = "cart/1";
  told.type = "Add";
  told.source = "shop/main";
  one.worker.runtime.deliver(one.worker.request(told));
  one.worker.outside.await_completions(1);
  CHECK(id == "01ab");
  CHECK(sender == "shop/main");
}

TEST_CASE("the answers to asks do not hide the messages that wait") {
  Signal replied;
  Signal running;
  Signal go;
  OneType one([&](const Scene& scene) {
    if (scene.type() == "Ask") {
      return scene.ask(
          "cart/2", "Echo",
          [&](const Scene&, conclib_status, std::string_view, conclib_payload&) { replied.set(); });
    }
    if (scene.type() == "Echo") return scene.respond("Done");
    running.set();
    go.await();
    return CONCLIB_OK;
  });
  one.worker.tell("cart/1", "Ask");
  replied.await();
  one.worker.tell("cart/3", "Block");
  running.await();
  one.worker.tell("cart/3", "Wait");
  CHECK(one.worker.runtime.stats().in_mailboxes == 1);
  go.set();
  one.worker.outside.await_completions(3);
}
