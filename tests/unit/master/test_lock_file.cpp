// SPDX-License-Identifier: MIT
#include <filesystem>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "daemon/master/lock_file.hpp"
#include "daemon/master/run_lock.hpp"
#include "tests/unit/master/folder.hpp"

using namespace conclib::master;
using conclib::config::ExitCode;
using conclib::master::test::Folder;

TEST_CASE("a lock is held until its holder has gone, and says who holds it") {
  const Folder folder;
  {
    auto lock = LockFile::try_lock(folder / "lock");
    REQUIRE(lock.has_value());
    REQUIRE(lock->has_value());
    (*lock)->write("me");
    auto second = LockFile::try_lock(folder / "lock");
    REQUIRE(second.has_value());
    CHECK_FALSE(second->has_value());
    CHECK(LockFile::text(folder / "lock") == "me");
  }
  auto third = LockFile::try_lock(folder / "lock");
  REQUIRE(third.has_value());
  CHECK(third->has_value());
}

TEST_CASE("a lock that somebody else has inherited outlives its first holder") {
  const Folder folder;
  int inherited = -1;
  {
    auto lock = LockFile::try_lock(folder / "lock");
    REQUIRE(lock->has_value());
    inherited = ::dup((*lock)->fd());
    CHECK((::fcntl((*lock)->fd(), F_GETFD) & FD_CLOEXEC) != 0);
  }
  CHECK_FALSE(LockFile::try_lock(folder / "lock")->has_value());
  ::close(inherited);
  CHECK(LockFile::try_lock(folder / "lock")->has_value());
}

TEST_CASE("a lock that cannot be opened, or is a link, is refused") {
  const Folder folder;
  CHECK(LockFile::try_lock(folder / "missing/lock").error().code == ExitCode::directories);
  std::filesystem::create_symlink(folder / "elsewhere", folder / "lock");
  CHECK(LockFile::try_lock(folder / "lock").error().code == ExitCode::directories);
}

TEST_CASE("a run directory in use names its holder") {
  const Folder folder;
  std::filesystem::create_directory(folder / "run");
  const auto first = lock_run_directory(folder / "run");
  REQUIRE(first.has_value());
  const auto second = lock_run_directory(folder / "run");
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code == ExitCode::directories);
  CHECK(second.error().text.find("is in use by conclibd pid " + std::to_string(::getpid()) +
                                 " since ") != std::string::npos);
}
