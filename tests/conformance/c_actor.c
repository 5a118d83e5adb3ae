/* SPDX-License-Identifier: MIT */
/* A plugin in plain C that does what one in C++ can, but for coroutines. Each message type is one
 * thing that it shows; what comes of it is counted, or told to the actor "journal". */
#include "tests/conformance/c_actor.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t second_ns = UINT64_C(1000000000);
static const conclib_str nothing = {NULL, 0};

/* What an actor waits for, with whom it is to answer. */
typedef struct query {
  conclib_reply_to* asker;
  conclib_work* work;
  conclib_completion* completion;
  uint8_t row;
} query;

typedef struct worker {
  const conclib_host* host;
  uint8_t total;
  uint8_t rank; /* Of the spawn that made it. */
  uint64_t ticker;
  conclib_ref* child;
} worker;

static const conclib_actor_type clerk_type;

static conclib_str str(const char* text) {
  const conclib_str view = {text, strlen(text)};
  return view;
}

static int is_text(conclib_str text, const char* expected) {
  return text.size == strlen(expected) && memcmp(text.data, expected, text.size) == 0;
}

static conclib_status fail(conclib_context* context, conclib_status status, const char* text) {
  context->host->set_error(context->plugin, context, str(text));
  return status;
}

static void count(conclib_context* context, const char* name) {
  context->host->counter_add(context->host->counter(context->plugin, str(name)), 1);
}

/* {"value": number}, of a number below 128; its size. */
static size_t write_value(uint8_t* at, uint8_t number) {
  memcpy(at, "\x81\xa5value", 7);
  at[7] = number;
  return 8;
}

static uint8_t read_value(conclib_bytes body) {
  return body.size == 8 ? ((const uint8_t*)body.data)[7] : 0;
}

static conclib_payload payload_of(const char* type, uint8_t* body, uint8_t number) {
  const conclib_payload payload = {str(type), {body, write_value(body, number)}, NULL, NULL};
  return payload;
}

static void answer(conclib_context* context, conclib_reply_to* asker, uint8_t number) {
  uint8_t body[8];
  const conclib_payload reply = payload_of("Total", body, number);
  if (asker != NULL) context->host->respond(asker, CONCLIB_OK, &reply, nothing);
}

static conclib_reply_to* take_asker(conclib_message* message) {
  conclib_reply_to* asker = message->reply_to;
  message->reply_to = NULL;
  return asker;
}

/* Messages, to a URN or to a reference. */

static conclib_status tell(conclib_context* context, const char* urn, conclib_ref* to,
                           const char* type, uint8_t number) {
  uint8_t body[8];
  conclib_outgoing message = {.size = sizeof(message), .urn = str(urn), .to = to};
  message.payload = payload_of(type, body, number);
  return context->host->tell(context, &message);
}

static void on_row(void* actor, conclib_context* context, void* user_data, conclib_status status,
                   conclib_str text, conclib_payload* reply) {
  conclib_reply_to* asker = user_data;
  (void)actor;
  if (status != CONCLIB_OK) {
    context->host->respond(asker, CONCLIB_ACTOR_FAILED, NULL, text);
    return;
  }
  answer(context, asker, (uint8_t)(read_value(reply->body) + 1));
}

/* Asks another actor, and answers with one more than it says. */
static conclib_status ask(conclib_context* context, conclib_message* message) {
  uint8_t body[8];
  conclib_reply_to* asker = take_asker(message);
  conclib_outgoing out = {.size = sizeof(out), .urn = str("shop"), .timeout_ms = 2000};
  out.payload = payload_of("Quote", body, 5);
  return context->host->ask(context, &out, on_row, asker);
}

/* Has another actor answer. */
static conclib_status forward(conclib_context* context, conclib_message* message) {
  uint8_t body[8];
  conclib_outgoing out = {.size = sizeof(out), .urn = str("shop")};
  out.payload = payload_of("Quote", body, 6);
  return context->host->forward(context, take_asker(message), &out);
}

