// SPDX-License-Identifier: MIT
#include "daemon/queue/window.hpp"

#include <doctest/doctest.h>

using conclib::queue::Window;

TEST_CASE("a window refuses what is over its entries or its bytes") {
  Window window(2, 1000);
  window.take(600);
  CHECK(window.admits(400));
  CHECK_FALSE(window.admits(401));
  window.take(1);
  CHECK_FALSE(window.admits(1));
  window.give_back(600);
  CHECK(window.admits(999));
}

TEST_CASE("an empty window takes any one entry") {
  Window window(10, 100);
  CHECK(window.admits(5000));
  window.take(5000);
  CHECK_FALSE(window.admits(1));
  window.give_back(5000);
  CHECK(window.admits(5000));
}

TEST_CASE("the plan never asks for more entries than fit, over all streams") {
  for (std::size_t room = 1; room < 300; ++room) {
    Window window(room, std::size_t{1} << 30);
    for (std::size_t streams = 1; streams < 40; ++streams) {
      const auto plan = window.plan(streams);
      CHECK(plan.streams >= 1);
      CHECK(plan.streams <= streams);
      CHECK(plan.count >= 1);
      CHECK(plan.count <= Window::count_max);
      CHECK(plan.streams * plan.count <= room);
    }
  }
}

TEST_CASE("a full window plans nothing, and one without streams neither") {
  Window window(1, 100);
  CHECK(window.plan(0).streams == 0);
  window.take(10);
  CHECK(window.plan(4).streams == 0);
}

TEST_CASE("the plan follows the size of what came before") {
  Window window(1000, 100'000);
  for (int i = 0; i < 50; ++i) {
    window.take(10'000);
    window.give_back(10'000);
  }
  const auto plan = window.plan(1);
  CHECK(plan.count >= 5);
  CHECK(plan.count <= 20);
}

TEST_CASE("an empty window plans one entry, however large they were") {
  Window window(10, 100);
  window.take(10'000);
  window.give_back(10'000);
  CHECK(window.plan(3).streams == 1);
  CHECK(window.plan(3).count == 1);
}
