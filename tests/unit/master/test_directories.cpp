// SPDX-License-Identifier: MIT
#include <fstream>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "daemon/master/directories.hpp"
#include "tests/unit/master/folder.hpp"

using conclib::config::ExitCode;
using conclib::master::prepare_directory;
using conclib::master::test::Folder;

namespace {

mode_t mode_of(const std::string& path) {
  struct stat about {};
  REQUIRE(::stat(path.c_str(), &about) == 0);
  return about.st_mode & 0777;
}

}  // namespace

TEST_CASE("a missing directory is made with its parents and its mode, whatever the umask") {
  const Folder folder;
  const auto before = ::umask(0077);
  CHECK(prepare_directory(folder / "a/b/run", 0750, "run-dir").has_value());
  ::umask(before);
  CHECK(mode_of(folder / "a/b/run") == 0750);
}

TEST_CASE("a directory that is there keeps its mode") {
  const Folder folder;
  std::filesystem::create_directory(folder / "run");
  ::chmod((folder / "run").c_str(), 0711);
  CHECK(prepare_directory(folder / "run", 0750, "run-dir").has_value());
  CHECK(mode_of(folder / "run") == 0711);
}

TEST_CASE("what is not a directory of ours is refused with its name and the cure") {
  const Folder folder;
  std::ofstream(folder / "file") << "x";
  const auto file = prepare_directory(folder / "file", 0750, "run-dir");
  REQUIRE_FALSE(file.has_value());
  CHECK(file.error().code == ExitCode::directories);
  CHECK(file.error().text ==
        "run-dir: '" + (folder / "file") + "' is not a directory; name another one");
  CHECK_FALSE(prepare_directory(folder / "file/run", 0750, "run-dir").has_value());
  std::filesystem::create_directory(folder / "open");
  ::chmod((folder / "open").c_str(), 0777);
  CHECK_FALSE(prepare_directory(folder / "open", 0750, "run-dir").has_value());
}
