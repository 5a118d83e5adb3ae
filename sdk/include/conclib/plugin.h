/* SPDX-License-Identifier: MIT */
/**
 * What a plugin is, in C. Actors in C++ are easier with conclib/actor.hpp, which stands on this.
 *
 * A plugin is a shared object that exports one function, conclib_plugin_table, and gets all that it
 * needs through the table of the host: it links against nothing of conclib. No C++ type and no
 * exception crosses this border in either direction. Structs start with their size and only grow at
 * their end: a plugin checks `host->size` before it calls what came after ABI 1.0, and the host
 * reads no field beyond the size that a plugin gives.
 *
 * Threading: an actor's functions (create, start, receive, stop, destroy and reply callbacks) are
 * called one at a time, on any thread of the worker, never two at once for one actor. Calls of the
 * host that take a conclib_context may only be made within such a call ("on the actor's turn");
 * those marked "any thread" at any time between load and unload.
 */
#ifndef CONCLIB_PLUGIN_H
#define CONCLIB_PLUGIN_H

#include "conclib/status.h"
#include "conclib/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CONCLIB_PLUGIN_MAGIC UINT64_C(0x6e6c7062696c6e63)
/** A change of the major number breaks plugins; the minor one counts additions at a table's end. */
#define CONCLIB_ABI_MAJOR 1
#define CONCLIB_ABI_MINOR 0

typedef struct conclib_host conclib_host;
typedef struct conclib_plugin_handle conclib_plugin_handle;
typedef struct conclib_reply_to conclib_reply_to;
typedef struct conclib_counter conclib_counter;
typedef struct conclib_histogram conclib_histogram;
typedef struct conclib_actor_type conclib_actor_type;

/** Where an encoder writes; `write` may be called any number of times. */
typedef struct conclib_writer {
  void* target;
  void (*write)(void* target, const void* data, size_t size);
} conclib_writer;

/** How the host treats an object of a plugin that travels as a message without being encoded: it
 *  reaches a receiver of the same plugin on the same worker as it is, and is encoded for all
 * others. Static data of the plugin; a receiver knows its own by the address of this table. */
typedef struct conclib_object_type {
  size_t size;
  /** Name of the message type. */
  conclib_str name;
  /** Writes the object as one msgpack value. */
  conclib_status (*encode)(const void* object, const conclib_writer* writer);
  void (*destroy)(void* object);
} conclib_object_type;

/** The content of a message or a reply: an object with its type table, or else encoded bytes. */
typedef struct conclib_payload {
  /** Name of the message type, 1 to 255 bytes. */
  conclib_str type;
  /** One msgpack value; empty means an empty map. Not looked at where there is an object. */
  conclib_bytes body;
  /** Null, or an object whose ownership goes with the call that is given this payload, also when
   *  that call fails. */
  void* object;
  const conclib_object_type* object_type;
} conclib_payload;

/** What an actor receives. Valid during the call only. To keep `payload.object`, set it to null. */
typedef struct conclib_message {
  size_t size;
  conclib_payload payload;
  /** Null for a tell. Else answer it with host->respond, now, or later and from any thread if you
   *  take it: set it to null. What is left here when the call returns is answered by the host:
   *  NO_REPLY, or the failure that the call returned. */
  conclib_reply_to* reply_to;
  /** Id of the message as text for logs; the URN of the actor that sent it, or empty. */
  conclib_str id;
  conclib_str sender;
} conclib_message;

/** What an actor sends. All that it points to, but for an object, is only read in the call. */
typedef struct conclib_outgoing {
  size_t size;
  /** URN of the actor that shall get it. */
  conclib_str urn;
  conclib_payload payload;
  /** For an ask: how long to wait, in ms; it never outlasts the deadline of the message that the
   *  actor is handling. 0: the configured default. */
  uint32_t timeout_ms;
  /** For a tell: CONCLIB_TELL_DURABLE or 0. */
  uint32_t flags;
} conclib_outgoing;

/** Sends a tell through the queue in Redis even to an actor on the same worker, so that it outlives
 *  a crash of this worker. Without it a tell that stays on this worker lives in memory. */
