/* SPDX-License-Identifier: MIT */
/**
 * The client of conclib for C and for every language with a C interface.
 *
 *     conclib_client* client = NULL;
 *     conclib_error error = CONCLIB_ERROR_INIT;
 *     if (conclib_client_open(NULL, &client, &error) != CONCLIB_OK) { puts(error.text); return 1; }
 *     conclib_request request = CONCLIB_REQUEST_INIT;
 *     request.urn = ...; request.type = ...; request.body = ...;   // body: one msgpack value
 *     conclib_reply* reply = conclib_client_ask(client, &request);
 *     if (reply->status == CONCLIB_OK) use(reply->body); else puts(reply->text.data);
 *     conclib_reply_free(reply);
 *     conclib_client_close(client);
 *
 * Every struct that crosses starts with its size, so it can grow at its end. What the library
 * allocates, the library frees. It has no threads, no signal handlers and no global state.
 */
#ifndef CONCLIB_CONCLIB_H
#define CONCLIB_CONCLIB_H

#include "conclib/status.h"
#include "conclib/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define CONCLIB_API
#else
#define CONCLIB_API __attribute__((visibility("default")))
#endif

/** A client of one namespace on one Redis. May be used by any number of threads at once: each call
 *  takes a connection of its own from a pool that grows to the number of concurrent calls. After a
 *  fork the child opens connections of its own and leaves the inherited ones alone. */
typedef struct conclib_client conclib_client;

/** How a client is made. Zero in any field but `size` means the default. */
typedef struct conclib_client_options {
  size_t size;
  /** `unix:///path/redis.sock?ns=NAME` or `redis://user:password@host:port/db?ns=NAME`. Empty:
   *  $CONCLIB_URL, else $XDG_RUNTIME_DIR/conclib/redis.sock, else /run/conclib/redis.sock. */
  conclib_str url;
  /** Names this program in its reply keys: 1 to 64 of [A-Za-z0-9_-]. Default "app". */
  conclib_str app;
  /** For connecting and for what is asked of Redis beside messages, in ms. Default 2000. */
  uint32_t connect_timeout_ms;
  /** The deadline of a request that names none, in ms. Default 5000. */
  uint32_t default_timeout_ms;
} conclib_client_options;

#define CONCLIB_CLIENT_OPTIONS_INIT \
  { sizeof(conclib_client_options), {0, 0}, {0, 0}, 0, 0 }

/** Where a call that returns no reply puts its explanation: one line of UTF-8, ended by NUL. */
typedef struct conclib_error {
  size_t size;
  conclib_status status;
  char text[512];
} conclib_error;

#define CONCLIB_ERROR_INIT                   \
  {                                          \
    sizeof(conclib_error), CONCLIB_OK, { 0 } \
  }

/** A message for an actor. All that it points to is the caller's and is only read in the call. */
typedef struct conclib_request {
  size_t size;
  /** The actor: `type`, `type/key` or either with `#child`. 1 to 255 bytes. */
  conclib_str urn;
  /** The name of the message type, 1 to 255 bytes. */
  conclib_str type;
  /** One msgpack value, usually a map from field name to value. Empty: an empty map. */
  conclib_bytes body;
  /** How long the message may live, in ms from the call. 0: the client's default for an ask, one
   *  hour for a tell. */
  uint32_t timeout_ms;
  /** The type that an ask expects; another one gives CONCLIB_WRONG_TYPE. Empty: any. */
  conclib_str reply_type;
  /** W3C trace context to be passed on, `traceparent` and `tracestate`. Empty: none. */
  conclib_str trace_parent;
  conclib_str trace_state;
} conclib_request;

#define CONCLIB_REQUEST_INIT                                                     \
  {                                                                              \
    sizeof(conclib_request), {0, 0}, {0, 0}, {0, 0}, 0, {0, 0}, {0, 0}, { 0, 0 } \
  }

/** The outcome of an ask. Owned by the library until conclib_reply_free. */
typedef struct conclib_reply {
  size_t size;
  conclib_status status;
  /** The type of the body, when status is CONCLIB_OK. */
  conclib_str type;
  /** One msgpack value, when status is CONCLIB_OK. */
  conclib_bytes body;
  /** What went wrong, naming actor and cause; ended by NUL. Empty when status is CONCLIB_OK. */
  conclib_str text;
} conclib_reply;

/** What a tell leaves behind: the id of its entry in the queue, as Redis writes it, ended by NUL.
 */
typedef struct conclib_receipt {
  size_t size;
  char id[48];
} conclib_receipt;

#define CONCLIB_RECEIPT_INIT       \
  {                                \
    sizeof(conclib_receipt), { 0 } \
  }

/** Makes a client and connects it, in one attempt. `options` may be null. On failure `*client` is
 * null and `error`, if given, says why: CONCLIB_BAD_ARGUMENT, CONCLIB_REDIS_UNREACHABLE or
 * CONCLIB_REDIS_REFUSED. That no daemon has ever served the namespace is told by the first ask or
 * tell. */
CONCLIB_API conclib_status conclib_client_open(const conclib_client_options* options,
                                               conclib_client** client, conclib_error* error);

/** Ends a client that no thread uses any more. Null is allowed. */
CONCLIB_API void conclib_client_close(conclib_client* client);

/** Sends a message and waits for its reply until the deadline. Never returns null. Any thread. */
CONCLIB_API conclib_reply* conclib_client_ask(conclib_client* client,
                                              const conclib_request* request);

/** Sends a message and returns once Redis holds it. `receipt` and `error` may be null. Any thread.
 */
CONCLIB_API conclib_status conclib_client_tell(conclib_client* client,
                                               const conclib_request* request,
                                               conclib_receipt* receipt, conclib_error* error);

/** What is known of the namespace as one msgpack map, in the body of a reply that the caller frees:
 *  {"namespace", "url", "version", "partitions": [{"partition", "node", "epoch", "queued", "dead",
 *  "lease_left_ms"}], "nodes": [the maps of PROTOCOL.md with "id" and "age_ms" added],
 *  "created_ms", "last_seen_ms", "now_ms"}. Any thread. */
CONCLIB_API conclib_reply* conclib_client_status(conclib_client* client);

/** Gives a reply back. Null is allowed. */
CONCLIB_API void conclib_reply_free(conclib_reply* reply);

/** The name of a status, such as "NO_ACTOR"; for a number that this library does not know, the name
 *  of its class. Static text, ended by NUL. */
CONCLIB_API const char* conclib_status_name(int status);

/** One sentence on a status; as above. */
CONCLIB_API const char* conclib_status_text(int status);

/** The version of this library, such as "0.1.0". Static text, ended by NUL. */
CONCLIB_API const char* conclib_version(void);

#ifdef __cplusplus
}
#endif

#endif /* CONCLIB_CONCLIB_H */
