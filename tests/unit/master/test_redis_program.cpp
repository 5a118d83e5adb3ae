// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <fstream>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "daemon/master/redis_program.hpp"
#include "tests/unit/master/folder.hpp"

using conclib::config::ExitCode;
using conclib::master::find_redis_server;
using conclib::master::test::Folder;

namespace {

/// Sets PATH while it lives.
class Path {
 public:
  explicit Path(const std::string& path) : before_(std::getenv("PATH")) {
    ::setenv("PATH", path.c_str(), 1);
  }
  ~Path() { ::setenv("PATH", before_.c_str(), 1); }
  Path(const Path&) = delete;
  Path& operator=(const Path&) = delete;

 private:
  std::string before_;
};

void make_program(const std::string& path) {
  std::ofstream(path) << "#!/bin/sh\n";
  ::chmod(path.c_str(), 0755);
}

}  // namespace

TEST_CASE("redis-server in PATH is found") {
  const Folder folder;
  make_program(folder / "redis-server");
  const Path path(folder / "");
  CHECK(std::filesystem::equivalent(find_redis_server("").value(), folder / "redis-server"));
}

TEST_CASE("a program that is named is taken, and must be one") {
  const Folder folder;
  make_program(folder / "my-redis");
  CHECK(find_redis_server(folder / "my-redis") == folder / "my-redis");
  std::ofstream(folder / "text") << "x";
  const auto wrong = find_redis_server(folder / "text");
  REQUIRE_FALSE(wrong.has_value());
  CHECK(wrong.error().code == ExitCode::redis);
  CHECK(wrong.error().text ==
        "redis-server: '" + (folder / "text") + "' is no program; correct it, or write auto");
}
