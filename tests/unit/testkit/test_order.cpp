// SPDX-License-Identifier: MIT
#include <set>

#include <doctest/doctest.h>

#include "conclib/testkit.hpp"
#include "tests/unit/testkit/shop.hpp"

using conclib::testkit::Kit;
using namespace shop;

namespace {

/// What happens when messages go around a ring in several places at once.
std::string trace_of(std::uint64_t seed) {
  Kit kit({.seed = seed});
  kit.add<Relay, Desk>();
  kit.probe("mailer").on<Mail>([](const Mail&) { return Receipt{"1"}; });
  auto order = kit.begin_ask<Receipt>("desk", Order{"me"});
  for (int i = 0; i < 5; ++i) {
    kit.tell("relay/" + std::to_string(i), Forward{"relay/" + std::to_string((i + 2) % 5), 4});
  }
  kit.run();
  (void)order.get();
  kit.stop();
  return kit.trace();
}

}  // namespace

TEST_CASE("the same seed gives the same trace") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) CHECK(trace_of(seed) == trace_of(seed));
}

TEST_CASE("other seeds give other orders") {
  std::set<std::string> traces;
  for (std::uint64_t seed = 0; seed < 10; ++seed) traces.insert(trace_of(seed));
  CHECK(traces.size() > 8);
}

TEST_CASE("the trace tells who took what when") {
  Kit kit;
  kit.add<Counter>();
  kit.tell("counter/a", Add{1});
  kit.advance(std::chrono::milliseconds(1500));
  (void)kit.ask<Total>("counter/a", Add{1});

  const auto trace = kit.trace();
  CHECK(trace.find("+0.000000s counter/a takes tell Add from nobody\n") != std::string::npos);
  CHECK(trace.find("+1.500000s counter/a takes ask Add from nobody\n") != std::string::npos);
}
