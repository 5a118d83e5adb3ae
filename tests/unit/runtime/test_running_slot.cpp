// SPDX-License-Identifier: MIT
#include <atomic>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "daemon/runtime/running_slot.hpp"

namespace conclib::runtime {
namespace {

using std::chrono::nanoseconds;

constexpr TimePoint begin{std::chrono::hours(1)};

TEST_CASE("a slot shows what runs until the turn is over") {
  RunningSlot slot;
  CHECK_FALSE(slot.read());
  slot.enter("cart/42", 0, nanoseconds(7));
  CHECK_FALSE(slot.read());
  slot.handle("AddItem", false, begin);
  const auto seen = slot.read();
  REQUIRE(seen);
  CHECK(seen->urn == "cart/42");
  CHECK(seen->type == "AddItem");
  CHECK(seen->since == begin);
  CHECK(seen->limit == nanoseconds(7));
  slot.leave();
  CHECK_FALSE(slot.read());
}

TEST_CASE("each execution in a slot has another number and leaves no rest of the one before") {
  RunningSlot slot;
  slot.enter("an_actor_with_a_long_name/1", 0, nanoseconds(7));
  slot.handle("ALongNameOfAType", false, begin);
  const auto first = slot.read();
  slot.handle("Short", false, begin + nanoseconds(1));
  const auto second = slot.read();
  slot.leave();
  slot.enter("b", 0, nanoseconds(8));
  slot.handle("", false, begin);
  const auto third = slot.read();
  REQUIRE(first);
  REQUIRE(second);
  REQUIRE(third);
  CHECK(second->type == "Short");
  CHECK(second->urn == first->urn);
  CHECK(second->number != first->number);
  CHECK(third->urn == "b");
  CHECK(third->type.empty());
  CHECK(third->number != second->number);
}

TEST_CASE("a text that is too long for a slot is cut off") {
  RunningSlot slot;
  slot.enter(std::string(RunningSlot::text_bytes_max + 1, 'u'), 0, nanoseconds(0));
  slot.handle(std::string(2 * RunningSlot::text_bytes_max, 't'), false, begin);
  const auto seen = slot.read();
  REQUIRE(seen);
  CHECK(seen->urn == std::string(RunningSlot::text_bytes_max, 'u'));
  CHECK(seen->type == std::string(RunningSlot::text_bytes_max, 't'));
}

/// Texts of one letter each, whose length the numbers beside them say.
std::string text_of(std::size_t size) {
  return std::string(size, static_cast<char>('a' + size % 26));
}

TEST_CASE("what is read of a slot that changes all the time was there together") {
  constexpr int reads = 100'000;
  RunningSlot slot;
  std::atomic<bool> over{false};
  std::thread owner([&] {
    for (std::size_t i = 0; !over; ++i) {
      const auto size = 1 + i % 100;
      slot.leave();
      slot.enter(text_of(size), 0, nanoseconds(size));
      for (std::size_t j = size; j < size + 10; ++j) {
        slot.handle(text_of(j), false, TimePoint(nanoseconds(j)));
      }
    }
  });
  int seen = 0;
  int torn = 0;
  for (int i = 0; i < reads || seen < 100; ++i) {
    const auto now = slot.read();
    if (!now) continue;
    ++seen;
    const auto size = static_cast<std::size_t>(now->limit.count());
    const auto size_of_type = static_cast<std::size_t>(now->since.time_since_epoch().count());
    if (now->urn != text_of(size) || now->type != text_of(size_of_type)) ++torn;
  }
  over = true;
  owner.join();
  CHECK(torn == 0);
}

}  // namespace
}  // namespace conclib::runtime
