// SPDX-License-Identifier: MIT
// Many threads that ask echo actors at once and check each reply; a part of the integration tests.
//
//   ask_storm URL NAME THREADS ASKS      each thread asks ASKS times
//   ask_storm URL NAME THREADS until     each thread asks until standard input ends
//
// Prints `asked N, right N, wrong N, failed N, slowest N ms` and a line for each kind of failure;
// exits 0 if all were right.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <unistd.h>

#include <conclib/client.hpp>

namespace {

struct Echo {
  std::string text;
  CONCLIB_MESSAGE(Echo, text)
};

class Storm {
 public:
  Storm(const std::string& url, std::string name, std::uint64_t asks)
      : client_(url), name_(std::move(name)), asks_(asks) {}

  void run(unsigned threads) {
    std::vector<std::thread> callers;
    for (unsigned t = 0; t < threads; ++t) {
      callers.emplace_back([this, t] { ask_all(t); });
    }
    if (asks_ == 0) {
      char byte = 0;
      while (read(STDIN_FILENO, &byte, 1) > 0) continue;
      stopping_ = true;
    }
    for (auto& caller : callers) caller.join();
  }

  [[nodiscard]] bool report() const {
    std::printf("asked %lu, right %lu, wrong %lu, failed %lu, slowest %ld ms\n",
                right_ + wrong_ + failed_, right_.load(), wrong_.load(), failed_.load(),
                slowest_ms_);
    for (const auto& [text, count] : failures_) std::printf("%lu x %s\n", count, text.c_str());
    return right_ > 0 && wrong_ == 0 && failed_ == 0;
  }

 private:
  void ask_all(unsigned thread) {
    for (std::uint64_t i = 0; asks_ == 0 ? !stopping_ : i < asks_; ++i) {
      const auto urn =
          "echo/" + name_ + "-" + std::to_string(thread) + "-" + std::to_string(i % 50);
      ask(urn, urn + " " + std::to_string(i));
    }
  }

  void ask(const std::string& urn, const std::string& text) {
    const auto start = std::chrono::steady_clock::now();
    try {
      const auto reply = client_.ask<Echo>(urn, Echo{text}, std::chrono::seconds(30));
      ++(reply.text == text ? right_ : wrong_);
    } catch (const conclib::Error& error) {
      ++failed_;
      const std::lock_guard lock(mutex_);
      ++failures_[error.what()];
    }
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - start);
    const std::lock_guard lock(mutex_);
    slowest_ms_ = std::max<long>(slowest_ms_, took.count());
  }

  conclib::Client client_;
  std::string name_;
  std::uint64_t asks_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> right_{0};
  std::atomic<std::uint64_t> wrong_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::mutex mutex_;
  long slowest_ms_ = 0;
  std::map<std::string, std::uint64_t> failures_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: ask_storm URL NAME THREADS ASKS|until\n", stderr);
    return 2;
  }
  const std::string_view asks = argv[4];
  Storm storm(argv[1], argv[2], asks == "until" ? 0 : std::strtoull(argv[4], nullptr, 10));
  storm.run(static_cast<unsigned>(std::strtoul(argv[3], nullptr, 10)));
  return storm.report() ? 0 : 1;
}
