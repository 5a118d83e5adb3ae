// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/unit/runtime/worker_under_test.hpp"

using namespace conclib::runtime;
using conclib::proto::Status;

TEST_CASE("the URNs of all types are listed in order") {
  ScriptedType cart("cart/{id}");
  ScriptedType alarm("alarm");
  WorkerUnderTest worker;
  REQUIRE(worker.add(cart));
  REQUIRE(worker.add(alarm));
  CHECK(worker.runtime.type_urns() == std::vector<std::string>{"alarm", "cart/{id}"});
}

TEST_CASE("a second type under the same URN is refused with both plugins named") {
  ScriptedType first("cart/{id}");
  ScriptedType second("cart/{key}");
  WorkerUnderTest worker;
  REQUIRE(worker.add(first, 0));
  const auto refused = worker.add(second, 1);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text.find("plugin-0") != std::string::npos);
  CHECK(refused.error().text.find("plugin-1") != std::string::npos);
}

TEST_CASE("a URN that no actor can have is refused") {
  for (const auto* urn : {"{id}", "cart/{id", "cart/{}", "cart/{a}/{b}", "a b", "x#child",
                          "cart{id}", "cart/{id}/x", "cart/a}"}) {
    CAPTURE(urn);
    ScriptedType type(urn);
    WorkerUnderTest worker;
    const auto refused = worker.add(type);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Status::bad_argument);
  }
}

TEST_CASE("a type without its functions is refused") {
  ScriptedType type("cart/{id}");
  type.type.receive = nullptr;
  WorkerUnderTest worker;
  CHECK_FALSE(worker.add(type));
}