/* Children, references, watches and stops. */

static void on_end(void* actor, conclib_context* context, void* user_data, conclib_status status,
                   conclib_str text, conclib_payload* reply) {
  (void)actor;
  (void)text;
  (void)reply;
  tell(context, "journal", NULL, user_data, (uint8_t)(status / 10));
}

static void free_rank(void* rank) { free(rank); }

static conclib_status spawn(worker* self, conclib_context* context) {
  conclib_spawn clerk = {.size = sizeof(clerk), .type = &clerk_type, .name = str("clerk")};
  uint8_t* rank = malloc(1);
  if (rank == NULL) return fail(context, CONCLIB_ACTOR_FAILED, "out of memory");
  *rank = 3;
  clerk.argument = rank;
  clerk.destroy_argument = free_rank;
  const conclib_status status = context->host->spawn(context, &clerk, &self->child);
  if (status != CONCLIB_OK) return status;
  return context->host->watch(context, self->child, nothing, on_end, "Ended");
}

static conclib_status stop_child(worker* self, conclib_context* context, uint32_t mode) {
  const conclib_stop stop = {
      .size = sizeof(stop), .to = self->child, .mode = mode, .timeout_ms = 1000};
  return context->host->stop_actor(context, &stop, on_end, "Stopped");
}

static void add_up(void* user_data, conclib_ref* ref) { *(size_t*)user_data += ref != NULL; }

/* Answers how many desks and people live; a clerk is one of the people. */
static conclib_status census(conclib_context* context, conclib_message* message) {
  size_t visited = 0;
  conclib_ref* self = context->host->self(context);
  conclib_ref* found = context->host->find(context, context->urn);
  conclib_ref* absent = context->host->find(context, str("desk/nobody"));
  const size_t people = context->host->list(context, str("Person"), add_up, &visited);
  const size_t all = context->host->list(context, nothing, NULL, NULL);
  const int right = self == found && absent == NULL && people == visited &&
                    context->host->ref_alive(found) &&
                    is_text(context->host->ref_class(found), "Desk") &&
                    context->host->ref_urn(found).size == context->urn.size;
  context->host->ref_retain(self);
  context->host->ref_release(self);
  context->host->ref_release(self);
  context->host->ref_release(found);
  if (!right) return fail(context, CONCLIB_ACTOR_FAILED, "a reference is not what it should be");
  answer(context, take_asker(message), (uint8_t)(all * 10 + people));
  return CONCLIB_OK;
}

/* Time. */

static conclib_status on_tick(void* actor, conclib_context* context, void* user_data) {
  worker* self = actor;
  count(context, user_data);
  if (++self->total == 3) context->host->timer_cancel(context, self->ticker);
  return CONCLIB_OK;
}

static conclib_status start_ticker(worker* self, conclib_context* context) {
  const conclib_timer_spec spec = {.size = sizeof(spec),
                                   .first_ns = 0,
                                   .interval_ns = second_ns,
                                   .call = on_tick,
                                   .user_data = "ticks"};
  self->total = 0;
  self->ticker = context->host->timer_start(context, &spec);
  return self->ticker != 0 ? CONCLIB_OK : fail(context, CONCLIB_ACTOR_FAILED, "no timer");
}

static conclib_status idle(void* actor, conclib_context* context) {
  (void)actor;
  count(context, "idle");
  return CONCLIB_OK;
}

/* A query of a database whose driver calls back on a thread of its own. */

static conclib_status on_completed(void* actor, conclib_context* context, void* user_data) {
  query* done = user_data;
  (void)actor;
  answer(context, done->asker, done->row);
  context->host->end_work(context, done->work, CONCLIB_OK);
  free(done);
  return CONCLIB_OK;
}

typedef struct errand {
  const conclib_host* host;
  query* of;
} errand;

