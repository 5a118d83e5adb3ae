// SPDX-License-Identifier: MIT
#include <array>
#include <cstdio>
#include <string>

#include <doctest/doctest.h>
#include <sys/wait.h>

#include "tests/integration/sdk/responder.hpp"

namespace conclib::sdk_test {
namespace {

struct Run {
  int exit_code = -1;
  std::string output;  ///< Standard output and error.

  [[nodiscard]] bool shows(const std::string& part) const {
    INFO(output);
    return output.find(part) != std::string::npos;
  }
};

/// Runs the command line tool with these arguments, as a shell takes them apart.
Run conclib(const std::string& arguments, const std::string& before = {}) {
  const auto command = before + "'" CONCLIB_CLI "' " + arguments + " 2>&1";
  FILE* const pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  Run run;
  std::array<char, 4096> buffer;
  for (std::size_t count = 0; (count = ::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    run.output.append(buffer.data(), count);
  }
  run.exit_code = WEXITSTATUS(::pclose(pipe));
  return run;
}

std::string at(const RedisServer& server) { return "--url '" + server.url() + "' "; }

}  // namespace

TEST_CASE("the tool prints a reply as one line of JSON") {
  RedisServer server;
  make_namespace(server);
  Responder responder(server, echo);
  const auto run = conclib(at(server) + "ask counter/a Add '{\"by\": 5}' --timeout 20s");
  CHECK(run.exit_code == 0);
  CHECK(run.output == "{\"by\":5}\n");
  const auto verbose = conclib(at(server) + "ask counter/a Add --verbose --timeout 20s");
  CHECK(verbose.output == "{\"body\":{},\"type\":\"Add\"}\n");
  const auto piped = conclib(at(server) + "ask counter/a Add - --timeout 20s", "echo '[1]' | ");
  CHECK(piped.output == "[1]\n");
  const auto by_environment =
      conclib("ask counter/a Add --timeout 20s", "CONCLIB_URL='" + server.url() + "' ");
  CHECK(by_environment.output == "{}\n");
}

TEST_CASE("the tool prints the receipt of a tell") {
  RedisServer server;
  make_namespace(server);
  const auto run = conclib(at(server) + "tell counter/a Add '{\"by\": 5}'");
  CHECK(run.exit_code == 0);
  CHECK(run.shows("-0\n"));
}

TEST_CASE("the tool's exit code tells whether the message ran") {
  RedisServer server;
  make_namespace(server);
  write_node(server, 0);
  Responder responder(server, [](const proto::Request& request) {
    const auto number = std::stoul(std::string(request.type));
    return number == 0 ? std::string()
                       : failure(request, static_cast<proto::Status>(number), "the reason");
  });
  const auto ask = [&](const std::string& type, const std::string& timeout) {
    return conclib(at(server) + "ask counter/a " + type + " --timeout " + timeout);
  };
  const auto never = ask("100", "20s");
  CHECK(never.exit_code == 2);
  CHECK(never.output == "conclib: NO_ACTOR: the reason\n");
  CHECK(ask("200", "20s").exit_code == 3);
  CHECK(ask("300", "20s").exit_code == 4);
  CHECK(ask("0", "100ms").exit_code == 4);
}

TEST_CASE("the tool ends with 5 when there is no daemon") {
  RedisServer server;
  CHECK(conclib(at(server) + "ask counter/a Add").exit_code == 5);
  CHECK(conclib(at(server) + "status").exit_code == 5);
  make_namespace(server);
  CHECK(conclib(at(server) + "ask counter/a Add --timeout 100ms").exit_code == 5);
  const auto run = conclib("--url unix:///nowhere/redis.sock status");
  CHECK(run.exit_code == 5);
  CHECK(run.shows("conclib: REDIS_UNREACHABLE: "));
}

TEST_CASE("a wrong command line is one line and exit code 1") {
  for (const auto* arguments :
       {"", "sing", "ask", "ask counter/a", "ask counter/a Add '{' ", "status --what",
        "ask counter/a Add --timeout 5", "--url http://x status", "tell 'a b' Add"}) {
    const auto run = conclib(arguments, "CONCLIB_URL=unix:///nowhere/redis.sock ");
    INFO(arguments);
    INFO(run.output);
    CHECK(run.output.substr(0, 9) == "conclib: ");
    CHECK(run.output.find('\n') == run.output.size() - 1);
  }
  CHECK(conclib("ask counter/a Add --timeout 5").exit_code == 1);
  CHECK(conclib("--url http://x status").exit_code == 1);
}

TEST_CASE("the tool shows the status for people and as JSON") {
  RedisServer server;
  make_namespace(server);
  write_node(server, 0);
  const auto run = conclib(at(server) + "status");
  CHECK(run.exit_code == 0);
  CHECK(run.shows("1 of 1 nodes alive, 4 partitions"));
  CHECK(run.shows("testhost"));
  CHECK(run.shows("counter/{name}"));
  const auto json = conclib(at(server) + "status --json");
  CHECK(json.exit_code == 0);
  CHECK(json.shows("\"namespace\":\"test\""));
}

TEST_CASE("the tool explains itself") {
  const auto help = conclib("--help");
  CHECK(help.exit_code == 0);
  CHECK(help.shows("conclib ask counter/visits Add"));
  CHECK(help.shows("Exit codes:"));
  CHECK(conclib("--version").output.substr(0, 8) == "conclib ");
}

}  // namespace conclib::sdk_test
