// SPDX-License-Identifier: MIT
#include <optional>

#include <doctest/doctest.h>

#include "tests/conformance/diary.hpp"

using namespace std::chrono_literals;
using namespace conclib::conformance;
using conclib::testkit::Kit;

namespace {

/// What cannot be copied without its address showing it.
struct Parcel {
  std::vector<std::int64_t> content;
  CONCLIB_MESSAGE(Parcel, content)
};
struct Begin {
  std::string what;
  CONCLIB_MESSAGE(Begin, what)
};
struct Question {
  std::string text;
  CONCLIB_MESSAGE(Question, text)
};
struct Release {
  CONCLIB_MESSAGE(Release)
};

std::string address_of(const Parcel& parcel) {
  return std::to_string(reinterpret_cast<std::uintptr_t>(parcel.content.data()));
}

class Receiver final : public Writer {
 public:
  static constexpr std::string_view urn = "receiver";

  Receiver() {
    on(&Receiver::take);
    on(&Receiver::answer);
  }
  void take(const Parcel& parcel) {
    note("received " + address_of(parcel) + " with " + std::to_string(parcel.content.size()));
  }
  Parcel answer(const Begin&) {
    Parcel parcel{{1, 2, 3}};
    note("sent " + address_of(parcel) + " with 3");
    return parcel;
  }
};

class Sender final : public Writer {
 public:
  static constexpr std::string_view urn = "sender";

  Sender() { on(&Sender::begin); }
  conclib::Task<void> begin(Begin message) {
    Parcel parcel{{1, 2, 3}};
    if (message.what == "tell") {
      note("sent " + address_of(parcel) + " with 3");
      tell("receiver", std::move(parcel));
    } else if (message.what == "broadcast") {
      const auto result = broadcast<Receiver>(parcel);
      note(std::to_string(result.delivered) + " delivered, still " +
           std::to_string(parcel.content.size()));
    } else {
      const auto reply = co_await ask<Parcel>("receiver", std::move(message));
      note("received " + address_of(reply) + " with " + std::to_string(reply.content.size()));
    }
  }
};

/// Answers when it is told to.
class Procrastinator final : public Writer {
 public:
  static constexpr std::string_view urn = "procrastinator";

  Procrastinator() {
    on(&Procrastinator::question);
    on(&Procrastinator::release);
  }
  void question(const Question& message) {
    later_.push_back(defer<std::string>());
    note("returned from " + message.text);
  }
  void release(const Release&) {
    for (auto& asker : later_) asker.respond("at last");
    later_.clear();
  }

 private:
  std::vector<conclib::Deferred<std::string>> later_;
};

/// Has others answer.
class Front final : public Writer {
 public:
  static constexpr std::string_view urn = "front";

  Front() { on(&Front::question); }
  void question(Question message) {
    if (message.text == "nobody") {
      delegate("no_such_actor", std::move(message));
    } else if (message.text == "later") {
      auto responder = take_request();
      responder.delegate("back", std::move(message));
    } else {
      delegate("back", std::move(message));
    }
  }
};
class Back final : public Writer {
 public:
  static constexpr std::string_view urn = "back";

  Back() { on(&Back::question); }
  std::string question(const Question& message) {
    if (message.text == "fail") throw std::runtime_error("the back broke");
    return "the back says " + message.text;
  }
};

/// Drops its requests, in several manners.
class Forgetful final : public Writer {
 public:
  static constexpr std::string_view urn = "forgetful";

  void on_receive(conclib::RequestEnvelope& request) override {
    const auto text = request.extract<Question>().text;
    if (text == "take") {
      const auto dropped = request.take();
    } else if (text == "keep") {
      kept_.emplace(request.take());
    } else if (text == "drop what was kept") {
      kept_.reset();
    }
  }

 private:
  std::optional<conclib::Responder> kept_;
};

/// Answers twice.
class Talkative final : public Writer {
 public:
  static constexpr std::string_view urn = "talkative";

  void on_receive(conclib::RequestEnvelope& request) override {
    const auto text = request.extract<Question>().text;
    const auto refused = text == "deferred" ? answer_deferred(request) : answer(request);
    note(std::to_string(refused.status()));
  }

 private:
  static conclib::Error answer(conclib::RequestEnvelope& request) {
    request.respond(std::string("first"));
    return error_of([&] { request.respond(std::string("second")); });
  }
  static conclib::Error answer_deferred(conclib::RequestEnvelope& request) {
    auto responder = request.take();
    responder.respond(std::string("first"));
    return error_of([&] { responder.respond(std::string("second")); });
  }
};

/// The last word of "received 1234 with 3".
std::string tail_of(const std::string& line) { return line.substr(line.find(' ')); }

}  // namespace

TEST_CASE("B9 a message between actors of one plugin is the object itself, moved") {
  Kit kit;
  kit.add<Sender, Receiver>();
  const Diary diary(kit);
  kit.tell("sender", Begin{"tell"});
  kit.run();
  REQUIRE(diary.lines().size() == 2);
  CHECK(tail_of(diary.lines()[0]) == tail_of(diary.lines()[1]));
}

