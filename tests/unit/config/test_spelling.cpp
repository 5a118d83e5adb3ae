// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "daemon/config/spelling.hpp"

using conclib::config::nearest;

TEST_CASE("a slip of the hand finds the word that was meant") {
  CHECK(nearest("workrs", {"threads", "workers"}) == "workers");
  CHECK(nearest("run_dir", {"run-dir", "state-dir"}) == "run-dir");
}

TEST_CASE("a word unlike all others finds none") {
  CHECK(nearest("zebra", {"threads", "workers"}).empty());
  CHECK(nearest("anything", {}).empty());
}
