// SPDX-License-Identifier: MIT
#include <stdexcept>

#include <doctest/doctest.h>

#include "conclib/testkit.hpp"
#include "tests/conformance/diary.hpp"

using namespace std::chrono_literals;
using conclib::Done;
using conclib::OnFailure;
using conclib::Supervision;
using conclib::conformance::Diary;
using conclib::conformance::Lines;
using conclib::conformance::Note;
using conclib::testkit::Kit;

namespace {

struct Fail {
  std::string why = "it broke";
  CONCLIB_MESSAGE(Fail, why)
};
struct Count {
  CONCLIB_MESSAGE(Count)
};
struct Counted {
  std::int64_t handled = 0;
  std::uint64_t restarts = 0;
  CONCLIB_MESSAGE(Counted, handled, restarts)
};

/// Counts its messages, fails when it is told to, and says how it lives.
class Fragile : public conclib::Actor {
 public:
  Fragile() {
    on(&Fragile::count);
    on(&Fragile::fail);
    on(&Fragile::said);
  }
  void on_start() override { tell("diary", Note{"start"}); }
  void on_stop() override { tell("diary", Note{"stop"}); }
  Counted count(const Count&) { return {++handled_, restarts()}; }
  void fail(const Fail& message) { throw std::runtime_error(message.why); }
  void said(const Note& message) { tell("diary", message); }

 private:
  std::int64_t handled_ = 0;
};

class Restarts final : public Fragile {
 public:
  static constexpr std::string_view urn = "restarts";
};
class Resumes final : public Fragile {
 public:
  static constexpr std::string_view urn = "resumes";
  static constexpr Supervision supervision{.on_failure = OnFailure::resume};
};
class Stops final : public Fragile {
 public:
  static constexpr std::string_view urn = "stops";
  static constexpr Supervision supervision{.on_failure = OnFailure::stop};
};
class Escalates final : public Fragile {
 public:
  static constexpr Supervision supervision{.on_failure = OnFailure::escalate};
};
class Limited final : public Fragile {
 public:
  static constexpr std::string_view urn = "limited";
  static constexpr Supervision supervision{
      .restarts_max = 2, .restarts_within = 10s, .backoff_min = 1ms, .backoff_max = 1ms};
};
class BacksOff final : public Fragile {
 public:
  static constexpr std::string_view urn = "backs_off";
  static constexpr Supervision supervision{.backoff_min = 100ms, .backoff_max = 400ms};
};

class EscalatingParent final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "parent";
  static constexpr Supervision supervision{.on_failure = OnFailure::stop};
  void on_start() override { spawn<Escalates>(conclib::SpawnOptions{.name = "child"}); }
  void on_failure(std::exception_ptr error) override {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& failure) {
      tell("diary", Note{std::string("parent: ") + failure.what()});
    }
  }
};

/// Keeps a reference to an actor from its first message on.
class Keeper final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "keeper";
  Keeper() { on(&Keeper::said); }
  bool said(const Note& message) {
    kept_ = kept_ ? kept_ : find(message.text).value_or(conclib::ActorRef());
    return kept_.alive() && kept_ == find(message.text);
  }

 private:
  conclib::ActorRef kept_;
};

/// Has the actor fail so often, one second after the other.
void fail_often(Kit& kit, std::string_view urn, int times) {
  for (int i = 0; i < times; ++i) {
    kit.tell(urn, Fail{});
    kit.advance(1s);
  }
}

/// The delays with which an actor came back from failures that followed each other at once.
std::vector<std::chrono::nanoseconds> delays(std::uint64_t seed, int failures) {
  Kit kit({.seed = seed});
  kit.add<BacksOff>();
  const Diary diary(kit);
  for (int i = 0; i < failures; ++i) kit.tell("backs_off", Fail{});
  kit.advance(1min);
  std::vector<std::chrono::nanoseconds> delays;
  for (std::size_t i = 1; i < diary.times().size(); ++i) {
    delays.push_back(diary.times()[i] - diary.times()[i - 1]);
  }
  return delays;
}

}  // namespace

