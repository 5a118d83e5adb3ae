// SPDX-License-Identifier: MIT
/// What the tests of futures share.
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <latch>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "conclib/future.hpp"

namespace conclib::testing {

/// The status of the conclib::Error that the call throws; OK if it throws none.
template <typename Call>
conclib_status status_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.status();
  }
  return CONCLIB_OK;
}

/// The text of the exception that the call throws; empty if it throws none.
template <typename Call>
std::string text_of(const Call& call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

inline std::exception_ptr failing(const std::string& text) {
  return std::make_exception_ptr(std::domain_error(text));
}

/// Runs each on a thread of its own, all from the same moment, and waits for them.
inline void at_once(const std::vector<std::function<void()>>& calls) {
  std::latch start(static_cast<std::ptrdiff_t>(calls.size()));
  std::vector<std::thread> threads;
  threads.reserve(calls.size());
  for (const auto& call : calls) {
    threads.emplace_back([&start, &call] {
      start.arrive_and_wait();
      call();
    });
  }
  for (auto& thread : threads) thread.join();
}

/// As long as it lives, this thread is on the turn of an actor that is not declared blocking.
class NonBlockingTurn {
 public:
  NonBlockingTurn() { detail::blocking_refused = true; }
  ~NonBlockingTurn() { detail::blocking_refused = false; }
  NonBlockingTurn(const NonBlockingTurn&) = delete;
  NonBlockingTurn& operator=(const NonBlockingTurn&) = delete;
};

/// Uses up time of a deadline that is measured in real time.
inline void spend(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
}

}  // namespace conclib::testing
