// SPDX-License-Identifier: MIT
#include "proto/partition.hpp"

#include <doctest/doctest.h>

using namespace conclib::proto;

TEST_CASE("crc32 gives the check value of its definition") {
  CHECK(crc32("123456789") == 0xCBF43926U);
  CHECK(crc32("") == 0U);
}

TEST_CASE("a child lives in the partition of its parent") {
  CHECK(partition_of("cart/42#lines", 16) == partition_of("cart/42", 16));
  CHECK(partition_of("example_actor", 1) == 0);
}
