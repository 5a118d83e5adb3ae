// SPDX-License-Identifier: MIT
#include <map>
#include <unordered_set>

#include <doctest/doctest.h>

#include "tests/conformance/diary.hpp"

using namespace std::chrono_literals;
using namespace conclib::conformance;
using conclib::testkit::Kit;

namespace {

struct Say {
  std::string text;
  CONCLIB_MESSAGE(Say, text)
};
struct Begin {
  std::string what;
  CONCLIB_MESSAGE(Begin, what)
};
/// What nobody has a handler for.
struct Strange {
  CONCLIB_MESSAGE(Strange)
};

/// Takes messages of all types, as C++ values.
class Listener final : public Writer {
 public:
  void on_receive(conclib::RequestEnvelope& request) override {
    if (request.matches<Say>()) {
      note("Say " + request.extract<Say>().text);
    } else if (request.matches<bool>()) {
      note(request.extract<bool>() ? "bool true" : "bool false");
    } else if (request.matches<std::int64_t>()) {
      note("int " + std::to_string(request.extract<std::int64_t>()));
    } else if (request.matches<double>()) {
      note("float " + std::to_string(request.extract<double>()));
    } else if (request.matches<std::string>()) {
      note("str " + request.extract<std::string>());
    } else if (request.matches<std::vector<std::int64_t>>()) {
      note("list of " + std::to_string(request.extract<std::vector<std::int64_t>>().size()));
    } else if (request.matches<std::map<std::string, std::int64_t>>()) {
      note("map with a = " +
           std::to_string(request.extract<std::map<std::string, std::int64_t>>().at("a")));
    }
  }
  void on_stop() override { note(self().alive() ? "alive in on_stop" : "not alive in on_stop"); }
};

/// Sends one of each.
template <typename Send>
void send_values(const Send& send) {
  send(Say{"hello"});
  send(true);
  send(std::int64_t{-7});
  send(0.5);
  send(std::string("text"));
  send(std::vector<std::int64_t>{1, 2, 3});
  send(std::map<std::string, std::int64_t>{{"a", 1}});
}

const Lines all_values{"Say hello", "bool true", "int -7",        "float 0.500000",
                       "str text",  "list of 3", "map with a = 1"};

class Spawner final : public Writer {
 public:
  static constexpr std::string_view urn = "spawner";

  Spawner() {
    on(&Spawner::begin);
    on(&Spawner::end);
  }
  void on_start() override { child_ = spawn<Listener>(conclib::SpawnOptions{.name = "child"}); }

  void begin(const Begin& message) {
    if (message.what == "values") {
      send_values([this](auto value) { tell(child_, std::move(value)); });
    } else if (message.what == "texts") {
      note(child_.text());
    } else if (message.what == "equality") {
      compare();
    } else if (message.what == "alive") {
      note(child_.alive() ? "alive" : "not alive");
    } else if (message.what == "send to the dead") {
      send_to_the_dead();
    }
  }
  conclib::Task<void> end(Say) {
    const bool first = co_await stop_and_wait(child_);
    const bool second = co_await stop_and_wait(child_);
    note(std::string("stop: ") + (first ? "true " : "false ") + (second ? "true " : "false ") +
         (stop(child_) ? "true" : "false"));
  }

 private:
  void compare() {
    const auto found = *find("spawner#child");
    const auto other = self();
    note(found == child_ ? "equal" : "different");
    note(other == child_ ? "equal" : "different");
    const std::unordered_set<conclib::ActorRef> set{found, child_, other, self(), other};
    note(std::to_string(set.size()) + " in the set");
  }
  void send_to_the_dead() {
    note(error_of([this] { tell(child_, Say{}); }).what());
    note(error_of([this] { tell("spawner#child", Say{}); }).what());
    ask<std::string>(child_, Say{}, {}, [this](auto answer) {
      note("ask " + std::to_string(answer.status()) + " " + answer.text());
    });
  }