#define CONCLIB_TELL_DURABLE UINT32_C(1)

/** One actor, as the host shows it to the actor's own functions. Valid from create to destroy. */
typedef struct conclib_context {
  size_t size;
  const conclib_host* host;
  conclib_plugin_handle* plugin;
  /** What the plugin's load function returned. */
  void* plugin_data;
  /** The whole URN; and what stands in place of `{...}` in the type's URN, else empty. */
  conclib_str urn;
  conclib_str key;
  /** Id of the message that receive is handling, as in conclib_message; empty outside of it. */
  conclib_str message_id;
} conclib_context;

/** The answer to an ask of an actor, called once on that actor's turn. `reply` is valid during the
 *  call; its object may be kept as in conclib_message. On failure `status` says which, `text` why.
 */
typedef void (*conclib_reply_fn)(void* actor, conclib_context* context, void* user_data,
                                 conclib_status status, conclib_str text, conclib_payload* reply);

typedef enum conclib_log_level {
  CONCLIB_LOG_DEBUG = 1,
  CONCLIB_LOG_INFO = 2,
  CONCLIB_LOG_WARN = 3,
  CONCLIB_LOG_ERROR = 4
} conclib_log_level;

/** Handlers of this type block (database, files, sleep): they get threads of their own, at most
 *  `threads_max` of them, and never hold up other types. */
#define CONCLIB_ACTOR_BLOCKING UINT32_C(1)

/** A kind of actor. Static data of the plugin. Functions marked optional may be null. */
struct conclib_actor_type {
  size_t size;
  /** `example_actor`: one actor that lives as soon as its partition is served. `cart/{id}`: one for
   *  each key, made by its first message. The text in braces only documents. */
  conclib_str urn;
  uint32_t flags;
  /** For CONCLIB_ACTOR_BLOCKING; 0: the default of 4. */
  uint32_t threads_max;
  /** Bounds of one actor's mailbox; 0: the configured default. */
  uint32_t mailbox_messages_max;
  uint32_t reserved;
  /** The plugin's own, not looked at. */
  void* type_data;
  /** Makes the object that the functions below get as `actor`. A failure's text comes from
   *  host->set_error; the messages that wait are answered with NOT_STARTED. */
  conclib_status (*create)(const conclib_actor_type* type, conclib_context* context, void** actor);
  /** Optional. Before the first message. A failure is as one of create. */
  conclib_status (*start)(void* actor, conclib_context* context);
  /** Takes one message. A failure's text comes from host->set_error. CONCLIB_UNEXPECTED_MESSAGE:
   *  no handler for this type, nothing was done. Others are told to the asker as ACTOR_FAILED. */
  conclib_status (*receive)(void* actor, conclib_context* context, conclib_message* message);
  /** Optional. After the last message of a graceful stop. */
  conclib_status (*stop)(void* actor, conclib_context* context);
  /** Frees the object. No calls of the host but log, respond and drop may be made in it. */
  void (*destroy)(void* actor);
  /** Names of the message types that it handles, for status and errors; may be empty. */
  const conclib_str* message_types;
  size_t message_types_count;
};

/** The functions that the host offers. Static; valid until unload returns. */
struct conclib_host {
  size_t size;
  uint32_t abi_major;
  uint32_t abi_minor;
  /** Version of conclib, such as "0.1.0". */
  conclib_str version;

