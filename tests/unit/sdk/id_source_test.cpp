// SPDX-License-Identifier: MIT
#include "sdk/src/id_source.hpp"

#include <set>
#include <string>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/urn.hpp"
#include "sdk/src/fork_guard.hpp"

namespace conclib::sdk {

TEST_CASE("ids are 16 bytes, their hex fits in a reply key, and none comes twice") {
  IdSource source;
  REQUIRE(source.draw());
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto id = source.next();
    CHECK(id.bytes().size() == 16);
    CHECK(id.hex().size() == 32);
    CHECK(proto::is_name(id.hex()));
    seen.emplace(id.bytes());
    seen.emplace(id.hex());
  }
  CHECK(seen.size() == 2000);
}

TEST_CASE("the hex of an id shows its bytes in order") {
  const Id id(0x0123456789abcdefU, 0xfedcba9876543210U);
  CHECK(id.hex() == "0123456789abcdeffedcba9876543210");
  CHECK(id.bytes().substr(0, 3) == "\x01\x23\x45");
  CHECK(id.bytes().substr(15) == "\x10");
}

TEST_CASE("each draw begins somewhere else") {
  IdSource source;
  REQUIRE(source.draw());
  const std::string first(source.next().hex().substr(0, 16));
  REQUIRE(source.draw());
  CHECK(source.next().hex().substr(0, 16) != first);
}

TEST_CASE("the fork guard resets once in a child and never in the parent") {
  ForkGuard guard;
  int resets = 0;
  const auto enter = [&] { guard.enter([&] { ++resets; }); };
  enter();
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    enter();
    enter();
    ::_exit(resets);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  enter();
  CHECK(WEXITSTATUS(status) == 1);
  CHECK(resets == 0);
}

}  // namespace conclib::sdk
