// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

#include "sdk/src/backoff.hpp"
#include "sdk/src/command.hpp"
#include "sdk/src/default_url.hpp"
#include "sdk/src/message.hpp"
#include "sdk/src/namespace_meta.hpp"

namespace conclib::sdk {
namespace {

using proto::Status;

Message valid() {
  Message message;
  message.urn = "counter/a";
  message.type = "Add";
  return message;
}

/// The text of the refusal; empty when the message is accepted.
std::string refusal(const Message& message) {
  const auto result = check_message(message);
  if (result) return {};
  CHECK(result.error().code == Status::bad_argument);
  return result.error().text;
}

}  // namespace

TEST_CASE("a command is an array of bulk strings, and commands follow each other") {
  std::string out;
  append_command(out, {"PING"});
  append_command(out, {"GET", "", std::string_view("a\0b", 3)});
  CHECK(out == std::string("*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nGET\r\n$0\r\n\r\n$3\r\na\0b\r\n", 42));
}

TEST_CASE("a message is checked before it is sent, and the refusal names the part") {
  CHECK(refusal(valid()).empty());
  auto message = valid();
  message.body = "\x80";
  CHECK(refusal(message).empty());
  message.body = "\x80\x80";
  CHECK(refusal(message).find("body of Add") != std::string::npos);
  message = valid();
  message.type = "";
  CHECK(refusal(message).find("type") != std::string::npos);
  message.type = "\xff";
  CHECK(refusal(message).find("UTF-8") != std::string::npos);
  const std::string long_text(513, 'x');
  message.type = long_text;
  CHECK(refusal(message).find("255") != std::string::npos);
  message = valid();
  message.trace_state = long_text;
  CHECK(refusal(message).find("tracestate") != std::string::npos);
  message = valid();
  message.urn = "a b";
  CHECK(refusal(message).find("URN") != std::string::npos);
}

TEST_CASE("the backoff ends with its time and not long before") {
  const auto start = Clock::now();
  const auto until = start + Milliseconds(60);
  Backoff backoff;
  while (backoff.wait(until)) CHECK(Clock::now() < until + Milliseconds(2000));
  CHECK(Clock::now() - start >= Milliseconds(50));
  CHECK(!backoff.wait(start));
}

TEST_CASE("numbers of Redis are read whole or not at all") {
  CHECK(parse_number("18446744073709551615") == 18446744073709551615U);
  CHECK(parse_number("12x") == 0);
  CHECK(parse_number("-1") == 0);
  CHECK(parse_number("") == 0);
}

TEST_CASE("a daemon is looked for in the environment, the run directory, and /run") {
  ::unsetenv("CONCLIB_URL");
  ::unsetenv("XDG_RUNTIME_DIR");
  CHECK(default_url() == "unix:///run/conclib/redis.sock?ns=default");

  std::string folder = std::filesystem::temp_directory_path() / "conclib-url-XXXXXX";
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  ::setenv("XDG_RUNTIME_DIR", folder.c_str(), 1);
  CHECK(default_url() == "unix:///run/conclib/redis.sock?ns=default");
  std::filesystem::create_directory(folder + "/conclib");
  std::ofstream(folder + "/conclib/redis.sock") << "";
  CHECK(default_url() == "unix://" + folder + "/conclib/redis.sock?ns=default");

  ::setenv("CONCLIB_URL", "redis://elsewhere", 1);
  CHECK(default_url() == "redis://elsewhere");
  ::unsetenv("CONCLIB_URL");
  ::unsetenv("XDG_RUNTIME_DIR");
  std::filesystem::remove_all(folder);
}

}  // namespace conclib::sdk
