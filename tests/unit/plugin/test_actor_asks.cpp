// SPDX-License-Identifier: MIT
#include <chrono>
#include <deque>
#include <stdexcept>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "conclib/actor.hpp"
#include "tests/unit/plugin/fake_host.hpp"

using conclib::testing::FakeActor;
using conclib::testing::FakeHost;
using namespace std::chrono_literals;

namespace {

struct Price {
  std::int64_t cents = 0;
  CONCLIB_MESSAGE(Price, cents)
};
struct Quote {
  std::string item;
  CONCLIB_MESSAGE(Quote, item)
};
/// What the actor shall do.
struct Do {
  std::string what;
  CONCLIB_MESSAGE(Do, what)
};

/// Asks, tells and answers later.
class Broker final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "broker";

  Broker() {
    on(&Broker::quote);
    on(&Broker::act);
  }

  /// Answered by another actor's reply, or by act.
  void quote(const Quote& quote) {
    if (quote.item == "later") {
      open_.push_back(defer<Price>());
      return;
    }
    ask<Price>("shop/" + quote.item, Quote{quote.item}, 250ms,
               [this, reply = defer<Price>()](conclib::AskResult<Price> result) mutable {
                 log().info("status ", result.status(), " ", result.text());
                 reply.respond(Price{result.value().cents + 1});
               });
  }

  void act(const Do& message) {
    if (message.what == "answer") {
      std::thread([this] { open_.front().respond(Price{5}); }).join();
    } else if (message.what == "fail") {
      open_.front().fail("sold out");
    } else if (message.what == "drop") {
      open_.pop_front();
    } else if (message.what == "tell") {
      tell("shop/1", Price{3});
      tell("shop/2", Price{4}, {.durable = true});
    } else if (message.what == "time") {
      tell("shop/1", Price{time_left() ? time_left()->count() : -1});
    } else if (message.what == "shared") {
      static_cast<void>(shared<int>());
    }
  }

 private:
  std::deque<conclib::Deferred<Price>> open_;
};

struct Stage {
  Stage() : actor(conclib::detail::ActorTypeOf<Broker>::table, host.table, host.handle, "broker") {
    REQUIRE(actor.create() == CONCLIB_OK);
  }
  conclib_status act(const std::string& what) {
    return actor.receive("Do", conclib::encode(Do{what}), nullptr);
  }
  conclib_status quote(const std::string& item, conclib_reply_to* reply) {
    return actor.receive("Quote", conclib::encode(Quote{item}), reply);
  }
  FakeHost host;
  FakeActor actor;
};

std::int64_t cents(const conclib_reply_to& reply) {
  REQUIRE(reply.status == CONCLIB_OK);
  return conclib::decode<Price>(reply.body).cents;
}

}  // namespace

TEST_CASE("a deferred reply is given after the handler has returned, from another thread") {
  Stage stage;
  conclib_reply_to reply;
  REQUIRE(stage.quote("later", &reply) == CONCLIB_OK);
  CHECK_FALSE(reply.answered);
  REQUIRE(stage.act("answer") == CONCLIB_OK);
  CHECK(cents(reply) == 5);
}

TEST_CASE("a deferred reply may be a failure with a text") {
  Stage stage;
  conclib_reply_to reply;
  REQUIRE(stage.quote("later", &reply) == CONCLIB_OK);
  REQUIRE(stage.act("fail") == CONCLIB_OK);
  CHECK(reply.status == CONCLIB_ACTOR_FAILED);
  CHECK(reply.text == "sold out");
  CHECK(stage.act("fail") == CONCLIB_ACTOR_FAILED);
  CHECK(stage.actor.error == "the request has been answered already");
}

TEST_CASE("a deferred reply that is destroyed drops its request") {
  Stage stage;
  conclib_reply_to first;
  conclib_reply_to second;
  REQUIRE(stage.quote("later", &first) == CONCLIB_OK);
  REQUIRE(stage.quote("later", &second) == CONCLIB_OK);
  REQUIRE(stage.act("drop") == CONCLIB_OK);
  CHECK(first.dropped);
  CHECK_FALSE(second.dropped);
  stage.actor.destroy();
  CHECK(second.dropped);
  CHECK_FALSE(second.answered);
}

TEST_CASE("the deferred reply to a tell goes nowhere and may be given all the same") {
  Stage stage;
  REQUIRE(stage.quote("later", nullptr) == CONCLIB_OK);
  CHECK(stage.act("fail") == CONCLIB_OK);
}

