/* SPDX-License-Identifier: MIT */
/* Where the fields of ABI 1.0 lie, by the headers of whoever includes this: X(struct, field). */
#pragma once

#include <stddef.h>

#define CONCLIB_TEST_ABI_FIELDS(X)            \
  X(conclib_str, data)                        \
  X(conclib_str, size)                        \
  X(conclib_bytes, data)                      \
  X(conclib_bytes, size)                      \
  X(conclib_writer, target)                   \
  X(conclib_writer, write)                    \
  X(conclib_object_type, size)                \
  X(conclib_object_type, name)                \
  X(conclib_object_type, encode)              \
  X(conclib_object_type, destroy)             \
  X(conclib_payload, type)                    \
  X(conclib_payload, body)                    \
  X(conclib_payload, object)                  \
  X(conclib_payload, object_type)             \
  X(conclib_message, size)                    \
  X(conclib_message, payload)                 \
  X(conclib_message, reply_to)                \
  X(conclib_message, id)                      \
  X(conclib_message, sender)                  \
  X(conclib_outgoing, size)                   \
  X(conclib_outgoing, urn)                    \
  X(conclib_outgoing, payload)                \
  X(conclib_outgoing, timeout_ms)             \
  X(conclib_outgoing, flags)                  \
  X(conclib_context, size)                    \
  X(conclib_context, host)                    \
  X(conclib_context, plugin)                  \
  X(conclib_context, plugin_data)             \
  X(conclib_context, urn)                     \
  X(conclib_context, key)                     \
  X(conclib_context, message_id)              \
  X(conclib_actor_type, size)                 \
  X(conclib_actor_type, urn)                  \
  X(conclib_actor_type, flags)                \
  X(conclib_actor_type, threads_max)          \
  X(conclib_actor_type, mailbox_messages_max) \
  X(conclib_actor_type, reserved)             \
  X(conclib_actor_type, type_data)            \
  X(conclib_actor_type, create)               \
  X(conclib_actor_type, start)                \
  X(conclib_actor_type, receive)              \
  X(conclib_actor_type, stop)                 \
  X(conclib_actor_type, destroy)              \
  X(conclib_actor_type, message_types)        \
  X(conclib_actor_type, message_types_count)  \
  X(conclib_host, size)                       \
  X(conclib_host, abi_major)                  \
  X(conclib_host, abi_minor)                  \
  X(conclib_host, version)                    \
  X(conclib_host, tell)                       \
  X(conclib_host, ask)                        \
  X(conclib_host, respond)                    \
  X(conclib_host, drop)                       \
  X(conclib_host, time_left_ms)               \
  X(conclib_host, stop_self)                  \
  X(conclib_host, set_error)                  \
  X(conclib_host, last_error)                 \
  X(conclib_host, log)                        \
  X(conclib_host, setting)                    \
  X(conclib_host, monotonic_ns)               \
  X(conclib_host, wall_ms)                    \
  X(conclib_host, counter)                    \
  X(conclib_host, counter_add)                \
  X(conclib_host, histogram)                  \
  X(conclib_host, histogram_record)           \
  X(conclib_plugin, magic)                    \
  X(conclib_plugin, size)                     \
  X(conclib_plugin, abi_major)                \
  X(conclib_plugin, abi_minor)                \
  X(conclib_plugin, name)                     \
  X(conclib_plugin, version)                  \
  X(conclib_plugin, actor_types)              \
  X(conclib_plugin, actor_types_count)        \
  X(conclib_plugin, load)                     \
  X(conclib_plugin, unload)

/* And what numbers its names stand for; those of the statuses come from their own table. */
#define CONCLIB_TEST_ABI_NUMBERS(X) \
  X(CONCLIB_PLUGIN_MAGIC)           \
  X(CONCLIB_ABI_MAJOR)              \
  X(CONCLIB_TELL_DURABLE)           \
  X(CONCLIB_ACTOR_BLOCKING)         \
  X(CONCLIB_LOG_DEBUG)              \
  X(CONCLIB_LOG_INFO)               \
  X(CONCLIB_LOG_WARN)               \
  X(CONCLIB_LOG_ERROR)

#ifdef __cplusplus
extern "C" {
#endif

typedef struct abi_field {
  const char* name;
  size_t offset;
  size_t size;
  size_t struct_size;
} abi_field;

typedef struct abi_number {
  const char* name;
  unsigned long long value;
} abi_number;

typedef struct abi_layout {
  const abi_field* fields;
  size_t fields_count;
  const abi_number* numbers;
  size_t numbers_count;
} abi_layout;

/* By the headers of ABI 1.0, and by those of today. */
abi_layout abi_layout_first(void);
abi_layout abi_layout_today(void);

#ifdef __cplusplus
}
#endif
