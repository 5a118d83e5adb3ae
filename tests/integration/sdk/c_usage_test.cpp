// SPDX-License-Identifier: MIT
#include "tests/integration/sdk/c_usage.h"

#include <string>

#include <doctest/doctest.h>

#include "tests/integration/sdk/responder.hpp"

namespace conclib::sdk_test {

TEST_CASE("a program in C asks and tells") {
  RedisServer server;
  make_namespace(server);
  Responder responder(server, echo);
  CHECK(std::string(c_usage(server.url().c_str())) == "");
}

}  // namespace conclib::sdk_test
