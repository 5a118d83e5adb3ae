// SPDX-License-Identifier: MIT
#include <map>
#include <stdexcept>

#include <doctest/doctest.h>

#include "tests/conformance/diary.hpp"

using namespace conclib::conformance;
using conclib::testkit::Kit;

namespace {

struct Begin {
  CONCLIB_MESSAGE(Begin)
};
struct Say {
  std::string text;
  CONCLIB_MESSAGE(Say, text)
};

/// Says who it is.
class Named final : public Writer {
 public:
  static constexpr std::string_view urn = "named";

  Named() { on(&Named::say); }
  std::string say(const Say&) { return text(); }
};

class Unnamed final : public Writer {
 public:
  void on_start() override { note(text()); }
};

/// Its constructor takes what the author wants.
class Furnished final : public Writer {
 public:
  Furnished(int number, std::string text, std::vector<double> list, std::map<std::string, bool> map,
            const char* literal)
      : line_(std::to_string(number) + " " + text + " " + std::to_string(list.size()) + " " +
              std::to_string(map.at("yes")) + " " + literal) {
    on(&Furnished::say);
  }
  void on_start() override { note(line_); }
  void say(const Say&) { throw std::runtime_error("it broke"); }

 private:
  std::string line_;
};

class Founder final : public Writer {
 public:
  static constexpr std::string_view urn = "founder";

  Founder() {
    on(&Founder::begin);
    on(&Founder::say);
  }
  void begin(const Begin&) {
    (void)spawn<Unnamed>(conclib::SpawnOptions{.name = "son"});
    for (int i = 0; i < 3; ++i) (void)spawn<Unnamed>();
    note("spawned");
  }
  void say(const Say& message) {
    (void)spawn<Furnished>(conclib::SpawnOptions{.name = "furnished"}, 7, message.text,
                           std::vector<double>{1.5, 2.5},
                           std::map<std::string, bool>{{"yes", true}}, "end");
  }
};

/// Writes down what comes when.
class Starter final : public Writer {
 public:
  static constexpr std::string_view urn = "starter/{n}";

  Starter() { on(&Starter::say); }
  void on_start() override {
    note("on_start");
    note(find(urn_of_this()).has_value() ? "registered" : "unregistered");
    note(self().alive() ? "alive" : "not alive");
    tell(self(), Say{"from on_start"});
  }
  void say(const Say& message) { note(message.text); }

 private:
  std::string urn_of_this() const { return std::string(Actor::urn()); }
};

/// Wants to stop before it has begun.
class Mayfly final : public Writer {
 public:
  static constexpr std::string_view urn = "mayfly/{n}";

  Mayfly() { on(&Mayfly::say); }
  void on_start() override {
    note("on_start");
    stop();
  }
  void on_stop() override { note("on_stop"); }
  std::string say(const Say& message) { return message.text; }
};

class Stillborn final : public Writer {
 public:
  static constexpr std::string_view urn = "stillborn/{n}";

  Stillborn() { on(&Stillborn::say); }
  void on_start() override { throw std::runtime_error("no database"); }
  void on_stop() override { note("on_stop"); }
  void on_failure(std::exception_ptr) override { note("on_failure"); }
  std::string say(const Say& message) {
    note("handled");
    return message.text;
  }
};

class NeverMade final : public Writer {
 public:
  static constexpr std::string_view urn = "never_made/{n}";

  NeverMade() { throw std::runtime_error("no memory"); }
};

/// Spawns one that does not start, and watches it.
class Mourner final : public Writer {
 public:
  static constexpr std::string_view urn = "mourner";

  Mourner() { on(&Mourner::begin); }
  void begin(const Begin&) {
    const auto child = spawn<Stillborn>(conclib::SpawnOptions{.name = "child"});
    watch(child, [this](const conclib::Ended& ended) {
      note(ended.urn + " " + std::to_string(ended.status) + " " + ended.text);
      note(find("mourner#child") ? "registered" : "unregistered");
    });
  }
};

}  // namespace

TEST_CASE("A1 an actor has the URN of its class") {
  Kit kit;
  kit.add<Named>();
  CHECK(kit.ask<std::string>("named", Say{}) == "Named named");
}

TEST_CASE("A1 the name that an actor is given makes its URN") {
  Kit kit;
  kit.add<Founder, Unnamed>();
  const Diary diary(kit);
  kit.tell("founder", Begin{});
  kit.run();
  CHECK(lines_with(diary.lines(), "Unnamed founder#son") == 1);
}