  conclib::Handle<Listener> child_;
};

/// Asks the mute, in all manners.
class Asker final : public Writer {
 public:
  static constexpr std::string_view urn = "asker";

  Asker() {
    on(&Asker::begin);
    on(&Asker::wait);
  }
  void begin(const Begin& message) {
    conclib::Future<std::string> later = ask<std::string>("mute", Say{message.what});
    note(later.ready() ? "ready" : "not ready");
    later.on_ready([this, later] { note("future: " + later.get()); });
  }
  conclib::Task<void> wait(Say message) {
    const auto timeout = message.text == "0" ? 0ms : 3000ms;
    try {
      note(co_await ask<std::string>("mute", std::move(message), timeout));
    } catch (const conclib::Error& error) {
      note(std::to_string(error.status()));
    }
  }
};

class Particular final : public Writer {
 public:
  static constexpr std::string_view urn = "particular";

  Particular() { on(&Particular::say); }
  std::string say(const Say& message) { return message.text; }
};

void tell_and_run(Kit& kit, const std::string& what) {
  kit.tell("spawner", Begin{what});
  kit.run();
}

}  // namespace

TEST_CASE("B1 the text of a reference names class and URN") {
  Kit kit;
  kit.add<Spawner, Listener>();
  const Diary diary(kit);
  tell_and_run(kit, "texts");
  CHECK(diary.lines() == Lines{"Listener spawner#child"});
}

TEST_CASE("B1 references to one actor are equal, also in a set") {
  Kit kit;
  kit.add<Spawner, Listener>();
  const Diary diary(kit);
  tell_and_run(kit, "equality");
  CHECK(diary.lines() == Lines{"equal", "different", "2 in the set"});
}

TEST_CASE("B2 an actor is alive while it runs, and no more during on_stop and after it") {
  Kit kit;
  kit.add<Spawner, Listener>();
  const Diary diary(kit);
  kit.run();
  tell_and_run(kit, "alive");
  kit.tell("spawner", Say{"end"});
  kit.run();
  tell_and_run(kit, "alive");
  REQUIRE(diary.lines().size() == 4);
  CHECK(diary.lines()[0] == "alive");
  CHECK(diary.lines()[1] == "not alive in on_stop");
  CHECK(diary.lines()[3] == "not alive");
}

TEST_CASE("B3 a stop gives true the first time, and false when the actor is dead") {
  Kit kit;
  kit.add<Spawner, Listener>();
  const Diary diary(kit);
  kit.tell("spawner", Say{"end"});
  kit.run();
  CHECK(lines_with(diary.lines(), "stop: true false false") == 1);
}

TEST_CASE("B4 a tell of an actor reaches on_receive, be it a struct or a plain value") {
  Kit kit;
  kit.add<Spawner, Listener>();
  const Diary diary(kit);
  tell_and_run(kit, "values");
  CHECK(diary.lines() == all_values);
}

TEST_CASE("B4 a tell of a client reaches on_receive, be it a struct or a plain value") {
  Kit kit;
  kit.add<Spawner, Listener>();
  const Diary diary(kit);
  kit.run();
  send_values([&](const auto& value) { kit.tell("spawner#child", value); });
  kit.run();
  CHECK(diary.lines() == all_values);
}

TEST_CASE("B5 a tell or ask of an actor to a stopped one is ACTOR_NOT_FOUND and names the URN") {
  Kit kit;
  kit.add<Spawner, Listener>();
  const Diary diary(kit);
  kit.tell("spawner", Say{"end"});
  kit.run();
  const auto before = diary.lines().size();
  tell_and_run(kit, "send to the dead");

  const auto& lines = diary.lines();
  REQUIRE(lines.size() == before + 3);
  CHECK(holds(lines[before], "spawner#child is not alive"));
  CHECK(holds(lines[before + 1], "spawner#child is not alive"));
  CHECK(holds(lines[before + 2], "ask " + std::to_string(CONCLIB_ACTOR_NOT_FOUND)));
  CHECK(holds(lines[before + 2], "spawner#child"));
  CHECK(kit.elapsed() == 0ns);
}

