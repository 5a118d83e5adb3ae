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
#define CONCLIB_ABI_MINOR 1

typedef struct conclib_host conclib_host;
typedef struct conclib_plugin_handle conclib_plugin_handle;
typedef struct conclib_reply_to conclib_reply_to;
typedef struct conclib_counter conclib_counter;
typedef struct conclib_histogram conclib_histogram;
typedef struct conclib_actor_type conclib_actor_type;
/** A counted reference to one actor of this worker, which it does not keep alive. */
typedef struct conclib_ref conclib_ref;
/** A message whose handling goes on after receive has returned. */
typedef struct conclib_work conclib_work;
/** The right to call an actor back once, from any thread. */
typedef struct conclib_completion conclib_completion;

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
  /** Frees the object. Not called for a type with `move`. */
  void (*destroy)(void* object);

  /* Since ABI 1.1. A type with `move` travels by value: a payload's object remains its owner's, and
   * the host moves from it into memory of its own, from which in turn a receiver may move. */
  size_t object_size;
  /** At most 16. */
  size_t object_align;
  /** Makes an object at `to` out of the one at `from`, which is still to be destructed. */
  void (*move)(void* to, void* from);
  /** Ends an object without freeing its memory. */
  void (*destruct)(void* object);
} conclib_object_type;

/** The content of a message or a reply: an object with its type table, or else encoded bytes. */
typedef struct conclib_payload {
  /** Name of the message type, 1 to 255 bytes. */
  conclib_str type;
  /** One msgpack value; empty means an empty map. Not looked at where there is an object. */
  conclib_bytes body;
  /** Null, or an object. Its ownership goes with the call that is given this payload, also when
   *  that call fails; but one whose type has `move` is only moved from. */
  void* object;
  const conclib_object_type* object_type;
} conclib_payload;

/** What an actor receives. Valid during the call only. To keep `payload.object`, set it to null, or
 *  move from it if its type has `move`. */
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
  /** CONCLIB_TELL_DURABLE, CONCLIB_ASK_AWAITED, CONCLIB_ASK_NO_WAIT. */
  uint32_t flags;

  /* Since ABI 1.1. */
  /** If not null the receiver, and `urn` does not count. Remains the caller's. */
  conclib_ref* to;
} conclib_outgoing;

/** Sends a tell through the queue in Redis even to an actor on the same worker, so that it outlives
 *  a crash of this worker. Without it a tell that stays on this worker lives in memory. */
#define CONCLIB_TELL_DURABLE UINT32_C(1)
/** The actor goes on only with the reply to this ask: until then it takes no other request (it has
 *  begun a work for itself alone). An ask that closes a ring of such waits is answered DEADLOCK. */
#define CONCLIB_ASK_AWAITED UINT32_C(2)
/** timeout_ms 0 means what it says: the ask fails unless its reply is there already. */
#define CONCLIB_ASK_NO_WAIT UINT32_C(4)

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

  /* Since ABI 1.1. */
  const conclib_actor_type* type;
  /** Of the spawn that made it, else null. */
  void* argument;
  /** How often the actor has been restarted since it was made. */
  uint64_t restarts;
} conclib_context;

/** The answer to an ask of an actor, called once on that actor's turn. `reply` is valid during the
 *  call; its object may be kept as in conclib_message. On failure `status` says which, `text` why.
 */
typedef void (*conclib_reply_fn)(void* actor, conclib_context* context, void* user_data,
                                 conclib_status status, conclib_str text, conclib_payload* reply);

/** Something that happens to an actor, on its turn. What it returns counts as what receive returns
 *  for a tell. */
typedef conclib_status (*conclib_call_fn)(void* actor, conclib_context* context, void* user_data);

typedef enum conclib_log_level {
  CONCLIB_LOG_DEBUG = 1,
  CONCLIB_LOG_INFO = 2,
  CONCLIB_LOG_WARN = 3,
  CONCLIB_LOG_ERROR = 4
} conclib_log_level;

/** Handlers of this type block (database, files, sleep): they get threads of their own, at most
 *  `threads_max` of them, and never hold up other types. */
#define CONCLIB_ACTOR_BLOCKING UINT32_C(1)
/** A tell that finds the mailbox full goes to the dead letters and its sender hears OK. Without it
 *  the sender hears OVERLOADED. Asks always do. */
#define CONCLIB_ACTOR_DROP_WHEN_FULL UINT32_C(2)

/** What is done when an actor has failed: when its receive, or a call of a timer or a completion,
 *  failed and nobody waited for the answer. The failure is logged and counted in any case. */
