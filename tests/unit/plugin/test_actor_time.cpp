// SPDX-License-Identifier: MIT
#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/unit/plugin/actor_stage.hpp"

using conclib::testing::ActorStage;
using namespace std::chrono_literals;

namespace {

struct Tick {
  std::string name;
  CONCLIB_MESSAGE(Tick, name)
};
struct Other {
  CONCLIB_MESSAGE(Other)
};
struct Fail {
  std::string how;
  CONCLIB_MESSAGE(Fail, how)
};

class Clock final : public conclib::Actor {
 public:
  static constexpr conclib::Supervision supervision{.on_failure = conclib::OnFailure::stop,
                                                    .restarts_max = 3,
                                                    .restarts_within = 10s,
                                                    .backoff_min = 1ms,
                                                    .backoff_max = 2s};
  static constexpr auto passivate_after = conclib::never;
  static constexpr unsigned live_max = 4;
  static constexpr unsigned pool_size = 5;
  static constexpr std::chrono::seconds handler_limit{6};
  static constexpr bool drop_when_full = true;

  Clock() {
    on(&Clock::tick);
    on(&Clock::fail);
  }
  void tick(Tick tick) {
    ticks.push_back(tick.name);
    if (tick.name == "throw") throw std::runtime_error("a bad tick");
  }
  void fail(const Fail& message) {
    if (message.how == "fatal") throw conclib::FatalError("the disk is gone");
    throw std::out_of_range(message.how);
  }
  void on_receive(conclib::RequestEnvelope& request) override {
    ticks.emplace_back(request.type());
  }
  void on_receive_timeout() override { ticks.emplace_back("idle"); }
  void on_failure(std::exception_ptr error) override {
    failure = error;
    if (fail_again) throw std::runtime_error("the clean-up failed");
  }

  using Actor::after;
  using Actor::every;
  using Actor::receive_timeout;
  using Actor::send_after;

