// SPDX-License-Identifier: MIT
/// What an author does wrong: the asker gets an error that is defined, the log a line with actor,
/// type and age, and it is counted. Nothing hangs, nothing crashes.
#include <atomic>
#include <optional>
#include <stdexcept>

#include <doctest/doctest.h>

#include "tests/conformance/diary.hpp"
#include "tests/conformance/threaded_worker.hpp"

using namespace std::chrono_literals;
using namespace conclib::conformance;

namespace {

struct Blunder {
  std::string kind;
  CONCLIB_MESSAGE(Blunder, kind)
};
struct Ping {
  CONCLIB_MESSAGE(Ping)
};

/// What cannot be written down.
struct Unspeakable {
  template <typename Packer>
  void msgpack_pack(Packer&) const {
    throw std::runtime_error("it cannot be spoken of");
  }
  void msgpack_unpack(const msgpack::object&) {}
};
struct Secret {
  Unspeakable content;
  CONCLIB_MESSAGE(Secret, content)
};

/// An exception that is none of the standard library's.
struct Odd {
  int number = 7;
};

void throw_one(const std::string& kind) {
  if (kind == "int") throw 42;
  if (kind == "string") throw std::string("a bare string");
  if (kind == "own type") throw Odd{};
  if (kind == "null") throw static_cast<const char*>(nullptr);
  if (kind == "exception_ptr") throw std::make_exception_ptr(Odd{});
  if (kind == "empty text") throw std::runtime_error("");
  if (kind == "long text") throw std::runtime_error(std::string(1'000'000, 'x'));
  if (kind == "not UTF-8") throw std::runtime_error("\xff\xfe\n\x01");
}

class Blunderer : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "blunderer/{n}";

  Blunderer() {
    on(&Blunderer::blunder);
    on(&Blunderer::blunder_later);
    on(&Blunderer::ping);
  }
  std::string ping(const Ping&) { return "alive"; }

  void blunder(const Blunder& message) {
    const auto& kind = message.kind;
    throw_one(kind);
    if (kind == "invalid URN") tell("not a URN", Ping{});
    if (kind == "empty URN") tell("", Ping{});
    if (kind == "huge URN") tell(std::string(100'000, 'u'), Ping{});
    if (kind == "no such type") tell("nobody/a", Ping{});
    if (kind == "stopped actor") tell("mayfly", Ping{});
    if (kind == "cannot be encoded") tell("foreigner", Secret{});
    if (kind == "too large") {
      tell("foreigner", Blunder{std::string(std::size_t{80} << 20U, 'x')}, {.durable = true});
    }
    if (kind == "bad timer") (void)every(0s, Ping{});
    if (kind == "respond twice") {
      auto responder = take_request();
      responder.respond(std::string("first"));
      responder.respond(std::string("second"));
    }
    if (kind == "respond never") const auto dropped = take_request();
    if (kind == "stop") stop();
  }

  /// The same things in a coroutine, after it has waited.
  conclib::Task<std::string> blunder_later(std::string kind) {
    co_await sleep(1ms);
    throw_one(kind);
    const Ping ping;
    const Secret secret;
    if (kind == "ask itself") co_return co_await ask<std::string>(self(), ping);
    if (kind == "ask invalid URN") co_return co_await ask<std::string>("not a URN", ping);
    if (kind == "ask stopped") co_return co_await ask<std::string>("mayfly", ping);
    if (kind == "ask nobody") co_return co_await ask<std::string>("nobody/a", ping);
    if (kind == "ask secret") co_return co_await ask<std::string>("foreigner", secret);
    if (kind == "ask for another type") {
      co_return std::to_string(co_await ask<std::int64_t>("foreigner", ping));
    }
    if (kind == "stop") stop();
    co_return "done";
  }
};

/// Is of another plugin.
class Foreigner final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "foreigner";

  Foreigner() {
    on(&Foreigner::ping);
    on(&Foreigner::tell_secret);
  }
  std::string ping(const Ping&) { return "pong"; }
  Secret tell_secret(const Blunder&) { return {}; }
};

/// Is not alive for long.
class Mayfly final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "mayfly";

  void on_start() override { stop(); }
};

class BlockingOne final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "blocking_one";
  static constexpr std::chrono::milliseconds handler_limit{20};

  BlockingOne() { on(&BlockingOne::block); }
  void block(const Blunder&) {
    auto& stage = *shared<std::atomic<int>*>();
    stage = 1;
    stage.notify_all();
    stage.wait(1);
  }
};

/// A worker with all of them.
struct Workplace {
  Workplace() {
    worker.add<Blunderer, Mayfly>();
    worker.add<Foreigner>(1);
    worker.start();
    started = eventually([this] { return !worker.alive("mayfly"); });
  }
  ThreadedWorker worker;
  bool started = false;
};

}  // namespace

