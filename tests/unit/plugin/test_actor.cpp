// SPDX-License-Identifier: MIT
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "conclib/actor.hpp"
#include "tests/unit/plugin/fake_host.hpp"

using conclib::testing::FakeActor;
using conclib::testing::FakeHost;

namespace {

struct Word {
  std::string text;
  CONCLIB_MESSAGE(Word, text)
};
struct Number {
  std::int64_t value = 0;
  CONCLIB_MESSAGE(Number, value)
};
struct Blob {
  std::vector<int> bytes;
  CONCLIB_MESSAGE(Blob, bytes)
};
struct Throw {
  std::string what;
  CONCLIB_MESSAGE(Throw, what)
};
struct Stop {
  CONCLIB_MESSAGE(Stop)
};

namespace elsewhere {
struct Word {
  std::vector<int> more;
  std::string text;
  CONCLIB_MESSAGE(Word, more, text)
};
}  // namespace elsewhere

struct OwnException {};

/// Typed handlers of every form.
class Typed final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "typed/{key}";
  static constexpr bool blocking = true;
  static constexpr unsigned threads_max = 7;
  static constexpr unsigned mailbox_messages_max = 9;

  explicit Typed(std::string_view key) : key_(key) {
    on(&Typed::take_word);
    on(&Typed::take_number);
    on(&Typed::fail);
    on(&Typed::place);
  }
  Word take_word(const Word& word) { return {key_ + ":" + word.text}; }
  void take_number(const Number& /*number*/) noexcept {}
  Number fail(const Throw& message) const {
    if (message.what == "int") throw 7;
    if (message.what == "own") throw OwnException{};
    if (message.what == "reject") throw conclib::Rejected("not today");
    throw std::runtime_error(message.what);
  }
  /// Where the text that it took over lies in memory.
  Number place(Blob blob) { return {reinterpret_cast<std::intptr_t>(blob.bytes.data())}; }

 private:
  std::string key_;
};

/// A single on_receive; logs what it does.
class Plain final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "plain";

  Plain() {
    if (settings().get("refuse") == "yes") throw std::runtime_error("cannot be made here");
    counter("made").add();
  }
  void on_start() override {
    if (settings().get("refuse") == "start") throw 1;
  }
  void on_stop() override { log().info("stopped ", key()); }
  void on_receive(conclib::RequestEnvelope& request) override {
    if (request.matches<Word>()) {
      auto& word = request.extract<Word>();
      CHECK(&request.extract<Word>() == &word);
      CHECK(request.id() == "id-1");
      CHECK(request.sender() == "sender");
      request.respond(Word{std::move(word.text) + "!"});
    } else if (request.matches<Number>()) {
      request.respond(Number{1});
      request.respond(Number{2});
    } else if (request.matches<Throw>()) {
      static_cast<void>(request.extract<Word>());
    } else if (request.matches<Stop>()) {
      stop();
    } else {
      Actor::on_receive(request);
    }
  }
};

class Twice final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "twice";
  Twice() {
    on(&Twice::one);
    on(&Twice::two);
  }
  void one(const Word& /*word*/) {}
  void two(const Word& /*word*/) {}
};

template <typename T>
const conclib_actor_type& type_of() {
  return conclib::detail::ActorTypeOf<T>::table;
}

/// An actor that has been created, on a host of its own.
template <typename T>
struct Stage {
  explicit Stage(std::string key = "") : actor(type_of<T>(), host.table, host.handle, "urn", key) {
    REQUIRE(actor.create() == CONCLIB_OK);
  }
  FakeHost host;
  FakeActor actor;
};

template <typename T>
std::string bytes(const T& message) {
  return conclib::encode(message);
}

}  // namespace

TEST_CASE("what a typed handler returns is the reply, and the key reached the constructor") {
  Stage<Typed> stage("k");
  conclib_reply_to reply;
  CHECK(stage.actor.receive("Word", bytes(Word{"hello"}), &reply) == CONCLIB_OK);
  CHECK(reply.status == CONCLIB_OK);
  CHECK(reply.type == "Word");
  CHECK(conclib::decode<Word>(reply.body).text == "k:hello");
}

TEST_CASE("a handler that returns nothing answers an ask with Done, a tell with nothing") {
  Stage<Typed> stage;
  conclib_reply_to reply;
  CHECK(stage.actor.receive("Number", bytes(Number{4}), &reply) == CONCLIB_OK);
  CHECK(reply.type == "Done");
  CHECK(reply.body == "\x80");
  CHECK(stage.actor.receive("Number", bytes(Number{4}), nullptr) == CONCLIB_OK);
  CHECK(stage.actor.receive("Word", bytes(Word{"x"}), nullptr) == CONCLIB_OK);
}

TEST_CASE("constants of the class stand in the type's table") {
  const auto& type = type_of<Typed>();
  CHECK(conclib::plugin::view_of(type.urn) == "typed/{key}");
  CHECK(type.flags == CONCLIB_ACTOR_BLOCKING);
  CHECK(type.threads_max == 7);
  CHECK(type.mailbox_messages_max == 9);
  CHECK(type_of<Plain>().flags == 0);
  CHECK(type_of<Plain>().threads_max == 0);
}

TEST_CASE("on_receive matches, extracts once and responds") {
  Stage<Plain> stage;
  conclib_reply_to reply;
  CHECK(stage.actor.receive("Word", bytes(Word{"hello"}), &reply) == CONCLIB_OK);
  CHECK(conclib::decode<Word>(reply.body).text == "hello!");
}

