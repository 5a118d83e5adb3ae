// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstdint>
#include <string>

#include <conclib/actor.hpp>

namespace {

struct Echo {
  std::string text;
  CONCLIB_MESSAGE(Echo, text)
};

/// Asks the echo actor behind `urn` and answers with what it says.
struct Relay {
  std::string urn;
  std::string text;
  CONCLIB_MESSAGE(Relay, urn, text)
};

struct Relayed {
  std::string text;
  CONCLIB_MESSAGE(Relayed, text)
};

/// Tells the counter behind `urn` to add one.
struct Bump {
  std::string urn;
  CONCLIB_MESSAGE(Bump, urn)
};

struct Add {
  std::int64_t by = 1;
  CONCLIB_MESSAGE(Add, by)
};

struct Nothing {
  CONCLIB_MESSAGE(Nothing)
};

class RelayActor final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "relay/{name}";
  RelayActor() {
    on(&RelayActor::relay);
    on(&RelayActor::bump);
  }

  void relay(const Relay& message) {
    log().info("relaying to " + message.urn);
    auto answer = defer<Relayed>();
    ask<Echo>(message.urn, Echo{message.text}, std::chrono::seconds(5),
              [answer = std::move(answer)](auto reply) mutable {
                if (reply.ok()) {
                  answer.respond(Relayed{reply.value().text});
                } else {
                  answer.fail(reply.text());
                }
              });
  }

  Nothing bump(const Bump& message) {
    tell(message.urn, Add{1});
    return {};
  }
};

}  // namespace

CONCLIB_PLUGIN("relay", "1.0.0", RelayActor)
