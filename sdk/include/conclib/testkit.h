/* SPDX-License-Identifier: MIT */
/**
 * The C interface of the test kit: actors in the real runtime, without Redis, without threads, with
 * a clock that the test moves. Authors in C++ use conclib/testkit.hpp, which stands on it.
 *
 *     conclib_kit* kit = conclib_kit_open(NULL);
 *     conclib_kit_add(kit, conclib_plugin_table());
 *     uint64_t ask = 0;
 *     if (conclib_kit_ask(kit, &message, &ask) != CONCLIB_OK) puts(conclib_kit_error(kit).data);
 *     conclib_kit_reply reply = {sizeof(reply)};
 *     conclib_kit_await(kit, ask, &reply);
 *     conclib_kit_close(kit);
 *
 * Threading: a kit belongs to one thread at a time. Text and bytes that a function gives out are
 * valid until the next call with the same kit. A call that fails leaves its text in
 * conclib_kit_error. Zero in a field of a struct (but `size`) means its default.
 */
#ifndef CONCLIB_TESTKIT_H
#define CONCLIB_TESTKIT_H

#include "conclib/plugin.h"
#include "conclib/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CONCLIB_TESTKIT_API __attribute__((visibility("default")))

typedef struct conclib_kit conclib_kit;

typedef struct conclib_kit_setting {
  conclib_str name;
  conclib_str value;
} conclib_kit_setting;

typedef struct conclib_kit_options {
  size_t size;
  /** Decides the order of turns and all else that is random. */
  uint64_t seed;
  /** What the plugins find as their settings. */
  const conclib_kit_setting* settings;
  size_t settings_count;
  /** A run gives up after so many turns. Default 1 000 000. */
  uint64_t turns_max;
  /** For asks that name no time-out, from the test and between actors. Default 5000. */
  uint64_t ask_timeout_ms;
} conclib_kit_options;

/** A message that the test sends to an actor. Only read in the call. */
typedef struct conclib_kit_message {
  size_t size;
  conclib_str urn;
  conclib_str type;
  /** One msgpack value; empty: an empty map. */
  conclib_bytes body;
  /** Who the actor is told that it comes from; may be empty. */
  conclib_str sender;
  /** Of an ask. */
  uint64_t timeout_ns;
} conclib_kit_message;

/** How an ask ended. */
typedef struct conclib_kit_reply {
  size_t size;
  conclib_status status;
  /** When status is OK. */
  conclib_str type;
  conclib_bytes body;
  /** When it is not: what went wrong. */
  conclib_str text;
} conclib_kit_reply;

/** A message that an actor sent to somebody whom the kit does not run. */
typedef struct conclib_kit_letter {
  size_t size;
  conclib_str to;
  conclib_str from;
  conclib_str type;
  conclib_bytes body;
  /** Names the ask in conclib_kit_answer; 0: a tell. */
  uint64_t ask;
} conclib_kit_letter;

/** Something that went wrong in an actor, or a message that reached none. */
typedef struct conclib_kit_failure {
  size_t size;
  conclib_str actor;
  /** Name of the message type, or on_start, on_stop, constructor, callback for what was not one. */
  conclib_str message_type;
  conclib_status status;
  conclib_str text;
} conclib_kit_failure;

/** A kit, or null without memory. `options` may be null. */
CONCLIB_TESTKIT_API conclib_kit* conclib_kit_open(const conclib_kit_options* options);
/** Stops the actors, without running what waits in mailboxes, and frees all. Null is fine. */
CONCLIB_TESTKIT_API void conclib_kit_close(conclib_kit* kit);
/** What the last call that failed has to say. */
CONCLIB_TESTKIT_API conclib_str conclib_kit_error(const conclib_kit* kit);

/** Adds the actors of a plugin, whose table outlives the kit. Before the first message. */
CONCLIB_TESTKIT_API conclib_status conclib_kit_add(conclib_kit* kit, const conclib_plugin* plugin);

/** Puts a message into its actor's mailbox; nothing runs yet. Fails if it found no place there. */
CONCLIB_TESTKIT_API conclib_status conclib_kit_tell(conclib_kit* kit,
                                                    const conclib_kit_message* message);
/** The same for an ask, whose number `*ask` becomes. How it ends is said by conclib_kit_await. */
CONCLIB_TESTKIT_API conclib_status conclib_kit_ask(conclib_kit* kit,
                                                   const conclib_kit_message* message,
                                                   uint64_t* ask);