TEST_CASE("S1 a failed actor is made afresh, and keeps its URN and what waits for it") {
  Kit kit;
  kit.add<Restarts, Keeper>();
  const Diary diary(kit);
  CHECK(kit.ask<Counted>("restarts", Count{}).handled == 1);
  CHECK(kit.ask<bool>("keeper", Note{"restarts"}));

  kit.tell("restarts", Fail{});
  kit.tell("restarts", Note{"waited"});
  const auto counted = kit.ask<Counted>("restarts", Count{});
  kit.run();

  CHECK(counted.handled == 1);
  CHECK(counted.restarts == 1);
  CHECK(diary.lines() == Lines{"start", "start", "waited"});
  CHECK(kit.restarts("restarts") == 1);
  CHECK(kit.ask<bool>("keeper", Note{"restarts"}));
}

TEST_CASE("S1 an actor whose policy says resume goes on as it is") {
  Kit kit;
  kit.add<Resumes>();
  const Diary diary(kit);
  CHECK(kit.ask<Counted>("resumes", Count{}).handled == 1);
  kit.tell("resumes", Fail{});
  CHECK(kit.ask<Counted>("resumes", Count{}).handled == 2);
  CHECK(kit.restarts("resumes") == 0);
  kit.run();
  CHECK(diary.lines() == Lines{"start"});
  CHECK(kit.failures().size() == 1);
}

TEST_CASE("S1 an actor whose policy says stop ends, and on_stop is not called") {
  Kit kit;
  kit.add<Stops>();
  const Diary diary(kit);
  kit.tell("stops", Fail{});
  kit.run();
  CHECK_FALSE(kit.alive("stops"));
  CHECK(diary.lines() == Lines{"start"});
}

TEST_CASE("S1 a failure that escalates ends the actor and is its parent's") {
  Kit kit;
  kit.add<EscalatingParent, Escalates>();
  const Diary diary(kit);
  kit.run();
  kit.tell("parent#child", Fail{"no disk"});
  kit.run();
  CHECK(kit.actors().empty());
  REQUIRE(diary.lines().size() == 2);
  CHECK(diary.lines()[0] == "start");
  CHECK(diary.lines()[1].find("parent#child") != std::string::npos);
  CHECK(diary.lines()[1].find("no disk") != std::string::npos);
}

TEST_CASE("S1 an actor that failed more often than its limit ends") {
  Kit kit;
  kit.add<Limited>();
  const Diary diary(kit);
  fail_often(kit, "limited", 2);
  CHECK(kit.alive("limited"));
  fail_often(kit, "limited", 1);
  CHECK_FALSE(kit.alive("limited"));
  CHECK(diary.lines() == Lines{"start", "start", "start"});
}

TEST_CASE("S1 failures longer ago than the time of the limit do not count") {
  Kit kit;
  kit.add<Limited>();
  fail_often(kit, "limited", 2);
  kit.advance(10s);
  fail_often(kit, "limited", 2);
  CHECK(kit.alive("limited"));
  CHECK(kit.restarts("limited") == 4);
}

TEST_CASE("S1 restarts in a row come later and later, with jitter and up to a bound") {
  const auto first = delays(1, 6);
  REQUIRE(first.size() == 6);
  CHECK(first[0] == 0ms);
  const std::array<std::chrono::milliseconds, 5> full = {100ms, 200ms, 400ms, 400ms, 400ms};
  for (std::size_t i = 0; i < full.size(); ++i) {
    CAPTURE(i);
    CHECK(first[i + 1] >= full.at(i) / 2);
    CHECK(first[i + 1] <= full.at(i));
  }
  CHECK(first != delays(2, 6));
  CHECK(first == delays(1, 6));
}

namespace {

/// Has children, who have children, and says who ends.
class Family final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "family";
  explicit Family(int generation = 0) : generation_(generation) {
    on(&Family::fail);
    on(&Family::end);
  }
  void on_start() override {
    tell("diary", Note{"start " + std::string(urn_of())});
    if (generation_ == 2) return;
    spawn<Family>(conclib::SpawnOptions{.name = "a"}, generation_ + 1);
    spawn<Family>(conclib::SpawnOptions{.name = "b"}, generation_ + 1);
  }
  void on_stop() override { tell("diary", Note{"stop " + std::string(urn_of())}); }
  void fail(const Fail&) { throw std::runtime_error("it broke"); }
  void end(const Done&) { stop(); }

