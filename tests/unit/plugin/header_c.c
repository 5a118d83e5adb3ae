/* SPDX-License-Identifier: MIT */
/* The C headers are C11 and need nothing before them. */
#include <conclib/conclib.h>
#include <conclib/plugin.h>

const conclib_plugin* conclib_test_table_in_c(void);

static const conclib_actor_type type = {.size = sizeof(conclib_actor_type),
                                        .urn = CONCLIB_STR_INIT("header")};
static const conclib_actor_type* const types[] = {&type};

const conclib_plugin* conclib_test_table_in_c(void) {
  static const conclib_plugin plugin = {.magic = CONCLIB_PLUGIN_MAGIC,
                                        .size = sizeof(conclib_plugin),
                                        .actor_types = types,
                                        .actor_types_count = 1};
  return &plugin;
}