static void* run_query(void* argument) {
  errand* self = argument;
  conclib_completion* completion = self->of->completion;
  self->of->row = 77;
  self->host->complete(completion);
  free(self);
  return NULL;
}

static conclib_status begin_query(conclib_context* context, conclib_message* message) {
  pthread_t thread;
  query* begun = calloc(1, sizeof(query));
  errand* sent = calloc(1, sizeof(errand));
  if (begun == NULL || sent == NULL) abort();
  begun->asker = take_asker(message);
  begun->work = context->host->begin_work(context, CONCLIB_WORK_EXCLUSIVE);
  begun->completion = context->host->completion(context, on_completed, begun);
  sent->host = context->host;
  sent->of = begun;
  if (pthread_create(&thread, NULL, run_query, sent) != 0) abort();
  pthread_detach(thread);
  return CONCLIB_OK;
}

/* Failures. */

static conclib_status failed(void* actor, conclib_context* context, conclib_status status,
                             conclib_str text) {
  (void)actor;
  (void)status;
  count(context, text.size > 0 ? "failed" : "failed_mutely");
  return CONCLIB_OK;
}

static conclib_status on_bad_tick(void* actor, conclib_context* context, void* user_data) {
  (void)actor;
  (void)user_data;
  return fail(context, CONCLIB_ACTOR_FAILED, "the tick failed");
}

static conclib_status fail_later(conclib_context* context) {
  const conclib_timer_spec spec = {
      .size = sizeof(spec), .first_ns = second_ns, .call = on_bad_tick};
  return context->host->timer_start(context, &spec) != 0 ? CONCLIB_OK : CONCLIB_ACTOR_FAILED;
}

/* The functions of both types. */

static conclib_status add(worker* self, conclib_context* context, conclib_message* message) {
  self->total = (uint8_t)(self->total + read_value(message->payload.body));
  answer(context, take_asker(message), self->total);
  return CONCLIB_OK;
}

static conclib_status receive_time(worker* self, conclib_context* context, conclib_str type) {
  if (is_text(type, "Tick")) return start_ticker(self, context);
  if (is_text(type, "FailLater")) return fail_later(context);
  context->host->receive_timeout(context, 10 * second_ns);
  return CONCLIB_OK;
}

static conclib_status receive_family(worker* self, conclib_context* context, conclib_str type) {
  if (is_text(type, "Spawn")) return spawn(self, context);
  if (is_text(type, "StopChild")) return stop_child(self, context, CONCLIB_STOP_GRACEFUL);
  if (is_text(type, "TellChild")) return tell(context, "", self->child, "Fail", 0);
  context->host->unwatch(context, "Ended");
  return CONCLIB_OK;
}

static conclib_status receive(void* actor, conclib_context* context, conclib_message* message) {
  static const char* const of_time[] = {"Tick", "FailLater", "Await"};
  static const char* const of_family[] = {"Spawn", "StopChild", "TellChild", "Unwatch"};
  worker* self = actor;
  const conclib_str type = message->payload.type;
  for (size_t i = 0; i < sizeof(of_time) / sizeof(of_time[0]); ++i) {
    if (is_text(type, of_time[i])) return receive_time(self, context, type);
  }
  for (size_t i = 0; i < sizeof(of_family) / sizeof(of_family[0]); ++i) {
    if (is_text(type, of_family[i])) return receive_family(self, context, type);
  }
  if (is_text(type, "Add")) return add(self, context, message);
  if (is_text(type, "Ask")) return ask(context, message);
  if (is_text(type, "Forward")) return forward(context, message);
  if (is_text(type, "Census")) return census(context, message);
  if (is_text(type, "Query")) return begin_query(context, message);
  if (is_text(type, "Retire")) return context->host->stop_self(context);
  if (is_text(type, "Fail")) return fail(context, CONCLIB_ACTOR_FAILED, "it failed");
  if (is_text(type, "FailFromCallback")) {
    context->host->fail(context, CONCLIB_ACTOR_FAILED, str("it failed otherwise"));
    return CONCLIB_OK;
  }
  if (is_text(type, "Rank")) {
    answer(context, take_asker(message), (uint8_t)(self->rank * 10 + context->restarts));
    return CONCLIB_OK;
  }
  return fail(context, CONCLIB_UNEXPECTED_MESSAGE, "no such message");
}

