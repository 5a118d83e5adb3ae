// SPDX-License-Identifier: MIT
#include <string>

#include "tests/unit/plugin/actor_stage.hpp"

using conclib::testing::ActorStage;
using conclib::testing::answer_of;

namespace {

struct One {
  CONCLIB_MESSAGE(One)
};
struct Two {
  CONCLIB_MESSAGE(Two)
};
struct Three {
  CONCLIB_MESSAGE(Three)
};

class Growing final : public conclib::Actor {
 public:
  Growing() {
    on(&Growing::one);
    if (key() == "more") on(&Growing::three);
    on(&Growing::two);
  }
  std::int64_t one(const One& /*one*/) { return 1; }
  /// Names a handler while it runs as one.
  std::int64_t two(const Two& /*two*/) {
    on(&Growing::three);
    return 2;
  }
  std::int64_t three(const Three& /*three*/) { return 3; }
};

static_assert(sizeof(conclib::Actor) <= 64);

template <typename M>
std::int64_t ask(ActorStage<Growing>& stage) {
  conclib_reply_to reply;
  REQUIRE(stage.ask(M{}, reply) == CONCLIB_OK);
  return answer_of<std::int64_t>(reply);
}

}  // namespace

TEST_CASE("objects of a class share its handlers, and one that names others has its own") {
  ActorStage<Growing> first;
  ActorStage<Growing> second;
  ActorStage<Growing> other("more");
  CHECK(ask<One>(second) == 1);
  CHECK(ask<Two>(first) == 2);
  CHECK(ask<Three>(first) == 3);
  CHECK(ask<One>(first) == 1);
  CHECK(second.actor.receive("Three", "", nullptr) == CONCLIB_UNEXPECTED_MESSAGE);
  CHECK(second.actor.error == "actor urn has no handler for Three; it takes One, Two");
  CHECK(ask<Three>(other) == 3);
  CHECK(other.actor.receive("Two", "", nullptr) == CONCLIB_ACTOR_FAILED);
  CHECK(other.actor.error == "two handlers for message type Three");
}

TEST_CASE("a handler that was named while the actor runs takes the next message") {
  ActorStage<Growing> stage;
  CHECK(stage.actor.receive("Three", "", nullptr) == CONCLIB_UNEXPECTED_MESSAGE);
  CHECK(ask<Two>(stage) == 2);
  CHECK(ask<Three>(stage) == 3);
}