TEST_CASE("bad input: a handler of an ask that throws anything is ACTOR_FAILED, and it goes on") {
  Workplace place;
  auto& worker = place.worker;
  std::uint64_t failed = 0;
  for (const std::string kind : {"int", "string", "own type", "null", "exception_ptr", "empty text",
                                 "long text", "not UTF-8"}) {
    CAPTURE(kind);
    const auto at_once =
        error_of([&] { (void)worker.ask<conclib::Done>("blunderer/a", Blunder{kind}); });
    CHECK(at_once.status() == CONCLIB_ACTOR_FAILED);
    const auto later = error_of([&] { (void)worker.ask<std::string>("blunderer/a", kind); });
    CHECK(later.status() == CONCLIB_ACTOR_FAILED);
    CHECK(worker.ask<std::string>("blunderer/a", Ping{}) == "alive");
    failed += 2;
    CHECK(worker.stats().messages_failed == failed);
    CHECK(worker.logged({"<6>", "blunderer/a", "Blunder", "ms old"}) == failed / 2);
    CHECK(worker.logged({"<6>", "blunderer/a", "while it handled str", "ms old"}) == failed / 2);
  }
  CHECK(worker.stats().restarts == 0);
}

TEST_CASE("bad input: a handler of a tell that throws anything fails its actor, which restarts") {
  Workplace place;
  auto& worker = place.worker;
  std::uint64_t failed = 0;
  for (const std::string kind : {"int", "string", "own type", "null", "not UTF-8"}) {
    CAPTURE(kind);
    // One actor each: a restart of one that has just failed is put off.
    const auto urn = "blunderer/" + std::to_string(failed);
    const auto told = worker.tell(urn, Blunder{kind}).get();
    CHECK(told.status == CONCLIB_ACTOR_FAILED);
    CHECK(worker.ask<std::string>(urn, Ping{}) == "alive");
    ++failed;
    CHECK(worker.stats().messages_failed == failed);
    CHECK(worker.stats().restarts == failed);
    CHECK(worker.logged({"<4>", urn, "Blunder", "ms old"}) == 1);
  }
}

TEST_CASE("bad input: what cannot be sent fails the handler with the reason, never the worker") {
  struct Case {
    std::string kind;
    std::string reason;
  };
  Workplace place;
  auto& worker = place.worker;
  std::uint64_t failed = 0;
  for (const auto& [kind, reason] :
       {Case{"invalid URN", "not a URN"}, Case{"empty URN", "URN"}, Case{"huge URN", "URN"},
        Case{"no such type", "nobody/a"}, Case{"stopped actor", "mayfly is not alive"},
        Case{"cannot be encoded", "Secret cannot be encoded"}, Case{"too large", "Blunder"},
        Case{"bad timer", "interval"}}) {
    CAPTURE(kind);
    const auto error =
        error_of([&] { (void)worker.ask<conclib::Done>("blunderer/a", Blunder{kind}); });
    CHECK(error.status() == CONCLIB_ACTOR_FAILED);
    CHECK_MESSAGE(holds(error.what(), reason), error.what());
    CHECK(worker.ask<std::string>("blunderer/a", Ping{}) == "alive");
    ++failed;
    CHECK(worker.stats().messages_failed == failed);
    CHECK(worker.logged({"blunderer/a", "Blunder", "ms old", reason}) >= 1);
  }
}

TEST_CASE("bad input: what cannot be asked fails the handler with the reason, without a wait") {
  struct Case {
    std::string kind;
    std::string reason;
  };
  Workplace place;
  auto& worker = place.worker;
  std::uint64_t failed = 0;
  for (const auto& [kind, reason] :
       {Case{"ask itself", "blunderer/a"}, Case{"ask invalid URN", "not a URN"},
        Case{"ask stopped", "mayfly is not alive"}, Case{"ask nobody", "nobody/a"},
        Case{"ask secret", "Secret cannot be encoded"}, Case{"ask for another type", "str"}}) {
    CAPTURE(kind);
    // An ask that waited for its own time-out of 5 s would not be answered in 3.
    const auto error = error_of([&] { (void)worker.ask<std::string>("blunderer/a", kind, 3s); });
    CHECK(error.status() == CONCLIB_ACTOR_FAILED);
    CHECK_MESSAGE(holds(error.what(), reason), error.what());
    CHECK(worker.ask<std::string>("blunderer/a", Ping{}) == "alive");
    ++failed;
    CHECK(worker.stats().messages_failed == failed);
    CHECK(worker.logged({"blunderer/a", "while it handled str", "ms old", reason}) >= 1);
  }
}

TEST_CASE("bad input: an actor that waits for itself is told of the ring") {
  Workplace place;
  const auto error = error_of(
      [&] { (void)place.worker.ask<std::string>("blunderer/a", std::string("ask itself")); });
  CHECK(holds(error.what(), "wait for each other: blunderer/a -> blunderer/a"));
}

