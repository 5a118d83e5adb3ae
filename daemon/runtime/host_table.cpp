// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include "daemon/runtime/answer.hpp"
#include "daemon/runtime/runtime.hpp"
#include "daemon/runtime/turn.hpp"

/// The functions of the host's table that act on actors and messages.
namespace conclib::runtime {
namespace {

using proto::Status;

bool complete_outgoing(const conclib_outgoing* message) {
  return message && message->size >= sizeof(conclib_outgoing);
}

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
  auto text =
      fmt::format("actor {} dropped the request without an answer", reply_to->debtor->urn());
  (void)answer(reply_to, Status::no_reply, {}, std::move(text));
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
}

}  // namespace conclib::runtime
