// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <doctest/doctest.h>

#include "conclib/client.hpp"

namespace conclib::sdk_test {

struct Number {
  std::uint64_t value = 0;
  std::string text;
  CONCLIB_MESSAGE(Number, value, text)
};

/// What a test waits at most, on a machine that is busy, for what comes at once on an idle one.
constexpr std::chrono::seconds patience{20};

/// How a call ended.
struct Outcome {
  conclib_status status = CONCLIB_OK;
  std::string text;
  std::chrono::milliseconds took{0};

  [[nodiscard]] bool says(const std::string& part) const {
    INFO(text);
    return text.find(part) != std::string::npos;
  }
};

template <typename Function>
Outcome outcome_of(const Function& function) {
  Outcome outcome;
  const auto start = std::chrono::steady_clock::now();
  try {
    function();
  } catch (const Error& error) {
    outcome.status = error.status();
    outcome.text = error.what();
  }
  outcome.took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start);
  return outcome;
}

/// An ask of counter/a whose reply does not matter.
inline Outcome ask(Client& client, std::chrono::milliseconds timeout = patience) {
  return outcome_of([&] { (void)client.ask<Number>("counter/a", Number{}, timeout); });
}

}  // namespace conclib::sdk_test
