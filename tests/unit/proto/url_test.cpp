// SPDX-License-Identifier: MIT
#include "proto/url.hpp"

#include <doctest/doctest.h>

namespace conclib::proto {
namespace {

RedisUrl parsed(std::string_view text) {
  const auto url = parse_redis_url(text);
  REQUIRE_MESSAGE(url.has_value(), text);
  return *url;
}

std::string refusal(std::string_view text) {
  const auto url = parse_redis_url(text);
  REQUIRE_MESSAGE(!url.has_value(), text);
  CHECK(url.error().code == Status::bad_argument);
  return url.error().text;
}

bool names(std::string_view url, std::string_view part) {
  const auto text = refusal(url);
  INFO(text);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a unix URL gives path and namespace") {
  const auto url = parsed("unix:///run/conclib/redis.sock?ns=shop");
  CHECK(url.is_unix);
  CHECK(url.path == "/run/conclib/redis.sock");
  CHECK(url.name_space == "shop");
  CHECK(url.password.empty());
}

TEST_CASE("a redis URL gives user, password, host, port, database and namespace") {
  const auto url = parsed("redis://web:secret@cache.example:7000/3?ns=shop");
  CHECK(!url.is_unix);
  CHECK(url.user == "web");
  CHECK(url.password == "secret");
  CHECK(url.host == "cache.example");
  CHECK(url.port == 7000);
  CHECK(url.db == 3);
  CHECK(url.name_space == "shop");
}

TEST_CASE("what a URL leaves out has a default") {
  const auto url = parsed("redis://localhost");
  CHECK(url.port == 6379);
  CHECK(url.db == 0);
  CHECK(url.name_space == "default");
  CHECK(parsed("redis://localhost/").db == 0);
  CHECK(parsed("redis://localhost?ns=a").name_space == "a");
  CHECK(parsed("redis://:secret@localhost").user.empty());
}

TEST_CASE("percent signs are decoded in user, password and path") {
  const auto url = parsed("redis://a%40b:p%2fw%3A%25@h");
  CHECK(url.user == "a@b");
  CHECK(url.password == "p/w:%");
  CHECK(parsed("unix:///tmp/with%20space/s").path == "/tmp/with space/s");
}

TEST_CASE("an IPv6 address stands in brackets") {
  const auto url = parsed("redis://:p@[::1]:6380/1");
  CHECK(url.host == "::1");
  CHECK(url.port == 6380);
  CHECK(parsed("redis://[fe80::1]").host == "fe80::1");
  CHECK(names("redis://::1:6379", "brackets"));
  CHECK(names("redis://[::1", "not closed"));
  CHECK(names("redis://[::1]6379", "may follow the ']'"));
}

TEST_CASE("a unix URL may log in and choose a database") {
  const auto url = parsed("unix://web:secret@/run/redis.sock?db=2&ns=shop");
  CHECK(url.user == "web");
  CHECK(url.password == "secret");
  CHECK(url.path == "/run/redis.sock");
  CHECK(url.db == 2);
}

TEST_CASE("an error names the part of the URL that is wrong") {
  CHECK(names("", "must begin with"));
  CHECK(names("http://host", "must begin with"));
  CHECK(names("rediss://host", "TLS"));
  CHECK(names("redis://", "host is missing"));
  CHECK(names("redis://:6379", "host is missing"));
  CHECK(names("redis://host:port", "port \"port\""));
  CHECK(names("redis://host:0", "port \"0\""));
  CHECK(names("redis://host:65536", "port \"65536\""));
  CHECK(names("redis://host:", "port \"\""));
  CHECK(names("redis://host/one", "database \"one\""));
  CHECK(names("redis://host/-1", "database \"-1\""));
  CHECK(names("redis://host?ns=a.b", "namespace \"a.b\""));
  CHECK(names("redis://host?ns=", "namespace \"\""));
  CHECK(names("redis://host?name=a", "parameter \"name\""));
  CHECK(names("redis://user@host", "no password"));
  CHECK(names("redis://u:%zz@host", "the password"));
  CHECK(names("redis://u:%00@host", "the password"));
  CHECK(names("redis://u:p%4@host:1", "the password"));
  CHECK(names("redis://host/0#x", "'#'"));
  CHECK(names("unix://", "path of the socket is missing"));
  CHECK(names("unix:///", "path of the socket is missing"));
  CHECK(names("unix://host/path", "no host"));
  CHECK(names("unix:///" + std::string(107, 'x'), "longer than 107"));
}

TEST_CASE("no error shows a password") {
  const auto hidden = [](std::string_view url) {
    return refusal(url).find("secret") == std::string::npos;
  };
  CHECK(hidden("redis://u:secret@host:x"));
  CHECK(hidden("redis://u:secret/more@host"));
  CHECK(hidden("redis://u:secret?more@host"));
  CHECK(hidden("redis://secret@host"));
  CHECK(hidden("unix://u:secret@host/path"));
}

TEST_CASE("the printable form hides the password and keeps the rest") {
  CHECK(parsed("redis://a%40b:secret@h:7/2?ns=x").printable() == "redis://a%40b:***@h:7/2?ns=x");
  CHECK(parsed("redis://[::1]").printable() == "redis://[::1]:6379/0?ns=default");
  CHECK(parsed("unix:///a%20b?ns=x&db=4").printable() == "unix:///a%20b?ns=x&db=4");
}

}  // namespace conclib::proto