TEST_CASE("bad input: a reply that cannot be encoded is the asker's ACTOR_FAILED, and is logged") {
  Workplace place;
  auto& worker = place.worker;
  const auto error = error_of([&] { (void)worker.ask<Secret>("foreigner", Blunder{}); });
  CHECK(error.status() == CONCLIB_ACTOR_FAILED);
  CHECK(holds(error.what(), "Secret cannot be encoded"));
  CHECK(worker.ask<std::string>("foreigner", Ping{}) == "pong");
  CHECK(worker.logged({"foreigner", "Blunder", "ms old", "Secret"}) == 1);
  CHECK(worker.stats().messages_failed == 1);
}

TEST_CASE("bad input: an actor that does not answer is NO_REPLY at once, logged and counted") {
  Workplace place;
  auto& worker = place.worker;
  const auto error = error_of(
      [&] { (void)worker.ask<conclib::Done>("blunderer/a", Blunder{"respond never"}, 3s); });
  CHECK(error.status() == CONCLIB_NO_REPLY);
  CHECK(holds(error.what(), "blunderer/a"));
  CHECK(holds(error.what(), "Blunder"));
  CHECK(worker.logged({"<6>", "blunderer/a", "Blunder", "ms old", "without an answer"}) == 1);
  CHECK(worker.stats().messages_failed == 1);
  CHECK(worker.ask<std::string>("blunderer/a", Ping{}) == "alive");
}

TEST_CASE("bad input: a second answer fails the handler, and the asker has the first") {
  Workplace place;
  auto& worker = place.worker;
  CHECK(worker.ask<std::string>("blunderer/a", Blunder{"respond twice"}) == "first");
  CHECK(eventually([&] { return worker.stats().messages_failed == 1; }));
  CHECK(eventually([&] {
    return worker.logged({"blunderer/a", "Blunder", "ms old", "answered already"}) == 1;
  }));
  CHECK(worker.logged({"<4>", "blunderer/a", "answered already"}) == 1);
  CHECK(worker.ask<std::string>("blunderer/a", Ping{}) == "alive");
}

TEST_CASE("bad input: an actor that stops itself in an ask answers it first") {
  Workplace place;
  auto& worker = place.worker;
  CHECK_NOTHROW((void)worker.ask<conclib::Done>("blunderer/a", Blunder{"stop"}));
  CHECK(eventually([&] { return !worker.alive("blunderer/a"); }));
  CHECK(worker.ask<std::string>("blunderer/b", std::string("stop")) == "done");
  CHECK(eventually([&] { return !worker.alive("blunderer/b"); }));
  // A keyed actor is made anew by the next message.
  CHECK(worker.ask<std::string>("blunderer/a", Ping{}) == "alive");
  CHECK(worker.stats().messages_failed == 0);
}

TEST_CASE("bad input: a message of a client to a URN of no type is NO_ACTOR and counted") {
  Workplace place;
  auto& worker = place.worker;
  const auto error = error_of([&] { (void)worker.ask<std::string>("nobody/a", Ping{}); });
  CHECK(error.status() == CONCLIB_NO_ACTOR);
  CHECK(holds(error.what(), "nobody/a"));
  CHECK(holds(error.what(), "Ping"));
  CHECK(worker.tell("nobody/a", Ping{}).get().status == CONCLIB_NO_ACTOR);
  CHECK(worker.stats().messages_refused == 2);
}

TEST_CASE("bad input: a body that is not the message is REJECTED, naming the field") {
  Workplace place;
  auto& worker = place.worker;
  // A plain int where the handler of Blunder expects its struct.
  struct Impostor {
    std::int64_t kind = 1;
    static constexpr std::string_view conclib_type_name() { return "Blunder"; }
    static constexpr std::string_view conclib_field_list() { return "kind"; }
    auto conclib_fields() { return std::tie(kind); }
    auto conclib_fields() const { return std::tie(kind); }
  };
  const auto error = error_of([&] { (void)worker.ask<conclib::Done>("blunderer/a", Impostor{}); });
  CHECK(error.status() == CONCLIB_REJECTED);
  CHECK(holds(error.what(), "kind"));
  CHECK(worker.ask<std::string>("blunderer/a", Ping{}) == "alive");
}

TEST_CASE("bad input: a handler that blocks in a type that does not say so is reported as stuck") {
  std::atomic<int> stage{0};
  ThreadedWorker worker;
  worker.add_sharing<BlockingOne>(stage);
  worker.add<Foreigner>(1);
  worker.start();
  auto blocked = worker.begin_ask<conclib::Done>("blocking_one", Blunder{});
  stage.wait(0);

  CHECK(eventually([&] { return worker.stats().stuck == 1; }));
  CHECK(eventually([&] {
    return worker.logged({"<4>", "blocking_one is stuck", "handling Blunder for", "ms"}) == 1;
  }));
  // The rest go on.
  CHECK(worker.ask<std::string>("foreigner", Ping{}) == "pong");
  CHECK_FALSE(blocked.done());
  stage = 2;
  stage.notify_all();
  CHECK_NOTHROW((void)blocked.get());
}