TEST_CASE("A1 three unnamed actors have three distinct fresh URNs") {
  Kit kit;
  kit.add<Founder, Unnamed>();
  const Diary diary(kit);
  kit.tell("founder", Begin{});
  kit.run();

  auto texts = diary.lines();
  CHECK(lines_with(texts, "Unnamed urn:uuid:") == 3);
  std::sort(texts.begin(), texts.end());
  CHECK(std::adjacent_find(texts.begin(), texts.end()) == texts.end());
  const auto actors = kit.actors();
  const auto uuid = actors.back();
  REQUIRE(uuid.size() == std::string("urn:uuid:01234567-0123-4123-8123-0123456789ab").size());
  CHECK(uuid[23] == '4');
  CHECK(holds("89ab", uuid.substr(28, 1)));
}

TEST_CASE("A2 the constructor takes any arguments, also when the actor is made anew") {
  Kit kit;
  kit.add<Founder, Furnished>();
  const Diary diary(kit);
  kit.tell("founder", Say{"word"});
  kit.run();
  REQUIRE(diary.lines() == Lines{"7 word 2 1 end"});

  kit.tell("founder#furnished", Say{});
  kit.run();
  CHECK(diary.lines() == Lines{"7 word 2 1 end", "7 word 2 1 end"});
}

TEST_CASE("A3 on_start runs before the first message, and what was sent before it queues") {
  Kit kit;
  kit.add<Starter>();
  const Diary diary(kit);
  kit.tell("starter/a", Say{"first"});
  kit.tell("starter/a", Say{"second"});
  CHECK(diary.lines().empty());
  kit.run();
  CHECK(diary.lines() ==
        Lines{"on_start", "registered", "alive", "first", "second", "from on_start"});
}

TEST_CASE("A3 on_start runs on the turn of the actor, not in the call that makes it") {
  Kit kit;
  kit.add<Founder, Unnamed>();
  const Diary diary(kit);
  kit.tell("founder", Begin{});
  kit.run();
  REQUIRE(diary.lines().size() == 5);
  CHECK(diary.lines().front() == "spawned");
}

TEST_CASE("A4 a stop within on_start runs on_stop and ends the actor") {
  Kit kit;
  kit.add<Mayfly>();
  const Diary diary(kit);
  auto before = kit.begin_ask<std::string>("mayfly/a", Say{"before the stop"});
  kit.run();

  CHECK(before.done());
  CHECK(before.get() == "before the stop");
  CHECK(diary.lines() == Lines{"on_start", "on_stop"});
  CHECK_FALSE(kit.alive("mayfly/a"));
  kit.expect_no_failures();
}

TEST_CASE("A5 an actor whose on_start throws is not alive, and its asks never ran") {
  Kit kit;
  kit.add<Stillborn>();
  const Diary diary(kit);
  auto first = kit.begin_ask<std::string>("stillborn/a", Say{});
  auto second = kit.begin_ask<std::string>("stillborn/a", Say{});
  kit.run();

  CHECK_FALSE(kit.alive("stillborn/a"));
  CHECK(kit.actors().empty());
  CHECK(diary.lines().empty());
  CHECK(first.done());
  CHECK(second.done());
  for (auto* asked : {&first, &second}) {
    const auto error = error_of([&] { (void)asked->get(); });
    CHECK(error.status() == CONCLIB_NOT_STARTED);
    CHECK(holds(error.what(), "stillborn/a"));
    CHECK(holds(error.what(), "no database"));
  }
  CHECK(lines_with(kit.log(), "error", "no database") == 1);
}

TEST_CASE("A5 an actor whose constructor throws is not alive, and its asks never ran") {
  Kit kit;
  kit.add<NeverMade>();
  const auto error = error_of([&] { (void)kit.ask<std::string>("never_made/a", Say{}); });
  CHECK(error.status() == CONCLIB_NOT_STARTED);
  CHECK(holds(error.what(), "no memory"));
  CHECK_FALSE(kit.alive("never_made/a"));
  CHECK(lines_with(kit.log(), "error", "no memory") == 1);
}

TEST_CASE("A5 the starter of an actor can learn that it did not start, and why") {
  Kit kit;
  kit.add<Mourner, Stillborn>();
  const Diary diary(kit);
  kit.tell("mourner", Begin{});
  kit.run();
  REQUIRE(diary.lines().size() == 2);
  CHECK(holds(diary.lines()[0], "mourner#child " + std::to_string(CONCLIB_NOT_STARTED)));
  CHECK(holds(diary.lines()[0], "no database"));
  CHECK(diary.lines()[1] == "unregistered");
}
