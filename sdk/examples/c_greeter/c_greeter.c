/* SPDX-License-Identifier: MIT */
/*
 * A plugin in plain C: greets, and counts how often it did. C has no codec of its own, so this one
 * writes its reply as msgpack by hand; a real plugin would take a library for that.
 *
 *     conclib ask greeter Hello '{}'
 */
#include <stdlib.h>
#include <string.h>

#include <conclib/plugin.h>

typedef struct greeter {
  uint64_t greeted;
} greeter;

static int is_text(conclib_str text, const char* expected) {
  return text.size == strlen(expected) && memcmp(text.data, expected, text.size) == 0;
}

static conclib_status fail(conclib_context* context, conclib_status status, const char* text) {
  const conclib_str why = {text, strlen(text)};
  context->host->set_error(context->plugin, context, why);
  return status;
}

static conclib_status create(const conclib_actor_type* type, conclib_context* context,
                             void** actor) {
  (void)type;
  *actor = calloc(1, sizeof(greeter));
  return *actor != NULL ? CONCLIB_OK : fail(context, CONCLIB_NOT_STARTED, "out of memory");
}

/* {"text": "hello", "count": <uint 64>} */
static size_t write_greeting(uint8_t* at, uint64_t count) {
  static const uint8_t head[] =
      "\x82\xa4text\xa5hello\xa5"
      "count\xcf";
  const size_t head_size = sizeof head - 1;
  memcpy(at, head, head_size);
  for (size_t i = 0; i < 8; ++i) at[head_size + i] = (uint8_t)(count >> (56 - 8 * i));
  return head_size + 8;
}

static conclib_status receive(void* actor, conclib_context* context, conclib_message* message) {
  greeter* self = actor;
  if (!is_text(message->payload.type, "Hello")) {
    return fail(context, CONCLIB_UNEXPECTED_MESSAGE, "a greeter only takes Hello");
  }
  ++self->greeted;
  if (message->reply_to == NULL) return CONCLIB_OK;

  uint8_t body[64];
  conclib_payload reply = {CONCLIB_STR_INIT("Greeting"), {NULL, 0}, NULL, NULL};
  reply.body.data = body;
  reply.body.size = write_greeting(body, self->greeted);
  conclib_reply_to* reply_to = message->reply_to;
  message->reply_to = NULL; /* It is ours now, and respond consumes it. */
  const conclib_str no_text = {NULL, 0};
  return context->host->respond(reply_to, CONCLIB_OK, &reply, no_text);
}

static void destroy(void* actor) { free(actor); }

static const conclib_str message_types[] = {CONCLIB_STR_INIT("Hello")};

static const conclib_actor_type greeter_type = {
    .size = sizeof(conclib_actor_type),
    .urn = CONCLIB_STR_INIT("greeter"),
    .create = create,
    .receive = receive,
    .destroy = destroy,
    .message_types = message_types,
    .message_types_count = 1,
};

static const conclib_actor_type* const actor_types[] = {&greeter_type};

CONCLIB_PLUGIN_EXPORT const conclib_plugin* conclib_plugin_table(void) {
  static const conclib_plugin plugin = {
      .magic = CONCLIB_PLUGIN_MAGIC,
      .size = sizeof(conclib_plugin),
      .abi_major = CONCLIB_ABI_MAJOR,
      .abi_minor = CONCLIB_ABI_MINOR,
      .name = CONCLIB_STR_INIT("c_greeter"),
      .version = CONCLIB_STR_INIT("1.0.0"),
      .actor_types = actor_types,
      .actor_types_count = 1,
  };
  return &plugin;
}