/** Whether the ask has been answered. */
CONCLIB_TESTKIT_API int conclib_kit_answered(conclib_kit* kit, uint64_t ask);
/** Runs until the ask is answered, moving the clock to the next timer when nothing is ready, up to
 *  the ask's deadline. OK with the reply, whatever its status, once for each ask. */
CONCLIB_TESTKIT_API conclib_status conclib_kit_await(conclib_kit* kit, uint64_t ask,
                                                     conclib_kit_reply* reply);

/** Gives turns until no actor is ready. Fails with OVERLOADED after turns_max. */
CONCLIB_TESTKIT_API conclib_status conclib_kit_run(conclib_kit* kit);
/** Moves the clock by so much, from timer to timer, and runs what each of them makes ready. */
CONCLIB_TESTKIT_API conclib_status conclib_kit_advance(conclib_kit* kit, uint64_t ns);
/** By how much the clock was moved since the kit was opened. */
CONCLIB_TESTKIT_API uint64_t conclib_kit_elapsed_ns(const conclib_kit* kit);
/** Runs, then stops all actors as a worker does that leaves. It takes no message afterwards. */
CONCLIB_TESTKIT_API conclib_status conclib_kit_stop(conclib_kit* kit);

/** Called with each letter to a probe, between turns; it may answer. What it does not take
 *  (returns 0) is kept for conclib_kit_take. */
typedef int (*conclib_kit_listener)(void* user_data, const conclib_kit_letter* letter);

/** Has somebody of this URN who takes letters. `listener` may be null; a second call replaces it.
 *  BAD_ARGUMENT: an actor of the kit has this URN. */
CONCLIB_TESTKIT_API conclib_status conclib_kit_probe(conclib_kit* kit, conclib_str urn,
                                                     conclib_kit_listener listener,
                                                     void* user_data);
/** Takes the oldest letter to a probe; 0: there is none. */
CONCLIB_TESTKIT_API int conclib_kit_take(conclib_kit* kit, conclib_str urn,
                                         conclib_kit_letter* letter);
/** Answers the ask of a letter. ALREADY_RESPONDED: it was answered. */
CONCLIB_TESTKIT_API conclib_status conclib_kit_answer(conclib_kit* kit, uint64_t ask,
                                                      const conclib_kit_reply* reply);
/** Calls `visit` with each letter to somebody who is no actor of the kit and no probe, oldest
 *  first. No other call of the kit in it. */
CONCLIB_TESTKIT_API void conclib_kit_sent(conclib_kit* kit,
                                          void (*visit)(void* user_data,
                                                        const conclib_kit_letter* letter),
                                          void* user_data);

/** The same with what failed, and with the messages that reached nobody. */
CONCLIB_TESTKIT_API void conclib_kit_failures(conclib_kit* kit,
                                              void (*visit)(void* user_data,
                                                            const conclib_kit_failure* failure),
                                              void* user_data);
CONCLIB_TESTKIT_API void conclib_kit_dead_letters(conclib_kit* kit,
                                                  void (*visit)(void* user_data,
                                                                const conclib_kit_failure* letter),
                                                  void* user_data);
/** The same with the URNs of the live actors, sorted; and with the lines of the log, such as
 *  "warn runtime: actor a failed". */
CONCLIB_TESTKIT_API void conclib_kit_actors(conclib_kit* kit,
                                            void (*visit)(void* user_data, conclib_str urn),
                                            void* user_data);
CONCLIB_TESTKIT_API void conclib_kit_log(conclib_kit* kit,
                                         void (*visit)(void* user_data, conclib_str line),
                                         void* user_data);

/** How often the actor was made anew after a failure. */
CONCLIB_TESTKIT_API uint64_t conclib_kit_restarts(const conclib_kit* kit, conclib_str urn);
/** A counter of the plugins by name; 0 if there is none. */
CONCLIB_TESTKIT_API uint64_t conclib_kit_counter(const conclib_kit* kit, conclib_str name);
/** What happened, a line for each turn, message and timer; the newest 100 000 of them. */
CONCLIB_TESTKIT_API conclib_str conclib_kit_trace(conclib_kit* kit);

#ifdef __cplusplus
}
#endif

#endif /* CONCLIB_TESTKIT_H */
