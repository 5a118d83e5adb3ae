// SPDX-License-Identifier: MIT
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/plugin/actor_stage.hpp"

using conclib::testing::ActorStage;
using conclib::testing::answer_of;

namespace {

using List = std::vector<std::int64_t>;
using Map = std::map<std::string, double>;

struct Wide {
  alignas(64) std::int64_t value = 0;
  CONCLIB_MESSAGE(Wide, value)
};
/// Counts how often it was copied and moved.
struct Counted {
  Counted() = default;
  Counted(const Counted& other) : copies(other.copies + 1), moves(other.moves) {}
  Counted(Counted&& other) noexcept : copies(other.copies), moves(other.moves + 1) {}
  Counted& operator=(const Counted&) = default;
  int copies = 0;
  int moves = 0;
  CONCLIB_MESSAGE(Counted, copies, moves)
};

class Values final : public conclib::Actor {
 public:
  Values() {
    on(&Values::flag);
    on(&Values::number);
    on(&Values::real);
    on(&Values::text);
    on(&Values::list);
    on(&Values::map);
    on(&Values::wide);
    on(&Values::counted);
  }
  bool flag(bool value) { return !value; }
  std::int64_t number(std::int64_t value) { return value + 1; }
  double real(double value) { return value / 2; }
  std::string text(const std::string& value) { return value + "!"; }
  std::int64_t list(List&& value) { return static_cast<std::int64_t>(value.size()); }
  Map map(Map value) {
    value["more"] = 1;
    return value;
  }
  Wide wide(const Wide& wide) { return {wide.value + 1}; }
  void counted(const Counted& message) { seen = message.copies * 100 + message.moves; }

  using Actor::tell;

  int seen = -1;
};

template <typename M>
M echo(M message) {
  ActorStage<Values> stage;
  conclib_reply_to reply;
  REQUIRE(stage.ask(std::move(message), reply) == CONCLIB_OK);
  return answer_of<M>(reply);
}

static_assert(conclib::Message<std::uint8_t> && conclib::Message<float> &&
              conclib::Message<std::vector<std::string>> &&
              conclib::Message<std::map<std::string, List>>);
static_assert(!conclib::Message<char> && !conclib::Message<const char*> &&
              !conclib::Message<std::vector<char>> && !conclib::Message<std::map<int, int>> &&
              !conclib::Message<void> && !conclib::Message<Values>);

}  // namespace

TEST_CASE("plain values are messages and replies") {
  CHECK_FALSE(echo(true));
  CHECK(echo(std::int64_t{41}) == 42);
  CHECK(echo(5.0) == 2.5);
  CHECK(echo(std::string("hello")) == "hello!");
  CHECK(echo(Map{{"a", 2.5}}) == Map{{"a", 2.5}, {"more", 1}});
}

TEST_CASE("a plain value of another width is encoded and decoded by its name") {
  ActorStage<Values> stage;
  conclib_reply_to reply;
  REQUIRE(stage.ask(std::int16_t{-7}, reply) == CONCLIB_OK);
  CHECK(reply.type == "int");
  CHECK(answer_of<std::int64_t>(reply) == -6);
  conclib_reply_to from_bytes;
  CHECK(stage.actor.receive("list", conclib::encode(List{1, 2, 3}), &from_bytes) == CONCLIB_OK);
  CHECK(answer_of<std::int64_t>(from_bytes) == 3);
  conclib_reply_to too_large;
  CHECK(stage.ask(UINT64_MAX, too_large) == CONCLIB_OK);
  CHECK(too_large.status == CONCLIB_REJECTED);
}

TEST_CASE("a message travels by value unless it is aligned beyond what the host offers") {
  const auto& by_value = conclib::detail::ObjectTypeOf<std::string>::table;
  CHECK(by_value.object_size == sizeof(std::string));
  CHECK(by_value.object_align == alignof(std::string));
  REQUIRE(static_cast<bool>(by_value.move));
  REQUIRE(static_cast<bool>(by_value.destruct));
  const auto& on_heap = conclib::detail::ObjectTypeOf<Wide>::table;
  CHECK(on_heap.object_size == 0);
  CHECK_FALSE(static_cast<bool>(on_heap.move));
  CHECK(static_cast<bool>(on_heap.destroy));
  ActorStage<Values> stage;
  conclib_reply_to reply;
  REQUIRE(stage.ask(Wide{1}, reply) == CONCLIB_OK);
  CHECK(answer_of<Wide>(reply).value == 2);
}

TEST_CASE("a tell moves its message into the host, and copies nothing") {
  ActorStage<Values> stage;
  stage.object().tell("other", Counted{});
  CHECK(stage.actor.tells.at(0).as<Counted>().copies == 0);
  CHECK(stage.actor.tells[0].as<Counted>().moves == 1);
}

TEST_CASE("a handler by reference sees the object in the host's memory") {
  ActorStage<Values> stage;
  REQUIRE(stage.tell(Counted{}) == CONCLIB_OK);
  // One move is that of the host which takes it over.
  CHECK(stage.object().seen == 1);
}
