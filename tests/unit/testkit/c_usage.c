/* SPDX-License-Identifier: MIT */
#include "tests/unit/testkit/c_usage.h"

#include "conclib/testkit.h"

static conclib_str text_of(const char* text, size_t size) {
  conclib_str str;
  str.data = text;
  str.size = size;
  return str;
}

/* What is visited is counted. */
static void count(void* user_data, conclib_str text) {
  (void)text;
  ++*(int*)user_data;
}

conclib_status ask_from_c(const conclib_plugin* plugin, const char* urn, size_t urn_size,
                          int* actors) {
  conclib_kit_message message = {sizeof(message), {0, 0}, {0, 0}, {0, 0}, {0, 0}, 0};
  conclib_kit_reply reply = {sizeof(reply), CONCLIB_INTERNAL, {0, 0}, {0, 0}, {0, 0}};
  uint64_t ask = 0;
  conclib_kit* kit = conclib_kit_open(NULL);
  if (kit == NULL) return CONCLIB_INTERNAL;
  message.urn = text_of(urn, urn_size);
  message.type = text_of("Add", 3);
  if (conclib_kit_add(kit, plugin) == CONCLIB_OK &&
      conclib_kit_ask(kit, &message, &ask) == CONCLIB_OK) {
    (void)conclib_kit_await(kit, ask, &reply);
  }
  conclib_kit_actors(kit, count, actors);
  conclib_kit_close(kit);
  return reply.status;
}
