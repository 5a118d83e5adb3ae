// SPDX-License-Identifier: MIT
#include <atomic>

#include <doctest/doctest.h>

#include "tests/conformance/diary.hpp"
#include "tests/conformance/threaded_worker.hpp"

using namespace std::chrono_literals;
using namespace conclib::conformance;
using conclib::testkit::Kit;

namespace {

struct Do {
  std::string what;
  CONCLIB_MESSAGE(Do, what)
};
struct Ping {
  CONCLIB_MESSAGE(Ping)
};

class Animal : public Writer {
 public:
  Animal() { on(&Animal::ping); }
  void on_stop() override { note(std::string(urn()) + " stops"); }
  void ping(const Ping&) { note(std::string(urn()) + " hears"); }
};
class Dog final : public Animal {
 public:
  static constexpr std::string_view urn = "dog/{n}";
};
class Cat final : public Animal {
 public:
  static constexpr std::string_view urn = "cat/{n}";
};
class Stone final : public Writer {
 public:
  static constexpr std::string_view urn = "stone/{n}";

  Stone() { on(&Stone::ping); }
  void ping(const Ping&) { note(std::string(Actor::urn()) + " hears"); }
};
/// Does not end while somebody owes it an answer.
class Sloth final : public Writer {
 public:
  static constexpr std::string_view urn = "sloth";

  Sloth() { on(&Sloth::ping); }
  conclib::Task<void> ping(Ping) {
    const Ping message;
    (void)co_await ask<conclib::Done>("nobody", message, 1h);
  }
};

/// Looks at the registry and writes down what it sees.
class Keeper final : public Writer {
 public:
  static constexpr std::string_view urn = "keeper";

  Keeper() {
    on(&Keeper::look);
    on(&Keeper::stop_some);
  }

  void look(const Do& message) {
    if (message.what == "find dog/a") {
      const auto found = find("dog/a");
      note(found ? found->text() : "none");
    } else if (message.what == "classes") {
      show("Dog", actors<Dog>());
      show("Animal", actors<Animal>());
      show("named Dog", actors("Dog"));
      show("named Animal", actors("Animal"));
      show("named Dragon", actors("Dragon"));
    } else if (message.what == "all") {
      show("all", actors());
      note(std::to_string(count()) + " " + std::to_string(count<Animal>()) + " " +
           std::to_string(count<Dog>()) + " " + std::to_string(count("Cat")) + " " +
           std::to_string(count("Dragon")));
    } else if (message.what == "filter") {
      auto found = actors<Animal>();
      std::erase_if(found,
                    [](const auto& ref) { return ref.urn().find("/a") == std::string::npos; });
      show("of a", found);
    } else if (message.what == "stop dog/a twice") {
      note(stop("dog/a") ? "true" : "false");
      note(stop("dog/a", {.now = true}) ? "true" : "false");
    } else if (message.what == "broadcast to dogs") {
      report(broadcast<Dog>(Ping{}));
    } else if (message.what == "broadcast to animals by name") {
      report(broadcast(Ping{}, "Animal"));
    } else if (message.what == "broadcast to all") {
      report(broadcast(Ping{}));
    } else if (message.what == "broadcast twice") {
      report(broadcast<Animal>(Ping{}));
      report(broadcast<Animal>(Ping{}));
    }
  }

  conclib::Task<void> stop_some(std::string what) {
    if (what == "animals") {
      report(co_await stop_all<Animal>(10s));
    } else if (what == "dogs by name") {
      report(co_await stop_all(10s, "Dog"));
    } else {
      report(co_await stop_all(10s));
    }
  }

 private:
  template <typename Ref>
  void show(const std::string& what, const std::vector<Ref>& refs) {
    std::string text = what + ":";
    for (const auto& ref : refs) text.append(" ").append(ref.urn());
    note(text);
  }
  void report(const conclib::BroadcastResult& result) {
    note("delivered " + std::to_string(result.delivered));
    report(result.failures);
  }
  void report(const conclib::StopReport& result) {
    note("stopped " + std::to_string(result.stopped));
    report(result.failures);
  }
  void report(const std::vector<conclib::Failure>& failures) {
    for (const auto& failure : failures) {
      note(failure.urn + ": " + std::to_string(failure.status) + " " + failure.text);
    }
  }
};

/// A mailbox that takes one message only.
class Hamster final : public Animal {
 public:
  static constexpr std::string_view urn = "hamster";
  static constexpr unsigned mailbox_messages_max = 1;
};

/// Two dogs, a cat and a stone, started in this order after the keeper.
class Zoo {
 public:
  Zoo() {
    kit.add<Keeper, Dog, Cat, Stone>();
    kit.run();
    for (const auto* urn : {"dog/a", "cat/a", "stone/a", "dog/b"}) {
      kit.tell(urn, Ping{});
      kit.run();
    }
  }

