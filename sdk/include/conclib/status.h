/* SPDX-License-Identifier: MIT */
#ifndef CONCLIB_STATUS_H
#define CONCLIB_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Every way in which a message can end, in one table. It makes the C enum below, the texts, the C++
 * error class and (by a script) the Python classes; the same numbers travel in replies.
 *
 * X(NAME, name, number, text)
 *
 * The hundreds of a number are its class, so that a client knows what a status from a newer daemon
 * means for it: 0 success, 1xx the message never ran, 2xx it ran and failed, 3xx unknown whether it
 * ran. A status is only ever given when its class is true. Numbers are append-only.
 */
#define CONCLIB_STATUS_TABLE(X)                                                                    \
  X(OK, ok, 0, "success")                                                                          \
  X(NO_ACTOR, no_actor, 100, "no live node has an actor type for this URN")                        \
  X(OVERLOADED, overloaded, 101, "the actor or its worker is at its limit")                        \
  X(EXPIRED, expired, 102, "the deadline had passed before the message could run")                 \
  X(REJECTED, rejected, 103, "the actor refused the message before running it")                    \
  X(BAD_ENVELOPE, bad_envelope, 104,                                                               \
    "the request envelope is malformed, too large or of an unknown version")                       \
  X(UNEXPECTED_MESSAGE, unexpected_message, 105, "the actor has no handler for this message type") \
  X(WRONG_PARTITION, wrong_partition, 106, "the request stood in the queue of another partition")  \
  X(NOT_STARTED, not_started, 107, "the actor could not be started")                               \
  X(CANCELLED, cancelled, 108, "the ask was cancelled before it ran")                              \
  X(ACTOR_STOPPED, actor_stopped, 109, "the actor was stopped before it took the message")         \
  X(ACTOR_NOT_FOUND, actor_not_found, 110, "the actor is not alive")                               \
  X(NO_DAEMON, no_daemon, 111, "no conclibd has ever served this namespace")                       \
  X(REDIS_UNREACHABLE, redis_unreachable, 112, "Redis could not be reached")                       \
  X(REDIS_REFUSED, redis_refused, 113, "Redis refused the request")                                \
  X(REDIS_FULL, redis_full, 114, "Redis is at its maxmemory and refuses new requests")             \
  X(BAD_ARGUMENT, bad_argument, 115, "an argument of the call is not valid")                       \
  X(PROTOCOL_MISMATCH, protocol_mismatch, 116,                                                     \
    "the namespace speaks another version of the protocol")                                        \
  X(ALREADY_RESPONDED, already_responded, 117, "the request has been answered already")            \
  X(SHUTTING_DOWN, shutting_down, 118, "the worker is stopping and takes no more work")            \
  X(ACTOR_FAILED, actor_failed, 200, "the actor failed while it handled the message")              \
  X(ACTOR_CRASHED, actor_crashed, 201, "the message crashed its worker and was given up")          \
  X(NO_REPLY, no_reply, 202, "the actor dropped the request without an answer")                    \
  X(WRONG_TYPE, wrong_type, 203, "the reply is not of the type that was asked for")                \
  X(DEADLOCK, deadlock, 204, "actors wait for each other in a ring")                               \
  X(UNKNOWN, unknown, 300, "it is not known whether the message ran")                              \
  X(TIMEOUT, timeout, 301, "no reply came before the deadline")                                    \
  X(NO_NODE, no_node, 302, "no reply came before the deadline, and no node is alive")              \
  X(BAD_REPLY, bad_reply, 303, "a reply came that cannot be decoded")                              \
  X(INTERNAL, internal, 304, "conclib failed; this is a bug")

/** The outcome of a message, and what every function of the C interfaces returns. */
typedef enum conclib_status {
#define CONCLIB_STATUS_ENUM(NAME, name, number, text) CONCLIB_##NAME = number,
  CONCLIB_STATUS_TABLE(CONCLIB_STATUS_ENUM)
#undef CONCLIB_STATUS_ENUM
} conclib_status;

/** What a status says about whether the message ran; the status divided by one hundred. */
typedef enum conclib_status_class {
  CONCLIB_CLASS_OK = 0,
  CONCLIB_CLASS_NEVER_RAN = 1,
  CONCLIB_CLASS_RAN_AND_FAILED = 2,
  CONCLIB_CLASS_UNKNOWN = 3
} conclib_status_class;

#ifdef __cplusplus
}
#endif

#endif /* CONCLIB_STATUS_H */