typedef enum conclib_on_failure {
  /** Makes a fresh object under the same URN and mailbox: the first time at once, then after a
   *  growing delay with jitter. Its children are stopped. */
  CONCLIB_ON_FAILURE_RESTART = 0,
  /** Goes on with the same object. */
  CONCLIB_ON_FAILURE_RESUME = 1,
  /** Ends the actor. */
  CONCLIB_ON_FAILURE_STOP = 2,
  /** Ends the actor, and its parent fails in turn. Without a parent as STOP. */
  CONCLIB_ON_FAILURE_ESCALATE = 3
} conclib_on_failure;

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
  /** Frees the object. No calls of the host but log, respond, drop and ref_release may be made in
   *  it. */
  void (*destroy)(void* actor);
  /** Names of the message types that it handles, for status and errors; may be empty. */
  const conclib_str* message_types;
  size_t message_types_count;

  /* Since ABI 1.1. `urn` may be empty: such an actor is only made by spawn. */
  /** Name of the class, as list and logs show it; empty: the name in the URN. */
  conclib_str class_name;
  /** Optional. Whether the class, or one that it derives from, has this name. */
  int (*is_a)(conclib_str class_name);
  /** Optional. Told of a failure, before what `on_failure` says is done. */
  conclib_status (*failed)(void* actor, conclib_context* context, conclib_status status,
                           conclib_str text);
  /** Optional. No message came for the time of host->receive_timeout. */
  conclib_status (*idle)(void* actor, conclib_context* context);
  /** A conclib_on_failure. */
  uint32_t on_failure;
  /** After more than `restarts_max` restarts within `restarts_within_ms` the actor ends. 0: no
   *  limit; 60 000. */
  uint32_t restarts_max;
  uint32_t restarts_within_ms;
  /** Delay of the second restart in a row, which each further one doubles, and its bound. 0: 100,
   *  10 000. */
  uint32_t backoff_min_ms;
  uint32_t backoff_max_ms;
  /** A keyed actor that took no message for so long is stopped and its memory given back; the next
   *  message makes it anew. 0: the configured default. UINT32_MAX: never. */
  uint32_t passivate_after_ms;
  /** More live keyed actors than this: the least recently used are stopped. 0: no limit. */
  uint32_t live_max;
  /** So many instances behind one URN, for handlers without state. 0: 1. */
  uint32_t pool_size;
  /** A handler that runs longer is reported as stuck. 0: the configured default. */
  uint32_t handler_limit_ms;
  uint32_t reserved_1_1;
};

/** An actor that an actor makes: its child, on the same worker. */
typedef struct conclib_spawn {
  size_t size;
  /** One of those in the plugin's table. */
  const conclib_actor_type* type;
  /** The child's URN is `parent#name`, below a child `parent#its_name/name`; empty: a fresh
   *  `urn:uuid:...`, which is known on this worker only. */
  conclib_str name;
  /** Reaches create in the context, also at a restart. Freed with the optional second function
   *  when the actor has ended for good, or at once when the spawn fails. */
  void* argument;
  void (*destroy_argument)(void* argument);
} conclib_spawn;

typedef enum conclib_stop_mode {
  /** After the messages that wait now. */
  CONCLIB_STOP_GRACEFUL = 0,
  /** After the running handler: asks that wait are answered ACTOR_STOPPED, tells become dead
   *  letters, a work that has begun ends unfinished. */
  CONCLIB_STOP_NOW = 1
} conclib_stop_mode;

/** The end of another actor, or of this one. */
typedef struct conclib_stop {
  size_t size;
  /** If not null the actor, and `urn` does not count. Remains the caller's. */
  conclib_ref* to;
  conclib_str urn;
  /** A conclib_stop_mode. */
  uint32_t mode;
  /** How long on_end waits; 0: the configured default of an ask. */
  uint32_t timeout_ms;
} conclib_stop;

/** A timer of an actor; it ends with the actor, also when that fails. */
typedef struct conclib_timer_spec {
  size_t size;
  /** Until the first call; from the first to the next, 0 for one call only. */
  uint64_t first_ns;
  uint64_t interval_ns;
  /** CONCLIB_TIMER_...; by default at a fixed rate, and what was missed is skipped. */
  uint32_t flags;
  uint32_t reserved;
  conclib_call_fn call;
  void* user_data;
  /** Optional. Frees user_data when the timer has ended. No calls of the host in it. */
  void (*destroy)(void* user_data);
} conclib_timer_spec;

/** The interval runs from the end of one call to the next. */
#define CONCLIB_TIMER_FIXED_DELAY UINT32_C(1)
/** Every missed call is made up for. */
#define CONCLIB_TIMER_CATCH_UP UINT32_C(2)
/** Part of what is being handled: called also while the actor waits, with its deadline and root. */
#define CONCLIB_TIMER_WHILE_WAITING UINT32_C(4)