TEST_CASE("an unknown message type is UNEXPECTED_MESSAGE and names actor and type") {
  Stage<Plain> plain;
  conclib_reply_to reply;
  CHECK(plain.actor.receive("Banana", "", &reply) == CONCLIB_UNEXPECTED_MESSAGE);
  CHECK(reply.text == "actor urn has no handler for Banana; it takes nothing");
  Stage<Typed> typed;
  CHECK(typed.actor.receive("Banana", "", nullptr) == CONCLIB_UNEXPECTED_MESSAGE);
  CHECK(typed.actor.error ==
        "actor urn has no handler for Banana; it takes Word, Number, Throw, Blob");
}

TEST_CASE("extracting what the message is not is UNEXPECTED_MESSAGE") {
  Stage<Plain> stage;
  conclib_reply_to reply;
  CHECK(stage.actor.receive("Throw", "", &reply) == CONCLIB_UNEXPECTED_MESSAGE);
  CHECK(reply.text == "the message is a Throw, not a Word");
}

TEST_CASE("every kind of exception stops at the border, and the actor goes on") {
  Stage<Typed> stage;
  const auto failure_of = [&](const std::string& what) {
    conclib_reply_to reply;
    CHECK(stage.actor.receive("Throw", bytes(Throw{what}), &reply) == CONCLIB_ACTOR_FAILED);
    CHECK(reply.status == CONCLIB_ACTOR_FAILED);
    return reply.text;
  };
  CHECK(failure_of("no bread") == "no bread");
  CHECK(failure_of("int") == "an exception of type int");
  CHECK(failure_of("own") == "an exception of type (anonymous namespace)::OwnException");
  CHECK(stage.actor.receive("Number", bytes(Number{1}), nullptr) == CONCLIB_OK);
}

TEST_CASE("a rejected ask is answered REJECTED, a rejected tell returns it") {
  Stage<Typed> stage;
  conclib_reply_to reply;
  CHECK(stage.actor.receive("Throw", bytes(Throw{"reject"}), &reply) == CONCLIB_OK);
  CHECK(reply.answered);
  CHECK(reply.status == CONCLIB_REJECTED);
  CHECK(reply.text == "not today");
  CHECK(stage.actor.receive("Throw", bytes(Throw{"reject"}), nullptr) == CONCLIB_REJECTED);
  CHECK(stage.actor.error == "not today");
}

TEST_CASE("bytes that do not fit are REJECTED with type and field, and nothing runs") {
  Stage<Typed> stage;
  conclib_reply_to reply;
  CHECK(stage.actor.receive("Number", "\x81\xa5value\xa1x", &reply) == CONCLIB_OK);
  CHECK(reply.status == CONCLIB_REJECTED);
  CHECK(reply.text.find("Number") != std::string::npos);
  CHECK(reply.text.find("\"value\"") != std::string::npos);
  Stage<Plain> plain;
  conclib_reply_to other;
  CHECK(plain.actor.receive("Word", "\xc1", &other) == CONCLIB_OK);
  CHECK(other.status == CONCLIB_REJECTED);
}

TEST_CASE("a second answer to one request fails, and the first one stands") {
  Stage<Plain> stage;
  conclib_reply_to reply;
  CHECK(stage.actor.receive("Number", "", &reply) == CONCLIB_ACTOR_FAILED);
  CHECK(conclib::decode<Number>(reply.body).value == 1);
  CHECK(stage.actor.error == "the request has been answered or taken already");
  CHECK(stage.host.log.text() ==
        "<4>test plugin.test: urn: the request has been answered or taken already\n");
}

TEST_CASE("an object of the same plugin is handed over as it is, by moves") {
  Stage<Typed> stage;
  Blob blob{{1, 2, 3}};
  const auto place = reinterpret_cast<std::intptr_t>(blob.bytes.data());
  conclib_reply_to reply;
  CHECK(stage.actor.receive(conclib::detail::payload_of(blob), &reply) == CONCLIB_OK);
  CHECK(conclib::decode<Number>(reply.body).value == place);
}

TEST_CASE("an object of another struct of the same name is encoded and decoded") {
  Stage<Typed> stage;
  conclib_reply_to reply;
  elsewhere::Word far{{3}, "far"};
  CHECK(stage.actor.receive(conclib::detail::payload_of(far), &reply) == CONCLIB_OK);
  CHECK(conclib::decode<Word>(reply.body).text == ":far");
}

TEST_CASE("an actor that cannot be made or started says why") {
  FakeHost host;
  FakeActor actor(type_of<Plain>(), host.table, host.handle, "plain");
  host.handle.settings["refuse"] = "yes";
  CHECK(actor.create() == CONCLIB_NOT_STARTED);
  CHECK(actor.error == "cannot be made here");
  CHECK_FALSE(actor.alive());
  host.handle.settings["refuse"] = "start";
  REQUIRE(actor.create() == CONCLIB_OK);
  CHECK(actor.start() == CONCLIB_NOT_STARTED);
  CHECK(actor.error == "an exception of type int");
  CHECK(host.handle.metrics.counter("made")->value == 1);

  FakeActor twice(type_of<Twice>(), host.table, host.handle, "twice");
  CHECK(twice.create() == CONCLIB_NOT_STARTED);
  CHECK(twice.error == "two handlers for message type Word");
}

TEST_CASE("on_stop runs at a stop, and stop asks the host for one") {
  Stage<Plain> stage("key");
  CHECK(stage.actor.receive("Stop", "", nullptr) == CONCLIB_OK);
  CHECK(stage.actor.stop_asked);
  CHECK(stage.actor.stop() == CONCLIB_OK);
  CHECK(stage.host.log.text() == "<6>test plugin.test: urn: stopped key\n");
}