  std::vector<std::string> ticks;
  std::exception_ptr failure;
  bool fail_again = false;
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a ticker handles a copy of its message at once and at every interval") {
  ActorStage<Clock> stage;
  stage.object().every(200ms, Tick{"tick"});
  REQUIRE(stage.actor.timers.size() == 1);
  const auto& spec = stage.actor.timers[0].spec;
  CHECK(spec.first_ns == 0);
  CHECK(spec.interval_ns == 200'000'000);
  CHECK(spec.flags == 0);
  CHECK(stage.actor.fire(0) == CONCLIB_OK);
  CHECK(stage.actor.fire(0) == CONCLIB_OK);
  CHECK(stage.object().ticks == Names{"tick", "tick"});
}

TEST_CASE("a ticker's options reach the host") {
  ActorStage<Clock> stage;
  stage.object().every(1ms, Tick{"a"},
                       {.first = conclib::FirstTick::after_interval,
                        .rate = conclib::TickRate::fixed_delay,
                        .missed = conclib::MissedTicks::catch_up});
  const auto& spec = stage.actor.timers.at(0).spec;
  CHECK(spec.first_ns == 1'000'000);
  CHECK(spec.flags == (CONCLIB_TIMER_FIXED_DELAY | CONCLIB_TIMER_CATCH_UP));
  CHECK_THROWS_AS(stage.object().every(0ms, Tick{"a"}), conclib::Error);
}

TEST_CASE("a tick without a handler reaches on_receive, one that throws fails the actor") {
  ActorStage<Clock> stage;
  stage.object().every(1s, Other{});
  stage.object().every(1s, Tick{"throw"});
  CHECK(stage.actor.fire(0) == CONCLIB_OK);
  CHECK(stage.object().ticks == Names{"Other"});
  CHECK(stage.actor.fire(1) == CONCLIB_ACTOR_FAILED);
  CHECK(stage.actor.error == "a bad tick");
}

TEST_CASE("a timer that was cancelled is the host's to end") {
  ActorStage<Clock> stage;
  const auto timer = stage.object().after(5ms, Tick{"late"});
  timer.cancel();
  CHECK(stage.actor.timers.at(0).cancelled);
  conclib::Timer{}.cancel();
}

TEST_CASE("a delayed message to the actor itself is handled once") {
  ActorStage<Clock> stage;
  stage.object().after(5ms, Tick{"a name that is too long for its place in a string"});
  CHECK(stage.actor.timers.at(0).spec.interval_ns == 0);
  CHECK(stage.actor.fire(0) == CONCLIB_OK);
  CHECK(stage.object().ticks == Names{"a name that is too long for its place in a string"});
}

TEST_CASE("a delayed message to another actor is told, and logged if it is not taken") {
  ActorStage<Clock> stage;
  auto& friend_ref = stage.actor.neighbour("friend", "Friend");
  {
    ++friend_ref.count;
    const conclib::ActorRef ref(&stage.host.table, &friend_ref);
    stage.object().send_after(5ms, ref, Tick{"by reference"});
  }
  stage.object().send_after(5ms, std::string("shop/") + "1", Tick{"by name"});
  CHECK(stage.actor.fire(0) == CONCLIB_OK);
  CHECK(stage.actor.tells.at(0).to == &friend_ref);
  stage.actor.send_status = CONCLIB_NO_ACTOR;
  stage.actor.send_error = "nobody";
  CHECK(stage.actor.fire(1) == CONCLIB_OK);
  CHECK(stage.host.log.text() ==
        "<4>test plugin.test: urn: a delayed message to shop/1 was not taken: nobody\n");
  stage.actor.destroy();
  CHECK(friend_ref.count == 1);
}

TEST_CASE("a timer that the host refuses throws and leaks nothing") {
  ActorStage<Clock> stage;
  stage.actor.send_status = CONCLIB_OVERLOADED;
  stage.actor.send_error = "too many timers";
  CHECK_THROWS_WITH_AS(stage.object().after(1s, Tick{"x"}), "the timer: too many timers",
                       conclib::Error);
}

TEST_CASE("the receive time-out reaches on_receive_timeout") {
  ActorStage<Clock> stage;
  stage.object().receive_timeout(3us);
  CHECK(stage.actor.receive_timeout_ns == 3000);
  CHECK(stage.actor.idle() == CONCLIB_OK);
  CHECK(stage.object().ticks == Names{"idle"});
}

TEST_CASE("on_failure gets the exception itself, or an Error if it was another's") {
  ActorStage<Clock> stage;
  CHECK(stage.tell(Fail{"lost"}) == CONCLIB_ACTOR_FAILED);
  CHECK(stage.actor.failed(CONCLIB_ACTOR_FAILED, "lost") == CONCLIB_OK);
  CHECK_THROWS_AS(std::rethrow_exception(stage.object().failure), std::out_of_range);
  CHECK(stage.actor.failed(CONCLIB_ACTOR_FAILED, "a child failed") == CONCLIB_OK);
  CHECK_THROWS_WITH_AS(std::rethrow_exception(stage.object().failure), "a child failed",
                       conclib::Error);
}

TEST_CASE("a failure in on_failure is told to the host") {
  ActorStage<Clock> stage;
  stage.object().fail_again = true;
  CHECK(stage.actor.failed(CONCLIB_ACTOR_FAILED, "x") == CONCLIB_ACTOR_FAILED);
  CHECK(stage.actor.error == "the clean-up failed");
}

TEST_CASE("a fatal error answers its asker and ends the worker") {
  ActorStage<Clock> stage;
  conclib_reply_to reply;
  CHECK(stage.ask(Fail{"fatal"}, reply) == CONCLIB_OK);
  CHECK(reply.status == CONCLIB_ACTOR_FAILED);
  CHECK(reply.text == "the disk is gone");
  CHECK(stage.actor.worker_failures == Names{"the disk is gone"});
  CHECK(stage.tell(Fail{"fatal"}) == CONCLIB_OK);
  CHECK(stage.actor.worker_failures.size() == 2);
}

TEST_CASE("the constants of supervision and of virtual actors stand in the type's table") {
  const auto& type = conclib::detail::ActorTypeOf<Clock>::table;
  CHECK(type.on_failure == CONCLIB_ON_FAILURE_STOP);
  CHECK(type.restarts_max == 3);
  CHECK(type.restarts_within_ms == 10000);
  CHECK(type.backoff_min_ms == 1);
  CHECK(type.backoff_max_ms == 2000);
  CHECK(type.passivate_after_ms == UINT32_MAX);
  CHECK(type.live_max == 4);
  CHECK(type.pool_size == 5);
  CHECK(type.handler_limit_ms == 6000);
  CHECK(type.flags == CONCLIB_ACTOR_DROP_WHEN_FULL);
  CHECK(type.urn.size == 0);
}

TEST_CASE("what an asker hears of is not kept for on_failure") {
  ActorStage<Clock> stage;
  conclib_reply_to reply;
  CHECK(stage.ask(Fail{"asked"}, reply) == CONCLIB_ACTOR_FAILED);
  CHECK(reply.text == "asked");
  CHECK(stage.actor.failed(CONCLIB_ACTOR_FAILED, "a child failed") == CONCLIB_OK);
  CHECK_THROWS_WITH_AS(std::rethrow_exception(stage.object().failure), "a child failed",
                       conclib::Error);
}