TEST_CASE("B5 a tell or ask of a client to a stopped actor is ACTOR_NOT_FOUND and names the URN") {
  Kit kit;
  kit.add<Spawner, Listener>();
  const Diary diary(kit);
  kit.tell("spawner", Say{"end"});
  kit.run();

  const auto asked = error_of([&] { (void)kit.ask<std::string>("spawner#child", Say{}); });
  CHECK(asked.status() == CONCLIB_ACTOR_NOT_FOUND);
  CHECK(holds(asked.what(), "spawner#child"));
  const auto told = error_of([&] { kit.tell("spawner#child", Say{}); });
  CHECK(told.status() == CONCLIB_ACTOR_NOT_FOUND);
  CHECK(holds(told.what(), "spawner#child"));
}

TEST_CASE("B6 an ask returns the reply") {
  Kit kit;
  kit.add<Particular>();
  CHECK(kit.ask<std::string>("particular", Say{"hello"}) == "hello");
}

TEST_CASE("B6 an ask of an actor returns the reply where it is awaited") {
  Kit kit;
  kit.add<Asker>();
  const Diary diary(kit);
  auto& mute = kit.probe("mute");
  kit.tell("asker", Say{"hello"});
  CHECK(mute.expect<Say>().text == "hello");
  mute.reply(std::string("spoken"));
  kit.run();
  CHECK(diary.lines() == Lines{"spoken"});
}

TEST_CASE("B6 an ask with deadline 0 times out without waiting") {
  Kit kit;
  kit.add<Asker>();
  const Diary diary(kit);
  (void)kit.probe("mute");
  kit.tell("asker", Say{"0"});
  kit.advance(0ns);
  CHECK(diary.lines() == Lines{std::to_string(CONCLIB_TIMEOUT)});
  CHECK(kit.elapsed() == 0ns);
}

TEST_CASE("B6 an ask without an answer times out at its deadline, not before") {
  Kit kit;
  kit.add<Asker>();
  const Diary diary(kit);
  (void)kit.probe("mute");
  kit.tell("asker", Say{"hello"});
  kit.advance(2999ms);
  CHECK(diary.lines().empty());
  kit.advance(1ms);
  CHECK(diary.lines() == Lines{std::to_string(CONCLIB_TIMEOUT)});
}

TEST_CASE("B6 an ask without waiting returns a future") {
  Kit kit;
  kit.add<Asker>();
  const Diary diary(kit);
  auto& mute = kit.probe("mute");
  kit.tell("asker", Begin{"hello"});
  (void)mute.expect<Say>();
  CHECK(diary.lines() == Lines{"not ready"});
  mute.reply(std::string("spoken"));
  kit.run();
  CHECK(diary.lines() == Lines{"not ready", "future: spoken"});
}

TEST_CASE("B8 a message type that no handler takes makes exactly one warning") {
  Kit kit;
  kit.add<Particular>();
  kit.tell("particular", Strange{});
  kit.run();
  CHECK(lines_with(kit.log(), "Strange") == 1);
  CHECK(lines_with(kit.log(), "warn", "Strange") == 1);
  CHECK(lines_with(kit.log(), "warn", "particular") == 1);
  CHECK(kit.alive("particular"));
  CHECK(kit.restarts("particular") == 0);
}

TEST_CASE("B8 an ask of an unknown type is UNEXPECTED_MESSAGE, naming actor and type") {
  Kit kit;
  kit.add<Particular>();
  const auto error = error_of([&] { (void)kit.ask<std::string>("particular", Strange{}); });
  CHECK(error.status() == CONCLIB_UNEXPECTED_MESSAGE);
  CHECK(holds(error.what(), "particular"));
  CHECK(holds(error.what(), "Strange"));
  CHECK(lines_with(kit.log(), "Strange") == 1);
}
