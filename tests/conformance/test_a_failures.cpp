// SPDX-License-Identifier: MIT
#include <stdexcept>

#include <doctest/doctest.h>

#include "tests/conformance/diary.hpp"
#include "tests/conformance/threaded_worker.hpp"

using namespace conclib::conformance;
using conclib::testkit::Kit;

namespace {

struct Break {
  CONCLIB_MESSAGE(Break)
};
struct End {
  CONCLIB_MESSAGE(End)
};
struct Count {
  CONCLIB_MESSAGE(Count)
};

/// An exception of the author's own.
class Broken : public std::runtime_error {
 public:
  using runtime_error::runtime_error;
};

class Fragile : public Writer {
 public:
  static constexpr std::string_view urn = "fragile";

  Fragile() {
    on(&Fragile::fail);
    on(&Fragile::count);
  }
  void on_start() override { note("on_start"); }
  void on_stop() override { note("on_stop"); }
  void on_failure(std::exception_ptr error) override {
    try {
      std::rethrow_exception(error);
    } catch (const Broken& broken) {
      note(std::string("on_failure ") + broken.what());
    }
  }
  void fail(const Break&) { throw Broken("it broke"); }
  std::int64_t count(const Count&) { return ++count_; }

 private:
  std::int64_t count_ = 0;
};

class Desperate final : public Writer {
 public:
  static constexpr std::string_view urn = "desperate";

  Desperate() { on(&Desperate::fail); }
  void on_stop() override { note("on_stop"); }
  void on_failure(std::exception_ptr) override { throw std::runtime_error("and that broke too"); }
  void fail(const Break&) { throw std::runtime_error("it broke"); }
};

/// Cannot stop properly.
class Stubborn final : public Writer {
 public:
  static constexpr std::string_view urn = "stubborn";

  void on_stop() override { throw std::runtime_error("the file is full"); }
};

class Stopper final : public Writer {
 public:
  static constexpr std::string_view urn = "stopper";

  Stopper() { on(&Stopper::end); }
  conclib::Task<void> end(End) {
    try {
      const bool stopped = co_await stop_and_wait("stubborn");
      note(stopped ? "stopped" : "was dead");
    } catch (const conclib::Error& error) {
      note(std::to_string(error.status()) + " " + error.what());
    }
  }
};

/// Finds that nothing can go on.
class Doomed final : public Writer {
 public:
  static constexpr std::string_view urn = "doomed";

  Doomed() { on(&Doomed::fail); }
  void on_stop() override { note("doomed on_stop"); }
  void on_failure(std::exception_ptr) override { note("doomed on_failure"); }
  void fail(const Break&) { throw conclib::FatalError("the disk is gone"); }
};

class Bystander final : public Writer {
 public:
  static constexpr std::string_view urn = "bystander/{n}";

  Bystander() { on(&Bystander::count); }
  void on_stop() override { note("bystander on_stop"); }
  std::int64_t count(const Count&) { return 1; }
};

/// The same without a diary, which a worker with threads has not.
class SilentDoomed final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "silent_doomed";

  SilentDoomed() { on(&SilentDoomed::fail); }
  void fail(const Break&) { throw conclib::FatalError("the disk is gone"); }
};

class SilentBystander final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "silent_bystander";
};

}  // namespace

TEST_CASE(
    "A7 an actor whose on_stop throws is not alive all the same, and its stopper learns why") {
  Kit kit;
  kit.add<Stubborn, Stopper>();
  const Diary diary(kit);
  kit.run();
  REQUIRE(kit.alive("stubborn"));
  kit.tell("stopper", End{});
  kit.run();

  CHECK_FALSE(kit.alive("stubborn"));
  REQUIRE(diary.lines().size() == 1);
  CHECK(holds(diary.lines()[0], std::to_string(CONCLIB_ACTOR_FAILED)));
  CHECK(holds(diary.lines()[0], "stubborn"));
  CHECK(holds(diary.lines()[0], "the file is full"));
  CHECK(lines_with(kit.log(), "error", "the file is full") == 1);
}