  /// What is written down when the keeper has done it.
  template <typename M>
  Lines after(const M& message) {
    const auto before = diary.lines().size();
    kit.tell("keeper", message);
    kit.run();
    return {diary.lines().begin() + static_cast<std::ptrdiff_t>(before), diary.lines().end()};
  }

  Kit kit;
  Diary diary{kit};
};

/// Holds its thread until the test lets it go.
class Hanging final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "hanging";

  Hanging() { on(&Hanging::ping); }
  void ping(const Ping&) {
    auto& open = *shared<std::atomic<int>*>();
    open = 1;
    open.notify_all();
    open.wait(1);
  }
};
class Willing final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "willing/{n}";

  Willing() { on(&Willing::ping); }
  void ping(const Ping&) {}
};
class Warden final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "warden";

  Warden() { on(&Warden::end); }
  conclib::Task<std::string> end(Ping) {
    const auto report = co_await stop_all(400ms);
    std::string text = std::to_string(report.stopped);
    for (const auto& failure : report.failures) {
      text += " " + failure.urn + " " + std::to_string(failure.status) + " " + failure.text;
    }
    co_return text;
  }
};

}  // namespace

TEST_CASE("C1 an actor is registered on start and unregistered on stop") {
  Zoo zoo;
  CHECK(zoo.after(Do{"find dog/a"}) == Lines{"Dog dog/a"});
  CHECK(zoo.kit.alive("dog/a"));
  (void)zoo.after(Do{"stop dog/a twice"});
  CHECK(zoo.after(Do{"find dog/a"}) == Lines{"none"});
  CHECK_FALSE(zoo.kit.alive("dog/a"));
}

TEST_CASE("C1 to unregister twice is harmless") {
  Zoo zoo;
  const auto lines = zoo.after(Do{"stop dog/a twice"});
  CHECK(lines_with(lines, "dog/a stops") == 1);
  CHECK(lines_with(zoo.after(Do{"stop dog/a twice"}), "false") == 2);
  zoo.kit.expect_no_failures();
}

TEST_CASE("C2 actors are found by URN; an unknown URN finds none and makes none") {
  Zoo zoo;
  CHECK(zoo.after(Do{"find dog/a"}) == Lines{"Dog dog/a"});
  Kit kit;
  kit.add<Keeper, Dog>();
  const Diary diary(kit);
  kit.tell("keeper", Do{"find dog/a"});
  kit.run();
  CHECK(diary.lines() == Lines{"none"});
  CHECK(kit.actors() == Lines{"keeper"});
}

TEST_CASE("C2 actors are found by class, by base class and by class name") {
  Zoo zoo;
  CHECK(zoo.after(Do{"classes"}) == Lines{"Dog: dog/a dog/b", "Animal: dog/a cat/a dog/b",
                                          "named Dog: dog/a dog/b",
                                          "named Animal: dog/a cat/a dog/b", "named Dragon:"});
}

TEST_CASE("C3 stop_all stops in the reverse order of start, and waits") {
  Zoo zoo;
  CHECK(zoo.after(std::string("animals")) ==
        Lines{"dog/b stops", "cat/a stops", "dog/a stops", "stopped 3"});
  CHECK(zoo.kit.actors() == Lines{"keeper", "stone/a"});
}

TEST_CASE("C3 stop_all may be by class name, or of all but the caller") {
  Zoo zoo;
  CHECK(zoo.after(std::string("dogs by name")) == Lines{"dog/b stops", "dog/a stops", "stopped 2"});
  CHECK(zoo.after(std::string("all")) == Lines{"cat/a stops", "stopped 2"});
  CHECK(zoo.kit.actors() == Lines{"keeper"});
}

