// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstddef>
#include <limits>

#include <fmt/core.h>

#include "daemon/runtime/answer.hpp"
#include "daemon/runtime/runtime.hpp"
#include "daemon/runtime/turn.hpp"

/// The functions of the host's table that act on actors and messages.
namespace conclib::runtime {
namespace {

using proto::Status;

/// What the structs have had since ABI 1.0.
constexpr std::size_t outgoing_size_min = offsetof(conclib_outgoing, to);

bool complete_outgoing(const conclib_outgoing* message) {
  return message && message->size >= outgoing_size_min;
}

/// The turn of the actor with this context; null: it is not its turn.
Turn* turn_of(conclib_context* context) { return context ? Cell::of(context).turn : nullptr; }

conclib_status host_tell(conclib_context* context, const conclib_outgoing* message) noexcept {
  if (!context || !complete_outgoing(message)) return CONCLIB_BAD_ARGUMENT;
  auto& cell = Cell::of(context);
  if (cell.turn) return cell.turn->tell(cell, *message);
  const Payload dropped(message->payload);
  return CONCLIB_BAD_ARGUMENT;
}

conclib_status host_ask(conclib_context* context, const conclib_outgoing* message,
                        conclib_reply_fn on_reply, void* user_data) noexcept {
  if (!context || !complete_outgoing(message)) return CONCLIB_BAD_ARGUMENT;
  auto& cell = Cell::of(context);
  if (cell.turn && on_reply) return cell.turn->ask(cell, *message, on_reply, user_data);
  const Payload dropped(message->payload);
  return CONCLIB_BAD_ARGUMENT;
}

/// What an actor may answer by its own choice.
Status by_choice(conclib_status status) {
  if (status == CONCLIB_OK) return Status::ok;
  return status == CONCLIB_REJECTED ? Status::rejected : Status::actor_failed;
}

bool may_answer(const conclib_reply_to* reply_to) {
  auto* turn = Turn::current();
  return !turn || turn->may_answer(reply_to);
}

conclib_status host_respond(conclib_reply_to* reply_to, conclib_status status,
                            const conclib_payload* payload, conclib_str text) noexcept {
  Payload given = payload ? Payload(*payload) : Payload();
  if (!reply_to) return CONCLIB_BAD_ARGUMENT;
  if (!may_answer(reply_to)) return CONCLIB_ALREADY_RESPONDED;
  auto why = std::string(view_of(text));
  if (why.empty() && status != CONCLIB_OK) why = proto::status_text(Status(status));
  auto answered = answer(reply_to, by_choice(status), std::move(given), std::move(why));
  return answered ? CONCLIB_OK : conclib_status(answered.error().code);
}

void host_drop(conclib_reply_to* reply_to) noexcept {
  if (!reply_to || !may_answer(reply_to)) return;
  auto* const turn = Turn::current();
  auto noted = turn ? turn->note_dropped(reply_to) : std::nullopt;
  (void)answer(reply_to, Status::no_reply, {}, noted ? std::move(*noted) : note_dropped(*reply_to));
}

std::uint32_t host_time_left_ms(conclib_context* context) noexcept {
  const auto* turn = Cell::of(context).turn;
  return turn ? turn->time_left_ms() : 0;
}

conclib_status host_stop_self(conclib_context* context) noexcept {
  if (!context || !Cell::of(context).turn) return CONCLIB_BAD_ARGUMENT;
  auto& cell = Cell::of(context);
  cell.turn->stop_self(cell);
  return CONCLIB_OK;
}

void host_set_error(conclib_plugin_handle*, conclib_context* context, conclib_str text) noexcept {
  if (!context || !Cell::of(context).turn) return;
  Cell::of(context).turn->set_error(view_of(text));
}

conclib_str host_last_error(conclib_context* context) noexcept {
  if (!context || !Cell::of(context).turn) return {nullptr, 0};
  return str_of(Cell::of(context).turn->last_error());
}

conclib_ref* host_self(conclib_context* context) noexcept {
  if (!context) return nullptr;
  auto& cell = Cell::of(context);
  cell.retain();
  return &cell;
}

/// Gives the reference away.
conclib_ref* hand_over(const Ref<Cell>& cell) {
  if (!cell) return nullptr;
  cell->retain();
  return cell.get();
}

conclib_ref* host_find(conclib_context* context, conclib_str urn) noexcept {
  if (!context) return nullptr;
  const auto found = Cell::of(context).type().core->registry.find(view_of(urn));
  return found && found->is_alive() ? hand_over(found) : nullptr;
}

void host_ref_retain(conclib_ref* ref) noexcept { Cell::of(ref).retain(); }
void host_ref_release(conclib_ref* ref) noexcept { Cell::of(ref).release(); }

const Cell& cell_of(const conclib_ref* ref) { return *static_cast<const Cell*>(ref); }

int host_ref_alive(const conclib_ref* ref) noexcept { return cell_of(ref).is_alive() ? 1 : 0; }
conclib_str host_ref_urn(const conclib_ref* ref) noexcept { return str_of(cell_of(ref).urn()); }
conclib_str host_ref_class(const conclib_ref* ref) noexcept {
  return str_of(cell_of(ref).type().class_name);
}

size_t host_list(conclib_context* context, conclib_str class_name,
                 void (*visit)(void* user_data, conclib_ref* ref), void* user_data) noexcept {
  if (!context) return 0;
  const auto all = Cell::of(context).type().core->registry.live();
  size_t count = 0;
  for (const auto& cell : all) {
    if (!cell->type().is_a(view_of(class_name))) continue;
    ++count;
    if (visit) visit(user_data, cell.get());
  }
  return count;
}

conclib_status host_spawn(conclib_context* context, const conclib_spawn* spawn,
                          conclib_ref** ref) noexcept {
  if (!spawn || spawn->size < CONCLIB_SIZE_UP_TO(conclib_spawn, destroy_argument))
    return CONCLIB_BAD_ARGUMENT;
  auto* turn = turn_of(context);
  if (turn) return turn->spawn(Cell::of(context), *spawn, ref);
  if (spawn->destroy_argument) spawn->destroy_argument(spawn->argument);
  return CONCLIB_BAD_ARGUMENT;
}

conclib_status host_stop_actor(conclib_context* context, const conclib_stop* stop,
                               conclib_reply_fn on_end, void* user_data) noexcept {
  auto* turn = turn_of(context);
  if (!turn || !stop || stop->size < CONCLIB_SIZE_UP_TO(conclib_stop, timeout_ms))
    return CONCLIB_BAD_ARGUMENT;
  return turn->stop_actor(Cell::of(context), *stop, on_end, user_data);
}

conclib_status host_watch(conclib_context* context, conclib_ref* to, conclib_str urn,
                          conclib_reply_fn on_end, void* user_data) noexcept {
  auto* turn = turn_of(context);
  if (!turn || !on_end) return CONCLIB_BAD_ARGUMENT;
  return turn->watch(Cell::of(context), to ? &Cell::of(to) : nullptr, view_of(urn), on_end,
                     user_data);
}

void host_unwatch(conclib_context* context, void* user_data) noexcept {
  if (auto* turn = turn_of(context)) turn->unwatch(Cell::of(context), user_data);
}

std::uint64_t host_timer_start(conclib_context* context, const conclib_timer_spec* spec) noexcept {
  if (!spec || spec->size < CONCLIB_SIZE_UP_TO(conclib_timer_spec, destroy)) return 0;
  auto* turn = turn_of(context);
  if (turn && spec->call) return turn->start_timer(Cell::of(context), *spec);
  if (spec->destroy) spec->destroy(spec->user_data);
  return 0;
}

void host_timer_cancel(conclib_context* context, std::uint64_t timer) noexcept {
  if (auto* turn = turn_of(context)) turn->cancel_timer(Cell::of(context), timer);
}

void host_receive_timeout(conclib_context* context, std::uint64_t timeout_ns) noexcept {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (auto* turn = turn_of(context)) {
    const auto timeout = static_cast<std::int64_t>(std::min(timeout_ns, most));
    turn->set_receive_timeout(Cell::of(context), std::chrono::nanoseconds(timeout));
  }
}

conclib_work* host_begin_work(conclib_context* context, std::uint32_t flags) noexcept {
  auto* turn = turn_of(context);
  return turn ? turn->begin_work(Cell::of(context), flags) : nullptr;
}

void host_end_work(conclib_context* context, conclib_work* work, conclib_status status) noexcept {
  if (auto* turn = turn_of(context)) turn->end_work(Cell::of(context), work, status);
}

void host_await_reply(conclib_context* context, void* user_data) noexcept {
  if (auto* turn = turn_of(context)) turn->await_reply(Cell::of(context), user_data);
}

conclib_completion* host_completion(conclib_context* context, conclib_call_fn call,
                                    void* user_data) noexcept {
  auto* turn = turn_of(context);
  return turn && call ? turn->completion(Cell::of(context), call, user_data) : nullptr;
}

void host_complete(conclib_completion* completion) noexcept {
  if (!completion) return;
  // Once it is pushed it belongs to the mailbox, and so does the reference in it.
  const auto cell = completion->cell;
  if (cell->push(completion) == Mailbox::Pushed::closed) delete completion;
}

conclib_status host_forward(conclib_context* context, conclib_reply_to* reply_to,
                            const conclib_outgoing* message) noexcept {
  auto* turn = turn_of(context);
  if (turn && reply_to && complete_outgoing(message)) {
    return turn->forward(Cell::of(context), reply_to, *message);
  }
  if (complete_outgoing(message)) const Payload dropped(message->payload);
  host_drop(reply_to);
  return CONCLIB_BAD_ARGUMENT;
}

void host_fail(conclib_context* context, conclib_status status, conclib_str text) noexcept {
  if (auto* turn = turn_of(context)) turn->fail(status, view_of(text));
}

void host_fail_worker(conclib_context* context, conclib_str text) noexcept {
  if (auto* turn = turn_of(context)) turn->fail_worker(view_of(text));
}

/// What came with ABI 1.1.
void fill_additions(conclib_host& host) {
  host.self = host_self;
  host.find = host_find;
  host.ref_retain = host_ref_retain;
  host.ref_release = host_ref_release;
  host.ref_alive = host_ref_alive;
  host.ref_urn = host_ref_urn;
  host.ref_class = host_ref_class;
  host.list = host_list;
  host.spawn = host_spawn;
  host.stop_actor = host_stop_actor;
  host.watch = host_watch;
  host.unwatch = host_unwatch;
  host.timer_start = host_timer_start;
  host.timer_cancel = host_timer_cancel;
  host.receive_timeout = host_receive_timeout;
  host.begin_work = host_begin_work;
  host.end_work = host_end_work;
  host.await_reply = host_await_reply;
  host.completion = host_completion;
  host.complete = host_complete;
  host.forward = host_forward;
  host.fail = host_fail;
  host.fail_worker = host_fail_worker;
}

}  // namespace

void Runtime::fill_host_table(conclib_host& host) {
  host.tell = host_tell;
  host.ask = host_ask;
  host.respond = host_respond;
  host.drop = host_drop;
  host.time_left_ms = host_time_left_ms;
  host.stop_self = host_stop_self;
  host.set_error = host_set_error;
  host.last_error = host_last_error;
  fill_additions(host);
}

}  // namespace conclib::runtime