TEST_CASE("A8 an exception in a tell runs on_failure with it, not on_stop, then the policy") {
  Kit kit;
  kit.add<Fragile>();
  const Diary diary(kit);
  CHECK(kit.ask<std::int64_t>("fragile", Count{}) == 1);
  kit.tell("fragile", Break{});
  kit.run();

  CHECK(diary.lines() == Lines{"on_start", "on_failure it broke", "on_start"});
  CHECK(kit.restarts("fragile") == 1);
  CHECK(kit.ask<std::int64_t>("fragile", Count{}) == 1);
  CHECK(lines_with(kit.log(), "warn", "it broke") == 1);
}

TEST_CASE("A8 an exception in on_failure is logged as well, and the actor is not alive") {
  Kit kit;
  kit.add<Desperate>();
  const Diary diary(kit);
  kit.tell("desperate", Break{});
  kit.run();

  CHECK(diary.lines().empty());
  CHECK_FALSE(kit.alive("desperate"));
  CHECK(kit.restarts("desperate") == 0);
  CHECK(lines_with(kit.log(), "warn", "it broke") == 1);
  CHECK(lines_with(kit.log(), "error", "and that broke too") == 1);
  CHECK(kit.failures().size() == 2);
}

TEST_CASE("A9 an exception in an ask is the asker's, and the actor goes on") {
  Kit kit;
  kit.add<Fragile>();
  const Diary diary(kit);
  CHECK(kit.ask<std::int64_t>("fragile", Count{}) == 1);
  const auto error = error_of([&] { (void)kit.ask<conclib::Done>("fragile", Break{}); });

  CHECK(error.status() == CONCLIB_ACTOR_FAILED);
  CHECK(holds(error.what(), "it broke"));
  CHECK(kit.ask<std::int64_t>("fragile", Count{}) == 2);
  kit.run();
  CHECK(diary.lines() == Lines{"on_start"});
  CHECK(kit.restarts("fragile") == 0);
  CHECK(lines_with(kit.log(), "it broke") == 1);
  CHECK(lines_with(kit.log(), "info", "it broke") == 1);
}

TEST_CASE("A10 a fatal error in an ask stops every actor, and its asker is answered") {
  Kit kit;
  kit.add<Doomed, Bystander>();
  const Diary diary(kit);
  CHECK(kit.ask<std::int64_t>("bystander/a", Count{}) == 1);
  const auto error = error_of([&] { (void)kit.ask<conclib::Done>("doomed", Break{}); });
  kit.run();

  CHECK(error.status() == CONCLIB_ACTOR_FAILED);
  CHECK(holds(error.what(), "the disk is gone"));
  CHECK(kit.actors().empty());
  CHECK(diary.lines().size() == 2);
  CHECK(lines_with(diary.lines(), "doomed on_stop") == 1);
  CHECK(lines_with(diary.lines(), "bystander on_stop") == 1);
  CHECK(lines_with(kit.log(), "error", "the disk is gone") == 1);
}

TEST_CASE("A10 a fatal error in a tell stops every actor with on_stop") {
  Kit kit;
  kit.add<Doomed, Bystander>();
  const Diary diary(kit);
  CHECK(kit.ask<std::int64_t>("bystander/a", Count{}) == 1);
  kit.tell("doomed", Break{});
  kit.run();

  CHECK(kit.actors().empty());
  CHECK(diary.lines().size() == 2);
  CHECK(lines_with(diary.lines(), "doomed on_stop") == 1);
  CHECK(lines_with(diary.lines(), "bystander on_stop") == 1);
}

TEST_CASE("A10 the worker of an actor with a fatal error is told why it ends") {
  ThreadedWorker worker;
  worker.add<SilentDoomed, SilentBystander>();
  worker.start();
  REQUIRE(eventually([&] { return worker.alive("silent_bystander"); }));
  const auto error = error_of([&] { (void)worker.ask<conclib::Done>("silent_doomed", Break{}); });

  CHECK(error.status() == CONCLIB_ACTOR_FAILED);
  CHECK(eventually([&] { return worker.stats().actors == 0; }));
  REQUIRE(eventually([&] { return !worker.worker_failures().empty(); }));
  CHECK(worker.worker_failures() == std::vector<std::string>{"the disk is gone"});
}
