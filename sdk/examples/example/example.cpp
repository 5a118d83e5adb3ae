// SPDX-License-Identifier: MIT
// One actor with a fixed name, written around on_receive.
//
//     conclib ask example_actor ExampleReqMessage '{}'
#include <string_view>

#include <conclib/actor.hpp>

namespace {

struct ExampleReqMessage {
  CONCLIB_MESSAGE(ExampleReqMessage)
};

struct ExampleRespMessage {
  CONCLIB_MESSAGE(ExampleRespMessage)
};

class ExampleActor final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "example_actor";

  void on_receive(conclib::RequestEnvelope& request) override {
    // Check which type of message was received and extract it.
    if (request.matches<ExampleReqMessage>()) {
      [[maybe_unused]] const auto& message = request.extract<ExampleReqMessage>();
      // Do something with the message.
      request.respond(ExampleRespMessage{});
    } else {
      conclib::Actor::on_receive(request);  // The asker hears UNEXPECTED_MESSAGE.
    }
  }
};

}  // namespace

CONCLIB_PLUGIN("example", "1.0.0", ExampleActor)
