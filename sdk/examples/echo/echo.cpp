// SPDX-License-Identifier: MIT
// Answers with what it was sent; one actor for each name, so that load can be spread.
//
//     conclib ask echo/a Echo '{"text": "hello"}'
#include <string>
#include <string_view>
#include <utility>

#include <conclib/actor.hpp>

namespace {

struct Echo {
  std::string text;
  CONCLIB_MESSAGE(Echo, text)
};

class EchoActor final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "echo/{name}";

  EchoActor() { on(&EchoActor::echo); }

  Echo echo(Echo&& message) { return std::move(message); }
};

}  // namespace

CONCLIB_PLUGIN("echo", "1.0.0", EchoActor)
