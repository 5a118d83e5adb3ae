// SPDX-License-Identifier: MIT
#include <csignal>
#include <fstream>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/master/child.hpp"
#include "tests/unit/master/folder.hpp"

using namespace conclib::master;
using conclib::master::test::Folder;

namespace {

int status_of(pid_t pid) {
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  return status;
}

/// The mask of a program that does not touch it, as shells do.
std::string blocked_signals(bool dies_with_parent) {
  const auto pid = start_child({.program = "/bin/sleep",
                                .arguments = {"sleep", "60"},
                                .dies_with_parent = dies_with_parent});
  REQUIRE(pid.has_value());
  std::ifstream file("/proc/" + std::to_string(*pid) + "/status");
  std::string line;
  while (line.rfind("SigBlk", 0) != 0 && std::getline(file, line)) {
  }
  ::kill(*pid, SIGKILL);
  status_of(*pid);
  return line;
}

/// Runs a shell that ends by itself and gives what it wrote into the file `out`.
std::string output_of(const Folder& folder, const std::string& script) {
  const auto pid = start_child(
      {.program = "/bin/sh", .arguments = {"sh", "-c", script + " > " + (folder / "out")}});
  REQUIRE(pid.has_value());
  CHECK(status_of(*pid) == 0);
  std::ifstream file(folder / "out");
  std::string line;
  std::getline(file, line);
  return line;
}

}  // namespace

TEST_CASE("how a process ended is said in words") {
  const auto exits = start_child({.program = "/bin/sh", .arguments = {"sh", "-c", "exit 3"}});
  REQUIRE(exits.has_value());
  CHECK(describe_end(status_of(*exits)) == "exited with code 3");
  const auto killed = start_child({.program = "/bin/sh", .arguments = {"sh", "-c", "kill -9 $$"}});
  REQUIRE(killed.has_value());
  CHECK(describe_end(status_of(*killed)) == "was killed by signal 9 (Killed)");
}

TEST_CASE("a program that cannot be executed is told with its reason") {
  const auto child = start_child({.program = "/nowhere/program", .arguments = {"program"}});
  REQUIRE_FALSE(child.has_value());
  CHECK(child.error().text ==
        "the program '/nowhere/program' could not be started: No such file or directory");
}

TEST_CASE("a child blocks no signals, one that outlives us SIGTERM and SIGINT") {
  CHECK(blocked_signals(true) == "SigBlk:\t0000000000000000");
  CHECK(blocked_signals(false) == "SigBlk:\t0000000000004002");
}

TEST_CASE("a child does not see what the service manager says to the master") {
  const Folder folder;
  ::setenv("NOTIFY_SOCKET", "/x", 1);
  ::setenv("CONCLIB_LEASE", "2s", 1);
  CHECK(output_of(folder, "echo \"$NOTIFY_SOCKET,$CONCLIB_LEASE\"") == ",2s");
  ::unsetenv("NOTIFY_SOCKET");
  ::unsetenv("CONCLIB_LEASE");
}

TEST_CASE("a process has ended also while nobody has collected it") {
  CHECK_FALSE(has_ended(::getpid()));
  const auto pid = start_child({.program = "/bin/sh", .arguments = {"sh", "-c", "exit 0"}});
  REQUIRE(pid.has_value());
  siginfo_t about{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(*pid), &about, WEXITED | WNOWAIT) == 0);
  CHECK(has_ended(*pid));
  CHECK(status_of(*pid) == 0);
  CHECK(has_ended(*pid));
}
