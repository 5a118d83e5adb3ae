// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "conclib/plugin.h"

extern "C" {
const conclib_plugin* conclib_test_table_in_c(void);
size_t conclib_test_table_size_in_cpp17();
}

TEST_CASE("C11, C++17 and C++20 agree on the plugin table") {
  CHECK(conclib_test_table_in_c()->size == sizeof(conclib_plugin));
  CHECK(conclib_test_table_in_c()->magic == CONCLIB_PLUGIN_MAGIC);
  CHECK(conclib_test_table_in_c()->actor_types[0]->size == sizeof(conclib_actor_type));
  CHECK(conclib_test_table_size_in_cpp17() == sizeof(conclib_plugin));
}
