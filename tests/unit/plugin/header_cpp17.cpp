// SPDX-License-Identifier: MIT
// The C headers are C++17, too.
#include <conclib/conclib.h>
#include <conclib/plugin.h>

static_assert(__cplusplus < 202002L, "this file is compiled as C++17");

extern "C" size_t conclib_test_table_size_in_cpp17() { return sizeof(conclib_plugin); }