TEST_CASE("B9 a reply between actors of one plugin is the object itself, moved") {
  Kit kit;
  kit.add<Sender, Receiver>();
  const Diary diary(kit);
  kit.tell("sender", Begin{"ask"});
  kit.run();
  REQUIRE(diary.lines().size() == 2);
  CHECK(tail_of(diary.lines()[0]) == tail_of(diary.lines()[1]));
}

TEST_CASE("B9 a message between plugins is encoded, and arrives the same") {
  Kit kit;
  kit.add<Sender>();
  kit.add<Receiver>();
  const Diary diary(kit);
  kit.tell("sender", Begin{"tell"});
  kit.run();
  REQUIRE(diary.lines().size() == 2);
  CHECK(holds(diary.lines()[1], "received"));
  CHECK(holds(diary.lines()[1], "with 3"));
  CHECK(tail_of(diary.lines()[0]) != tail_of(diary.lines()[1]));
}

TEST_CASE("B9 a broadcast gives each a copy and leaves the message alone") {
  Kit kit;
  kit.add<Sender, Receiver>();
  const Diary diary(kit);
  kit.run();
  kit.tell("sender", Begin{"broadcast"});
  kit.run();
  REQUIRE(diary.lines().size() == 2);
  CHECK(diary.lines()[0] == "1 delivered, still 3");
  CHECK(holds(diary.lines()[1], "with 3"));
}

TEST_CASE("B10 an answer may be given after the handler has returned") {
  Kit kit;
  kit.add<Procrastinator>();
  const Diary diary(kit);
  auto first = kit.begin_ask<std::string>("procrastinator", Question{"one"});
  auto second = kit.begin_ask<std::string>("procrastinator", Question{"two"});
  kit.run();
  CHECK(diary.lines() == Lines{"returned from one", "returned from two"});
  CHECK_FALSE(first.done());
  CHECK_FALSE(second.done());

  kit.tell("procrastinator", Release{});
  CHECK(first.get() == "at last");
  CHECK(second.get() == "at last");
}

TEST_CASE("B10 another actor answers what is delegated to it") {
  Kit kit;
  kit.add<Front, Back>();
  CHECK(kit.ask<std::string>("front", Question{"now"}) == "the back says now");
  CHECK(kit.ask<std::string>("front", Question{"later"}) == "the back says later");
  const auto error = error_of([&] { (void)kit.ask<std::string>("front", Question{"fail"}); });
  CHECK(error.status() == CONCLIB_ACTOR_FAILED);
  CHECK(holds(error.what(), "the back broke"));
}

TEST_CASE("B10 what is delegated to nobody is answered so") {
  Kit kit;
  kit.add<Front, Back>();
  const auto error = error_of([&] { (void)kit.ask<std::string>("front", Question{"nobody"}); });
  CHECK(error.status() == CONCLIB_NO_ACTOR);
  CHECK(holds(error.what(), "no_such_actor"));
  CHECK(kit.elapsed() == 0ns);
}

TEST_CASE("B11 a request that is dropped unanswered is NO_REPLY at once") {
  Kit kit;
  kit.add<Forgetful>();
  for (const auto* how : {"ignore", "take"}) {
    CAPTURE(how);
    const auto error = error_of([&] { (void)kit.ask<std::string>("forgetful", Question{how}); });
    CHECK(error.status() == CONCLIB_NO_REPLY);
    CHECK(holds(error.what(), "forgetful"));
    CHECK(holds(error.what(), "Question"));
  }
  CHECK(kit.elapsed() == 0ns);
}

TEST_CASE("B11 a kept request that is dropped later is NO_REPLY then") {
  Kit kit;
  kit.add<Forgetful>();
  auto kept = kit.begin_ask<std::string>("forgetful", Question{"keep"});
  kit.run();
  CHECK_FALSE(kept.done());
  kit.tell("forgetful", Question{"drop what was kept"});
  const auto error = error_of([&] { (void)kept.get(); });
  CHECK(error.status() == CONCLIB_NO_REPLY);
  CHECK(holds(error.what(), "forgetful"));
  CHECK(kit.elapsed() == 0ns);
}

TEST_CASE("B12 a second answer is refused and logged, and the asker has the first") {
  for (const auto* how : {"at once", "deferred"}) {
    CAPTURE(how);
    Kit kit;
    kit.add<Talkative>();
    const Diary diary(kit);
    CHECK(kit.ask<std::string>("talkative", Question{how}) == "first");
    kit.run();
    CHECK(diary.lines() == Lines{std::to_string(CONCLIB_ALREADY_RESPONDED)});
    CHECK(lines_with(kit.log(), "warn", "answered") == 1);
    CHECK(lines_with(kit.log(), "warn", "talkative") == 1);
  }
}