/** The actor takes no other request until the work has ended. */
#define CONCLIB_WORK_EXCLUSIVE UINT32_C(1)

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

  /* Since ABI 1.1. "On the actor's turn" where nothing else is said; a failed call leaves its text
   * in last_error. */

  /** A reference to this actor; to the live actor with this URN on this worker (of any plugin), or
   *  null. The caller's, to be released. None of them activates an actor. */
  conclib_ref* (*self)(conclib_context* context);
  conclib_ref* (*find)(conclib_context* context, conclib_str urn);
  /** Any thread. */
  void (*ref_retain)(conclib_ref* ref);
  void (*ref_release)(conclib_ref* ref);
  /** Whether the actor runs: false from the beginning of its stop on. Any thread. */
  int (*ref_alive)(const conclib_ref* ref);
  /** URN and class of the actor; valid as long as the reference. Any thread. */
  conclib_str (*ref_urn)(const conclib_ref* ref);
  conclib_str (*ref_class)(const conclib_ref* ref);
  /** Calls `visit` (unless null) with each live actor of this worker whose class or base class has
   *  this name (empty: all), in the order in which they started; the number of them. The reference
   *  is valid during the visit, in which no other call of the host may be made but ref_... */
  size_t (*list)(conclib_context* context, conclib_str class_name,
                 void (*visit)(void* user_data, conclib_ref* ref), void* user_data);

  /** Makes a child; `*ref` (unless null) becomes the caller's. It starts on a turn of its own: a
   *  watch tells whether that failed. BAD_ARGUMENT: unknown type, name not valid or taken.
   *  SHUTTING_DOWN: the parent is ending. */
  conclib_status (*spawn)(conclib_context* context, const conclib_spawn* spawn, conclib_ref** ref);
  /** Ends an actor. OK: asked for; ACTOR_NOT_FOUND: it is not alive. `on_end` (may be null, may be
   *  called with a null reply): OK when it has ended, ACTOR_FAILED when its stop failed, TIMEOUT
   *  with what it waits for. An actor cannot wait for its own end: DEADLOCK. */
  conclib_status (*stop_actor)(conclib_context* context, const conclib_stop* stop,
                               conclib_reply_fn on_end, void* user_data);
  /** Calls `on_end` once when the actor ends, with the reason: OK for a stop, else ACTOR_FAILED,
   *  NOT_STARTED ...; ACTOR_NOT_FOUND at once if it is not alive. `to` may be null for the actor
   *  with that URN, here or on another worker. A restart or passivation is not an end; a move to
   *  another worker is one. */
  conclib_status (*watch)(conclib_context* context, conclib_ref* to, conclib_str urn,
                          conclib_reply_fn on_end, void* user_data);
  /** Ends the watch that was begun with this user_data; harmless when there is none. */
  void (*unwatch)(conclib_context* context, void* user_data);

  /** Starts a timer; its id, or 0: then user_data has been destroyed. */
  uint64_t (*timer_start)(conclib_context* context, const conclib_timer_spec* spec);
  /** Ends it; harmless when it has ended. No call is made afterwards. */
  void (*timer_cancel)(conclib_context* context, uint64_t timer);
  /** Calls the type's `idle` when no message came for so long, again and again. 0: ends that. */
  void (*receive_timeout)(conclib_context* context, uint64_t timeout_ns);

  /** The message being handled goes on after receive: its queue entry is kept until end_work, and
   *  what the actor's callbacks send meanwhile still belongs to it. In a callback: a work of its
   *  own. */
  conclib_work* (*begin_work)(conclib_context* context, uint32_t flags);
  /** Ends it. A failure, with the text of set_error, counts as one of receive. An actor that ends
   *  has all its works ended. */
  void (*end_work)(conclib_context* context, conclib_work* work, conclib_status status);
  /** Says that the actor, in an exclusive work, goes on only with the reply to the ask with this
   *  user_data: as CONCLIB_ASK_AWAITED, for an ask that was sent before. */
  void (*await_reply)(conclib_context* context, void* user_data);
  /** The right to have `call` called on this actor's turn, also while it waits, once, after
   *  `complete`; not if the actor ends before. It must be completed exactly once. */
  conclib_completion* (*completion)(conclib_context* context, conclib_call_fn call,
                                    void* user_data);
  /** Any thread. */
  void (*complete)(conclib_completion* completion);

  /** Has another actor answer: sends the message as an ask whose reply goes to `reply_to`, which is
   *  consumed in any case. If it cannot be sent, the asker hears why. */
  conclib_status (*forward)(conclib_context* context, conclib_reply_to* reply_to,
                            const conclib_outgoing* message);
  /** After the running call the actor fails as if receive had failed for a tell. For calls that
   *  return nothing, such as conclib_reply_fn. */
  void (*fail)(conclib_context* context, conclib_status status, conclib_str text);
  /** Something is so wrong that this worker must not go on: stops all its actors, in the reverse
   *  order of their start, and ends the worker, which is replaced. */
  void (*fail_worker)(conclib_context* context, conclib_str text);
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
