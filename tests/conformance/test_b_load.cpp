// SPDX-License-Identifier: MIT
#include <atomic>

#include <doctest/doctest.h>

#include "tests/conformance/diary.hpp"
#include "tests/conformance/threaded_worker.hpp"

using namespace std::chrono_literals;
using namespace conclib::conformance;
using conclib::testkit::Kit;

namespace {

struct Numbered {
  std::int64_t sender = 0;
  std::int64_t number = 0;
  CONCLIB_MESSAGE(Numbered, sender, number)
};
struct Flood {
  std::int64_t messages = 0;
  CONCLIB_MESSAGE(Flood, messages)
};
struct Read {
  CONCLIB_MESSAGE(Read)
};
struct Block {
  CONCLIB_MESSAGE(Block)
};
struct End {
  bool now = false;
  CONCLIB_MESSAGE(End, now)
};

constexpr std::int64_t senders = 8;

/// Sees whether each sender's messages come in order.
class Ledger final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "ledger";
  static constexpr unsigned mailbox_messages_max = 200'000;

  Ledger() {
    on(&Ledger::take);
    on(&Ledger::disorder);
    on(&Ledger::total);
  }
  void take(const Numbered& message) {
    auto& expected = expected_.at(static_cast<std::size_t>(message.sender));
    if (message.number != expected) ++disorder_;
    expected = message.number + 1;
    ++total_;
  }
  std::int64_t disorder(const Read&) { return disorder_; }
  std::int64_t total(const Flood&) { return total_; }

 private:
  std::vector<std::int64_t> expected_ = std::vector<std::int64_t>(2 * senders, 0);
  std::int64_t disorder_ = 0;
  std::int64_t total_ = 0;
};

/// Sends in bursts, on turns of its own between which others run.
class Flooder final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "flooder/{n}";

  explicit Flooder(std::string_view key) : number_(key.front() - '0') { on(&Flooder::flood); }
  void flood(const Flood& message) {
    constexpr std::int64_t burst = 50;
    for (std::int64_t i = 0; i < burst; ++i) tell("ledger", Numbered{number_, sent_++});
    if (sent_ < message.messages) tell(self(), message);
  }

 private:
  std::int64_t number_;
  std::int64_t sent_ = 0;
};

/// What a test and the handlers on other threads say to each other.
struct Gate {
  std::atomic<bool> entered{false};
  std::atomic<bool> open{false};
  std::atomic<int> handled{0};
  std::atomic<bool> stopped{false};
};

/// Holds its thread until the gate is open.
class Guard final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "guard/{n}";

  Guard() {
    on(&Guard::block);
    on(&Guard::take);
  }
  void on_stop() override { gate().stopped = true; }
  void block(const Block&) {
    gate().entered = true;
    gate().entered.notify_all();
    gate().open.wait(false);
  }
  void take(const Numbered&) { ++gate().handled; }

 private:
  [[nodiscard]] Gate& gate() const { return *shared<Gate*>(); }
};

class Warden final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "warden";

  Warden() { on(&Warden::end); }
  void end(const End& message) { stop("guard/a", {.now = message.now}); }
};

void open(Gate& gate) {
  gate.open = true;
  gate.open.notify_all();
}

class Narrow : public Writer {
 public:
  static constexpr std::string_view urn = "narrow";
  static constexpr unsigned mailbox_messages_max = 2;

  Narrow() { on(&Narrow::take); }
  void take(const Numbered& message) { note("took " + std::to_string(message.number)); }
};

class Lossy final : public Writer {
 public:
  static constexpr std::string_view urn = "lossy";
  static constexpr unsigned mailbox_messages_max = 2;
  static constexpr bool drop_when_full = true;

  Lossy() { on(&Lossy::take); }
  void take(const Numbered& message) { note("took " + std::to_string(message.number)); }
};

/// Sends more than the mailbox takes, in one turn.
class Eager final : public Writer {
 public:
  static constexpr std::string_view urn = "eager";

  Eager() { on(&Eager::begin); }
  void begin(const std::string& to) {
    for (int i = 0; i < 3; ++i) {
      note(std::to_string(error_of([&] { tell(to, Numbered{0, i}); }).status()));
    }
    ask<conclib::Done>(to, Numbered{0, 3}, {}, [this](auto answer) {
      note("ask " + std::to_string(answer.status()) + " " + answer.text());
    });
  }
};

}  // namespace

TEST_CASE("B7 messages of one sender arrive in order, with several senders under load") {
  constexpr std::int64_t messages = 4000;
  ThreadedWorker worker;
  worker.add<Ledger, Flooder>();
  worker.start();
  for (std::int64_t i = 0; i < senders; ++i) {
    worker.tell("flooder/" + std::to_string(i), Flood{messages});
  }
  // Clients on threads of their own, too.
  std::vector<std::thread> clients;
  for (std::int64_t i = senders; i < senders + 2; ++i) {
    clients.emplace_back([&worker, i] {
      for (std::int64_t n = 0; n < messages; ++n) worker.tell("ledger", Numbered{i, n});
    });
  }
  for (auto& client : clients) client.join();

  CHECK(eventually(
      [&] { return worker.ask<std::int64_t>("ledger", Flood{}) == (senders + 2) * messages; }));
  CHECK(worker.ask<std::int64_t>("ledger", Read{}) == 0);
  CHECK(worker.stats().messages_refused == 0);
}

