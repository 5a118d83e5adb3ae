// SPDX-License-Identifier: MIT
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conclib/client.hpp"
#include "tests/integration/sdk/outcome.hpp"
#include "tests/integration/sdk/responder.hpp"

namespace conclib::sdk_test {
namespace {

/// Asks `count` times, from `first` on; whether each reply was the right one.
bool asks_rightly(Client& client, std::uint64_t first, std::uint64_t count) {
  for (auto value = first; value < first + count; ++value) {
    const auto outcome = outcome_of([&] {
      const auto reply = client.ask<Number>("counter/a", Number{value, ""}, patience);
      if (reply.value != value) throw Error(CONCLIB_INTERNAL, "a wrong reply");
    });
    if (outcome.status != CONCLIB_OK) return false;
  }
  return true;
}

/// Runs a function in a forked child; whether it was true there.
template <typename Function>
bool in_child(const Function& function) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(function() ? 0 : 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// How many sockets this process has open.
std::size_t open_sockets() {
  std::size_t count = 0;
  for (int descriptor = 0; descriptor < 256; ++descriptor) {
    const auto path = "/proc/self/fd/" + std::to_string(descriptor);
    char target[64] = {};
    if (::readlink(path.c_str(), target, sizeof(target) - 1) > 0 &&
        std::string(target).compare(0, 7, "socket:") == 0) {
      ++count;
    }
  }
  return count;
}

}  // namespace

TEST_CASE("parent and forked child use one client object, each with the right replies") {
  RedisServer server;
  make_namespace(server);
  Responder responder(server, echo);
  Client client(server.url());
  REQUIRE(asks_rightly(client, 0, 3));
  CHECK(in_child([&] { return asks_rightly(client, 1000, 50); }));
  CHECK(asks_rightly(client, 2000, 50));
}

TEST_CASE("a child that closes the client leaves the parent's connection alone") {
  RedisServer server;
  make_namespace(server);
  Responder responder(server, echo);
  auto client = std::make_unique<Client>(server.url());
  REQUIRE(asks_rightly(*client, 0, 3));
  CHECK(in_child([&] {
    client.reset();
    return true;
  }));
  TestConnection redis(server.socket_path());
  const std::string before = redis.run({"CLIENT", "LIST"})->str;
  CHECK(asks_rightly(*client, 100, 3));
  const std::string after = redis.run({"CLIENT", "LIST"})->str;
  const auto line = before.rfind("\n", before.find("name=conclib-app"));
  const auto id = before.substr(line + 1, before.find(' ', line + 1) - line);
  CHECK(after.find(id) != std::string::npos);
}

TEST_CASE("a child gives the inherited sockets back at its first ask") {
  RedisServer server;
  make_namespace(server);
  Responder responder(server, echo);
  Client client(server.url());
  REQUIRE(asks_rightly(client, 0, 1));
  CHECK(in_child([&] {
    const auto inherited = open_sockets();
    return asks_rightly(client, 10, 1) && open_sockets() == inherited;
  }));
}

// The allocators of the sanitizers, unlike that of the C library, may be locked for ever in the
// child of a program with threads.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool allocator_survives_fork = false;
#else
constexpr bool allocator_survives_fork = true;
#endif

TEST_CASE("a fork while other threads ask leaves a client that works in the child" *
          doctest::skip(!allocator_survives_fork)) {
  RedisServer server;
  make_namespace(server);
  Responder responder(server, echo);
  Client client(server.url());
  std::atomic<bool> is_over{false};
  std::atomic<bool> is_wrong{false};
  std::vector<std::thread> threads;
  for (std::uint64_t t = 1; t <= 4; ++t) {
    threads.emplace_back([&, t] {
      while (!is_over) is_wrong = is_wrong || !asks_rightly(client, t * 1000, 5);
    });
  }
  for (int i = 0; i < 20; ++i) {
    CHECK(in_child([&] { return asks_rightly(client, 100'000, 2); }));
  }
  is_over = true;
  for (auto& thread : threads) thread.join();
  CHECK(!is_wrong);
}

}  // namespace conclib::sdk_test