static conclib_status create(const conclib_actor_type* type, conclib_context* context,
                             void** actor) {
  worker* made = calloc(1, sizeof(worker));
  if (made == NULL || context->type != type) {
    free(made);
    return fail(context, CONCLIB_NOT_STARTED, "it cannot be made");
  }
  made->host = context->host;
  if (context->argument != NULL) made->rank = *(uint8_t*)context->argument;
  *actor = made;
  count(context, "made");
  return CONCLIB_OK;
}

static conclib_status start(void* actor, conclib_context* context) {
  (void)actor;
  count(context, "started");
  return CONCLIB_OK;
}

static conclib_status stop(void* actor, conclib_context* context) {
  (void)actor;
  count(context, "stopped");
  return CONCLIB_OK;
}

static void destroy(void* actor) {
  worker* self = actor;
  if (self->child != NULL) self->host->ref_release(self->child);
  free(self);
}

static int is_a_person(conclib_str class_name) { return is_text(class_name, "Person"); }

static const conclib_actor_type desk_type = {.size = sizeof(conclib_actor_type),
                                             .urn = CONCLIB_STR_INIT("desk/{name}"),
                                             .create = create,
                                             .start = start,
                                             .receive = receive,
                                             .stop = stop,
                                             .destroy = destroy,
                                             .class_name = CONCLIB_STR_INIT("Desk"),
                                             .failed = failed,
                                             .idle = idle,
                                             .passivate_after_ms = UINT32_MAX};

/* Only made by spawn. */
static const conclib_actor_type clerk_type = {.size = sizeof(conclib_actor_type),
                                              .create = create,
                                              .start = start,
                                              .receive = receive,
                                              .stop = stop,
                                              .destroy = destroy,
                                              .class_name = CONCLIB_STR_INIT("Clerk"),
                                              .is_a = is_a_person,
                                              .failed = failed,
                                              .on_failure = CONCLIB_ON_FAILURE_RESTART,
                                              .restarts_max = 2,
                                              .restarts_within_ms = 60000,
                                              .backoff_min_ms = 1000,
                                              .backoff_max_ms = 1000};

static const conclib_actor_type stubborn_type = {.size = sizeof(conclib_actor_type),
                                                 .urn = CONCLIB_STR_INIT("stubborn"),
                                                 .create = create,
                                                 .receive = receive,
                                                 .destroy = destroy,
                                                 .failed = failed,
                                                 .on_failure = CONCLIB_ON_FAILURE_RESUME};

static const conclib_actor_type fragile_type = {.size = sizeof(conclib_actor_type),
                                                .urn = CONCLIB_STR_INIT("fragile"),
                                                .create = create,
                                                .receive = receive,
                                                .destroy = destroy,
                                                .failed = failed,
                                                .on_failure = CONCLIB_ON_FAILURE_STOP};

static const conclib_actor_type* const types[] = {&desk_type, &clerk_type, &stubborn_type,
                                                  &fragile_type};

const conclib_plugin* c_actor_plugin(void) {
  static const conclib_plugin plugin = {.magic = CONCLIB_PLUGIN_MAGIC,
                                        .size = sizeof(conclib_plugin),
                                        .abi_major = CONCLIB_ABI_MAJOR,
                                        .abi_minor = CONCLIB_ABI_MINOR,
                                        .name = CONCLIB_STR_INIT("c_actor"),
                                        .version = CONCLIB_STR_INIT("1.0.0"),
                                        .actor_types = types,
                                        .actor_types_count = 4};
  return &plugin;
}