TEST_CASE("B13 an immediate stop overtakes the queue") {
  Gate gate;
  ThreadedWorker worker;
  worker.add_sharing<Guard, Warden>(gate);
  worker.start();
  worker.tell("guard/a", Block{});
  gate.entered.wait(false);
  std::vector<std::future<Answer>> queued;
  for (int i = 0; i < 100; ++i) queued.push_back(worker.tell("guard/a", Numbered{}));
  (void)worker.ask<conclib::Done>("warden", End{.now = true});
  open(gate);

  CHECK(eventually([&] { return gate.stopped.load(); }));
  CHECK(gate.handled == 0);
  for (auto& told : queued) CHECK(told.get().status == CONCLIB_ACTOR_STOPPED);
}

TEST_CASE("B13 a graceful stop does not overtake the queue") {
  Gate gate;
  ThreadedWorker worker;
  worker.add_sharing<Guard, Warden>(gate);
  worker.start();
  worker.tell("guard/a", Block{});
  gate.entered.wait(false);
  std::vector<std::future<Answer>> queued;
  for (int i = 0; i < 100; ++i) queued.push_back(worker.tell("guard/a", Numbered{}));
  // The loop has delivered them when it has answered this.
  (void)worker.ask<conclib::Done>("warden", End{.now = false});
  open(gate);

  CHECK(eventually([&] { return gate.stopped.load(); }));
  CHECK(gate.handled == 100);
}

TEST_CASE("B13 introspection needs no turn of the actor that it is about") {
  Gate gate;
  ThreadedWorker worker;
  worker.add_sharing<Guard, Warden>(gate);
  worker.start();
  worker.tell("guard/a", Block{});
  gate.entered.wait(false);
  for (int i = 0; i < 100; ++i) worker.tell("guard/a", Numbered{});

  const auto seen = [&] {
    for (const auto& actor : worker.runtime().actors()) {
      if (actor.urn == "guard/a") return actor;
    }
    return conclib::runtime::ActorState{};
  };
  CHECK(eventually([&] { return seen().waiting == 100; }));
  CHECK(seen().class_name == "Guard");
  CHECK(gate.handled == 0);
  open(gate);
  CHECK(eventually([&] { return gate.handled == 100; }));
}

TEST_CASE("B14 a full mailbox refuses a client with OVERLOADED, and keeps what it holds") {
  Kit kit;
  kit.add<Narrow>();
  const Diary diary(kit);
  kit.run();
  kit.tell("narrow", Numbered{0, 1});
  kit.tell("narrow", Numbered{0, 2});
  const auto told = error_of([&] { kit.tell("narrow", Numbered{0, 3}); });
  CHECK(told.status() == CONCLIB_OVERLOADED);
  CHECK(holds(told.what(), "narrow"));
  const auto asked = error_of([&] { (void)kit.ask<conclib::Done>("narrow", Numbered{0, 4}); });
  CHECK(asked.status() == CONCLIB_OVERLOADED);
  kit.run();
  CHECK(diary.lines() == Lines{"took 1", "took 2"});

  // There is room again.
  (void)kit.ask<conclib::Done>("narrow", Numbered{0, 5});
  kit.run();
  CHECK(diary.lines().back() == "took 5");
}

TEST_CASE("B14 a full mailbox refuses an actor with OVERLOADED") {
  Kit kit;
  kit.add<Narrow, Eager>();
  const Diary diary(kit);
  kit.run();
  kit.tell("eager", std::string("narrow"));
  kit.run();

  const auto overloaded = std::to_string(CONCLIB_OVERLOADED);
  CHECK(lines_with(diary.lines(), "took") == 2);
  CHECK(std::count(diary.lines().begin(), diary.lines().end(), "0") == 2);
  CHECK(std::count(diary.lines().begin(), diary.lines().end(), overloaded) == 1);
  CHECK(lines_with(diary.lines(), "ask " + overloaded, "narrow") == 1);
}

TEST_CASE("B14 a mailbox that drops when it is full takes a tell and buries it") {
  Kit kit;
  kit.add<Lossy, Eager>();
  const Diary diary(kit);
  kit.run();
  kit.tell("eager", std::string("lossy"));
  kit.run();

  const auto overloaded = std::to_string(CONCLIB_OVERLOADED);
  CHECK(lines_with(diary.lines(), "took") == 2);
  CHECK(std::count(diary.lines().begin(), diary.lines().end(), "0") == 3);
  CHECK(lines_with(diary.lines(), "ask " + overloaded) == 1);
  const auto dead = kit.dead_letters();
  REQUIRE(dead.size() == 1);
  CHECK(dead[0].actor == "lossy");
  CHECK(dead[0].status == CONCLIB_OVERLOADED);
  CHECK(holds(dead[0].text, "full"));
}