  /** Sends a tell. On the actor's turn. OK means taken: into the mailbox of an actor on this
   *  worker, or for the queue in Redis, to which it is sent before the message being handled is
   *  finished. BAD_ARGUMENT, ACTOR_NOT_FOUND, NO_ACTOR, OVERLOADED: not sent;
   *  last_error has the text. */
  conclib_status (*tell)(conclib_context* context, const conclib_outgoing* message);
  /** Sends an ask; `on_reply` is called exactly once, on this actor's turn and after this call,
   *  unless the actor ends before. On the actor's turn. A receiver that cannot be reached
   *  (NO_ACTOR, ACTOR_NOT_FOUND, OVERLOADED) is a failure that on_reply gets like any other.
   *  BAD_ARGUMENT: not sent, on_reply is not called; last_error has the text. Messages may be
   *  handled between the ask and its reply. */
  conclib_status (*ask)(conclib_context* context, const conclib_outgoing* message,
                        conclib_reply_fn on_reply, void* user_data);
  /** Answers an ask and consumes `reply_to`, also when it fails. `status` OK with `payload`, or a
   *  failure with `text`. A failure by the actor's choice is REJECTED (before any effect) or
   *  ACTOR_FAILED; any other is sent as ACTOR_FAILED. ALREADY_RESPONDED: a second answer within the
   *  same receive. Any later use of a consumed reply_to is a bug of the plugin, as a second free
   * is. Any thread. */
  conclib_status (*respond)(conclib_reply_to* reply_to, conclib_status status,
                            const conclib_payload* payload, conclib_str text);
  /** Consumes `reply_to` without an answer: its asker hears NO_REPLY. Any thread. */
  void (*drop)(conclib_reply_to* reply_to);
  /** Ms until the deadline of the message being handled, 0 when it has passed; UINT32_MAX: none. On
   *  the actor's turn. */
  uint32_t (*time_left_ms)(conclib_context* context);
  /** Asks for a graceful stop of this actor after the messages that it has now. On its turn. */
  conclib_status (*stop_self)(conclib_context* context);
  /** Sets the text of the failure that the running call is about to return. On the actor's turn,
   * and in load (context null, the text is then of the plugin's load). */
  void (*set_error)(conclib_plugin_handle* plugin, conclib_context* context, conclib_str text);
  /** The text of the last failure of a host call. On the actor's turn; valid until the next call.
   */
  conclib_str (*last_error)(conclib_context* context);

  /** Writes a line to the daemon's log with plugin, and with `context` URN and message id attached.
   *  Any thread; `context` only on the actor's turn, else null. */
  void (*log)(conclib_plugin_handle* plugin, conclib_context* context, conclib_log_level level,
              conclib_str text);
  /** The value of `name` in [plugin.NAME] of the configuration, as text; valid until unload. False:
   *  not set, `*value` is left alone. Any thread. */
  int (*setting)(conclib_plugin_handle* plugin, conclib_str name, conclib_str* value);
  /** Nanoseconds on the monotonic clock; ms since 1970 on the wall clock. Any thread. */
  uint64_t (*monotonic_ns)(conclib_plugin_handle* plugin);
  uint64_t (*wall_ms)(conclib_plugin_handle* plugin);
  /** A counter or histogram of this plugin, made at the first call with its name ([a-z0-9_], at
   * most 64 bytes; at most 256 a plugin). Null when refused. Valid until unload. Any thread. */
  conclib_counter* (*counter)(conclib_plugin_handle* plugin, conclib_str name);
  void (*counter_add)(conclib_counter* counter, uint64_t amount);
  conclib_histogram* (*histogram)(conclib_plugin_handle* plugin, conclib_str name);
  void (*histogram_record)(conclib_histogram* histogram, uint64_t value);
};

/** What conclib_plugin_table returns: static data of the plugin. */
typedef struct conclib_plugin {
  uint64_t magic;
  size_t size;
  uint32_t abi_major;
  uint32_t abi_minor;
  /** [a-z0-9_-], 1 to 64 bytes: names the section [plugin.NAME]. And its version. */
  conclib_str name;
  conclib_str version;
  const conclib_actor_type* const* actor_types;
  size_t actor_types_count;
  /** Optional. Once, before any actor; `*plugin_data` reaches each actor in its context. A failure
   *  keeps this plugin out; its text comes from host->set_error. */
  conclib_status (*load)(const conclib_host* host, conclib_plugin_handle* plugin,
                         void** plugin_data);
  /** Optional. Once, after the last actor has been destroyed. */
  void (*unload)(void* plugin_data);
} conclib_plugin;

#define CONCLIB_PLUGIN_EXPORT __attribute__((visibility("default")))

/** The one function that a plugin exports. */
CONCLIB_PLUGIN_EXPORT const conclib_plugin* conclib_plugin_table(void);

#ifdef __cplusplus
}
#endif

#endif /* CONCLIB_PLUGIN_H */
