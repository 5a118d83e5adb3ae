// SPDX-License-Identifier: MIT
#include <array>
#include <cstdlib>
#include <regex>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "daemon/log/log.hpp"

namespace {

using conclib::log::Format;
using conclib::log::Level;
using conclib::log::Log;

/// A pipe that a log writes into and the test reads.
class Pipe {
 public:
  Pipe() { REQUIRE(::pipe(ends_.data()) == 0); }
  ~Pipe() {
    ::close(ends_[0]);
    if (ends_[1] >= 0) ::close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  [[nodiscard]] int fd() const { return ends_[1]; }

  /// Ends the writing side and gives all that was written.
  std::string text() {
    ::close(ends_[1]);
    ends_[1] = -1;
    std::string all;
    std::array<char, 4096> part{};
    for (ssize_t size = 0; (size = ::read(ends_[0], part.data(), part.size())) > 0;) {
      all.append(part.data(), static_cast<std::size_t>(size));
    }
    return all;
  }

 private:
  std::array<int, 2> ends_{};
};

}  // namespace

TEST_CASE("a line has the time, the level, the role and the component") {
  Pipe pipe;
  const Log log(Level::info, "worker-0", pipe.fd(), Format::timed);
  log.info("queue", "took partition {}", 3);
  const std::regex expected(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:?\d\d )"
                            R"(info  worker-0 queue: took partition 3\n)");
  CHECK(std::regex_match(pipe.text(), expected));
}

TEST_CASE("for the journal a line has a priority and no time") {
  Pipe pipe;
  const Log log(Level::debug, "master", pipe.fd(), Format::journal);
  log.debug("redis", "a");
  log.info("redis", "b");
  log.warn("redis", "c");
  log.error("redis", "d");
  CHECK(pipe.text() ==
        "<7>master redis: a\n<6>master redis: b\n<4>master redis: c\n<3>master redis: d\n");
}

TEST_CASE("levels below the threshold are not written") {
  Pipe pipe;
  const Log log(Level::warn, "master", pipe.fd(), Format::journal);
  log.info("redis", "quiet");
  log.error("redis", "loud");
  CHECK_FALSE(log.enabled(Level::info));
  CHECK(log.enabled(Level::warn));
  CHECK(pipe.text() == "<3>master redis: loud\n");
}

TEST_CASE("a text with line breaks and control characters stays one line") {
  Pipe pipe;
  const Log log(Level::info, "master", pipe.fd(), Format::journal);
  log.write(Level::info, "plugin", std::string_view("a\nb\x1b[31m\0c", 10));
  CHECK(pipe.text() == "<6>master plugin: a\\nb\\x1b[31m\\x00c\n");
}

TEST_CASE("a text over the limit is cut and says so") {
  Pipe pipe;
  const Log log(Level::info, "master", pipe.fd(), Format::journal);
  log.write(Level::info, "plugin", std::string(Log::text_bytes_max + 1, 'x'));
  CHECK(pipe.text() == "<6>master plugin: " + std::string(Log::text_bytes_max, 'x') + " [cut]\n");
}

TEST_CASE("braces in a text that is not a format are written as they are") {
  Pipe pipe;
  const Log log(Level::info, "master", pipe.fd(), Format::journal);
  log.write(Level::info, "queue", "counter/{name} {");
  CHECK(pipe.text() == "<6>master queue: counter/{name} {\n");
}

TEST_CASE("lines of several threads do not mix") {
  Pipe pipe;
  {
    const Log log(Level::info, "master", pipe.fd(), Format::journal);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&log] {
        for (int i = 0; i < 50; ++i) log.info("thread", "{}", std::string(200, 'x'));
      });
    }
    for (auto& thread : threads) thread.join();
  }
  std::string expected;
  for (int i = 0; i < 200; ++i) expected += "<6>master thread: " + std::string(200, 'x') + "\n";
  CHECK(pipe.text() == expected);
}

TEST_CASE("a log whose reader has gone loses the line and nothing else") {
  const Log log(Level::info, "master", -1, Format::timed);
  log.info("queue", "nobody reads this");
}

TEST_CASE("the journal format is for the very stream that the journal gave") {
  Pipe pipe;
  struct stat about {};
  REQUIRE(::fstat(pipe.fd(), &about) == 0);
  ::setenv("JOURNAL_STREAM", "1:1", 1);
  CHECK(conclib::log::format_of(pipe.fd()) == Format::timed);
  const auto name = std::to_string(about.st_dev) + ":" + std::to_string(about.st_ino);
  ::setenv("JOURNAL_STREAM", name.c_str(), 1);
  CHECK(conclib::log::format_of(pipe.fd()) == Format::journal);
  ::unsetenv("JOURNAL_STREAM");
  CHECK(conclib::log::format_of(pipe.fd()) == Format::timed);
}

TEST_CASE("a level has a name, and the name leads back") {
  for (const auto level : {Level::debug, Level::info, Level::warn, Level::error}) {
    CHECK(conclib::log::level_of(conclib::log::level_name(level)) == level);
  }
  CHECK_FALSE(conclib::log::level_of("verbose").has_value());
}