TEST_CASE("an ask sends an object, and its callback gets the reply") {
  Stage stage;
  conclib_reply_to reply;
  REQUIRE(stage.quote("bread", &reply) == CONCLIB_OK);
  REQUIRE(stage.actor.asks.size() == 1);
  const auto& ask = stage.actor.asks.front();
  CHECK(ask.urn == "shop/bread");
  CHECK(ask.type == "Quote");
  CHECK(ask.timeout_ms == 250);
  CHECK(ask.object_type == &conclib::detail::ObjectTypeOf<Quote>::table);
  CHECK_FALSE(reply.answered);
  Price price{41};
  auto payload = conclib::detail::payload_of(price);
  stage.actor.reply(0, CONCLIB_OK, "", &payload);
  CHECK(cents(reply) == 42);
}

TEST_CASE("the callback of an ask decodes a reply that comes as bytes") {
  Stage stage;
  conclib_reply_to reply;
  REQUIRE(stage.quote("bread", &reply) == CONCLIB_OK);
  const auto body = conclib::encode(Price{7});
  conclib_payload payload{CONCLIB_STR_INIT("Price"), {body.data(), body.size()}, nullptr, nullptr};
  stage.actor.reply(0, CONCLIB_OK, "", &payload);
  CHECK(cents(reply) == 8);
}

TEST_CASE("the callback of an ask hears why there is no reply; what it throws fails the actor") {
  Stage stage;
  conclib_reply_to reply;
  REQUIRE(stage.quote("bread", &reply) == CONCLIB_OK);
  stage.actor.reply(0, CONCLIB_TIMEOUT, "shop/bread took too long", nullptr);
  // The deferred reply stood in the callback and went with it.
  CHECK(reply.dropped);
  CHECK(stage.host.log.text() ==
        "<6>test plugin.test: broker: status 301 shop/bread took too long\n");
  CHECK(stage.actor.failures ==
        std::vector<std::string>{"a callback failed: shop/bread took too long"});
}

TEST_CASE("a reply of the wrong type or with the wrong bytes is told to the callback") {
  Stage stage;
  conclib_reply_to wrong;
  REQUIRE(stage.quote("a", &wrong) == CONCLIB_OK);
  conclib_payload banana{CONCLIB_STR_INIT("Banana"), {nullptr, 0}, nullptr, nullptr};
  stage.actor.reply(0, CONCLIB_OK, "", &banana);
  CHECK(stage.host.log.text().find("status 203 expected Price, got Banana") != std::string::npos);
  conclib_reply_to bad;
  REQUIRE(stage.quote("b", &bad) == CONCLIB_OK);
  conclib_payload bytes{CONCLIB_STR_INIT("Price"), {"\xc1", 1}, nullptr, nullptr};
  stage.actor.reply(1, CONCLIB_OK, "", &bytes);
  CHECK(stage.host.log.text().find("status 303 ") != std::string::npos);
}

TEST_CASE("an ask that is not taken fails the handler with the host's text") {
  Stage stage;
  stage.actor.send_status = CONCLIB_OVERLOADED;
  stage.actor.send_error = "the mailbox of shop/bread is full";
  conclib_reply_to reply;
  CHECK(stage.quote("bread", &reply) == CONCLIB_ACTOR_FAILED);
  CHECK(stage.actor.error == "ask to shop/bread: the mailbox of shop/bread is full");
  CHECK(reply.dropped);
}

TEST_CASE("asks on their way end with their actor") {
  Stage stage;
  conclib_reply_to reply;
  REQUIRE(stage.quote("bread", &reply) == CONCLIB_OK);
  stage.actor.destroy();
  CHECK(reply.dropped);
}

TEST_CASE("a tell sends an object, durable if it shall be") {
  Stage stage;
  REQUIRE(stage.act("tell") == CONCLIB_OK);
  REQUIRE(stage.actor.tells.size() == 2);
  CHECK(stage.actor.tells[0].urn == "shop/1");
  CHECK(stage.actor.tells[0].flags == 0);
  CHECK(stage.actor.tells[0].as<Price>().cents == 3);
  CHECK(stage.actor.tells[1].flags == CONCLIB_TELL_DURABLE);
}

TEST_CASE("a tell that is not taken fails the handler, with a text in any case") {
  Stage stage;
  stage.actor.send_status = CONCLIB_NO_ACTOR;
  CHECK(stage.act("tell") == CONCLIB_ACTOR_FAILED);
  CHECK(stage.actor.error == "tell to shop/1: no live node has an actor type for this URN");
}

TEST_CASE("a handler sees the time left, if there is a deadline") {
  Stage stage;
  REQUIRE(stage.act("time") == CONCLIB_OK);
  stage.actor.time_left_ms = 120;
  REQUIRE(stage.act("time") == CONCLIB_OK);
  CHECK(stage.actor.tells[0].as<Price>().cents == -1);
  CHECK(stage.actor.tells[1].as<Price>().cents == 120);
}

TEST_CASE("asking for something that the plugin does not share is an error") {
  Stage stage;
  CHECK(stage.act("shared") == CONCLIB_ACTOR_FAILED);
  CHECK(stage.actor.error == "the plugin shares nothing of this type");
}