TEST_CASE("C3 one that does not end does not keep stop_all from the rest, and is reported") {
  Kit kit;
  kit.add<Keeper, Dog, Sloth, Cat>();
  const Diary diary(kit);
  (void)kit.probe("nobody");
  kit.tell("dog/a", Ping{});
  kit.run();
  kit.tell("sloth", Ping{});
  kit.tell("cat/a", Ping{});
  kit.run();
  kit.tell("keeper", std::string("all"));
  kit.advance(10s);

  CHECK(kit.actors() == Lines{"keeper", "sloth"});
  CHECK(lines_with(diary.lines(), "dog/a stops") == 1);
  CHECK(lines_with(diary.lines(), "cat/a stops") == 1);
  CHECK(lines_with(diary.lines(), "stopped 2") == 1);
  const auto timeout = "sloth: " + std::to_string(CONCLIB_TIMEOUT);
  CHECK(lines_with(diary.lines(), timeout, "did not end in time") == 1);
}

TEST_CASE("C3 one whose handler hangs does not keep stop_all from the rest, and is reported") {
  std::atomic<int> open{0};
  ThreadedWorker worker;
  worker.add_sharing<Warden, Hanging, Willing>(open);
  worker.start();
  (void)worker.ask<conclib::Done>("willing/a", Ping{});
  worker.tell("hanging", Ping{});
  open.wait(0);
  (void)worker.ask<conclib::Done>("willing/b", Ping{});
  const auto report = worker.ask<std::string>("warden", Ping{});
  const auto others_ended = !worker.alive("willing/a") && !worker.alive("willing/b");
  open = 2;
  open.notify_all();

  CHECK(others_ended);
  CHECK(holds(report, "2 hanging " + std::to_string(CONCLIB_TIMEOUT)));
  CHECK(holds(report, "it has been handling Ping for"));
  CHECK(eventually([&] { return !worker.alive("hanging"); }));
}

TEST_CASE("C4 a broadcast reaches all of a class, or of a class name, bases among them") {
  Zoo zoo;
  const auto dogs = zoo.after(Do{"broadcast to dogs"});
  CHECK(lines_with(dogs, "hears") == 2);
  CHECK(lines_with(dogs, "dog/a hears") == 1);
  CHECK(lines_with(dogs, "dog/b hears") == 1);
  CHECK(lines_with(dogs, "delivered 2") == 1);
  const auto animals = zoo.after(Do{"broadcast to animals by name"});
  CHECK(lines_with(animals, "hears") == 3);
  CHECK(lines_with(animals, "stone") == 0);
}

TEST_CASE("C4 a broadcast to all reaches all of this worker") {
  Zoo zoo;
  const auto lines = zoo.after(Do{"broadcast to all"});
  CHECK(lines_with(lines, "hears") == 4);
  // The keeper is one of them, and has no handler for it.
  CHECK(lines_with(lines, "delivered 5") == 1);
}

TEST_CASE("C4 a broadcast goes on after a failure, and reports it") {
  Kit kit;
  kit.add<Keeper, Hamster, Dog>();
  const Diary diary(kit);
  kit.tell("dog/a", Ping{});
  kit.run();
  const auto before = diary.lines().size();
  kit.tell("keeper", Do{"broadcast twice"});
  kit.run();

  const Lines lines(diary.lines().begin() + static_cast<std::ptrdiff_t>(before),
                    diary.lines().end());
  CHECK(lines_with(lines, "delivered 2") == 1);
  CHECK(lines_with(lines, "delivered 1") == 1);
  CHECK(lines_with(lines, "hamster: " + std::to_string(CONCLIB_OVERLOADED), "full") == 1);
  CHECK(lines_with(lines, "hamster hears") == 1);
  CHECK(lines_with(lines, "dog/a hears") == 2);
}

TEST_CASE("C5 live actors are listed, filtered and counted, and none is made by that") {
  Zoo zoo;
  CHECK(zoo.after(Do{"all"}) == Lines{"all: keeper dog/a cat/a stone/a dog/b", "5 3 2 1 0"});
  CHECK(zoo.after(Do{"filter"}) == Lines{"of a: dog/a cat/a"});
  CHECK(zoo.kit.actors() == Lines{"cat/a", "dog/a", "dog/b", "keeper", "stone/a"});
}
