// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "conclib/testkit.hpp"
#include "tests/unit/testkit/c_usage.h"
#include "tests/unit/testkit/shop.hpp"

namespace {

constexpr conclib_plugin plugin =
    conclib::detail::PluginOf<conclib::detail::Nothing, shop::Counter>::describe("shop", "1");

}  // namespace

TEST_CASE("a C program tests an actor") {
  int actors = 0;
  CHECK(ask_from_c(&plugin, "counter/a", 9, &actors) == CONCLIB_OK);
  CHECK(actors == 1);
}

TEST_CASE("a missing table or kit is refused") {
  int actors = 0;
  CHECK(ask_from_c(nullptr, "counter/a", 9, &actors) == CONCLIB_INTERNAL);
  CHECK(conclib_kit_run(nullptr) == CONCLIB_BAD_ARGUMENT);
  conclib_kit_close(nullptr);
}

TEST_CASE("a caller with an older and smaller struct gets what fits into it") {
  conclib_kit* kit = conclib_kit_open(nullptr);
  REQUIRE(conclib_kit_add(kit, &plugin) == CONCLIB_OK);
  conclib_kit_message message{};
  message.size = sizeof(message);
  message.urn = {"counter/a", 9};
  message.type = {"Add", 3};
  std::uint64_t ask = 0;
  REQUIRE(conclib_kit_ask(kit, &message, &ask) == CONCLIB_OK);

  conclib_kit_reply reply{};
  reply.size = offsetof(conclib_kit_reply, type);
  reply.text = {"untouched", 9};
  CHECK(conclib_kit_await(kit, ask, &reply) == CONCLIB_OK);

  CHECK(reply.status == CONCLIB_OK);
  CHECK(reply.size == offsetof(conclib_kit_reply, type));
  CHECK(reply.text.size == 9);
  conclib_kit_close(kit);
}