 private:
  [[nodiscard]] std::string_view urn_of() const { return Actor::urn(); }
  int generation_;
};

std::ptrdiff_t place(const Diary& diary, std::string_view line) {
  return std::find(diary.lines().begin(), diary.lines().end(), line) - diary.lines().begin();
}

std::ptrdiff_t times_written(const Diary& diary, std::string_view line) {
  return std::count(diary.lines().begin(), diary.lines().end(), line);
}

void check_children_first(const Diary& diary) {
  for (const std::string child : {"family#a", "family#b"}) {
    CHECK(place(diary, "stop " + child + "/a") < place(diary, "stop " + child));
    CHECK(place(diary, "stop " + child + "/b") < place(diary, "stop " + child));
    CHECK(place(diary, "stop " + child) < place(diary, "stop family"));
  }
  CHECK(times_written(diary, "stop family") == 1);
}

}  // namespace

TEST_CASE("S3 a parent that is stopped stops its children first, and they theirs") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    Kit kit({.seed = seed});
    kit.add<Family>();
    const Diary diary(kit);
    kit.run();
    CHECK(kit.actors().size() == 7);
    kit.tell("family", Done{});
    kit.run();
    CHECK(kit.actors().empty());
    check_children_first(diary);
  }
}

TEST_CASE("S3 children are stopped first when the worker ends, too") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    Kit kit({.seed = seed});
    kit.add<Family>();
    const Diary diary(kit);
    kit.run();
    kit.stop();
    check_children_first(diary);
  }
}

TEST_CASE("S3 children of a failed parent are stopped, and it makes its own anew") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    Kit kit({.seed = seed});
    kit.add<Family>();
    const Diary diary(kit);
    kit.run();
    kit.tell("family", Fail{});
    kit.run();
    CHECK(kit.actors().size() == 7);
    CHECK(times_written(diary, "stop family#a") == 1);
    CHECK(times_written(diary, "stop family#b/a") == 1);
    CHECK(times_written(diary, "start family#b/a") == 2);
    CHECK(times_written(diary, "stop family") == 0);
    CHECK(place(diary, "stop family#b/a") < place(diary, "stop family#b"));
  }
}

TEST_CASE("S3 a parent outlives the failure of its child") {
  Kit kit;
  kit.add<Family>();
  const Diary diary(kit);
  kit.run();
  kit.tell("family#a", Fail{});
  kit.run();
  CHECK(kit.actors().size() == 7);
  CHECK(times_written(diary, "start family") == 1);
  CHECK(times_written(diary, "start family#a") == 2);
  CHECK(times_written(diary, "start family#a/b") == 2);
  CHECK(times_written(diary, "start family#b") == 1);
}

namespace {

struct Breakage {
  CONCLIB_MESSAGE(Breakage)
};

/// Starts once, and never again.
class OneStart final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "one_start/{id}";
  OneStart() { on(&OneStart::fail); }
  void on_start() override {
    if (restarts() > 0) throw std::runtime_error("the database is down");
  }
  void fail(const Breakage& /*fail*/) { throw std::runtime_error("it broke"); }
};

class ParentOfOne final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "parent_of_one/{id}";
  ParentOfOne() { on(&ParentOfOne::fail); }
  void on_start() override { child_ = spawn<OneStart>({.name = "child"}); }
  void fail(const Breakage& message) { tell(child_, message); }

 private:
  conclib::ActorRef child_;
};

}  // namespace

TEST_CASE("S1 an actor whose restarts fail does not keep its worker from stopping") {
  conclib::testkit::Kit kit;
  kit.add<OneStart>();
  kit.tell("one_start/1", Breakage{});
  kit.advance(std::chrono::seconds(3));
  CHECK(kit.restarts("one_start/1") > 2);
  kit.stop();
  CHECK(kit.actors().empty());
}

TEST_CASE("S3 a child whose restarts fail does not keep its parent from stopping") {
  conclib::testkit::Kit kit;
  kit.add<ParentOfOne, OneStart>();
  kit.tell("parent_of_one/1", Breakage{});
  kit.advance(std::chrono::seconds(3));
  CHECK(kit.restarts("parent_of_one/1#child") > 2);
  kit.stop();
  CHECK(kit.actors().empty());
}
