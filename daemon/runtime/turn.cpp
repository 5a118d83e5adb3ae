// SPDX-License-Identifier: MIT
#include "daemon/runtime/turn.hpp"

#include <algorithm>
#include <exception>
#include <vector>

#include <fmt/core.h>

#include "daemon/runtime/answer.hpp"
#include "proto/assert.hpp"

namespace conclib::runtime {
namespace {

using proto::Status;

/// respond() comes from any thread without saying which, and has to know whether it is on a turn.
thread_local Turn* current_turn = nullptr;

}  // namespace

Turn::Turn(Core& core, Scheduler* scheduler)
    : core_(core), scheduler_(scheduler), sender_(core, *this, counters_) {}

Turn* Turn::current() { return current_turn; }

void Turn::enter_thread(unsigned index) {
  index_ = index;
  current_turn = this;
}

void Turn::leave_thread() {
  sender_.forget();
  current_turn = nullptr;
}

bool Turn::run(Cell& cell) {
  // The cell may end in this turn.
  const auto alive = Ref<Cell>::share(&cell);
  began_ = core_.clock.now();
  cell.turn = this;
  return give(cell);
}

bool Turn::give(Cell& cell) {
  auto left = std::max(core_.options.messages_per_turn, 1U);
  for (;;) {
    cell.mailbox.collect();
    while (auto* control = cell.mailbox.pop_control()) {
      on_control(cell, static_cast<Control*>(control));
    }
    if (cell.start_at_once) {
      cell.start_at_once = false;
      if (!cell.draining() && !bring_up(cell)) {
        refuse_waiting(cell, Status::not_started, call_error_);
      }
    }
    while (cell.mailbox.collected() > 0 || cell.stop_asked) {
      if (cell.stop_asked && cell.until_stop == 0) {
        end(cell);
        continue;
      }
      if (left == 0) {
        cell.mailbox.settle();
        cell.turn = nullptr;
        return true;
      }
      --left;
      if (cell.stop_asked) --cell.until_stop;
      on_message(cell, cell.mailbox.pop(cell.type().limits));
    }
    if (rest(cell) == Rest::rests) return false;
  }
}

Turn::Rest Turn::rest(Cell& cell) {
  const bool draining = cell.draining();
  const bool waits = cell.asks && cell.asks->count > 0;
  const bool ending = draining || (!cell.alive && (cell.type().keyed || cell.ended));
  bool owes = false;
  if (ending) {
    cell.want_look();
    owes = cell.owes();
  }
  if (draining && cell.alive && !waits && !owes) {
    end(cell);
    // Its stop may have sent something to itself.
    cell.mailbox.collect();
    if (!cell.mailbox.is_read()) return Rest::continues;
  }
  const bool closes = ending && !cell.alive && !owes;
  cell.mailbox.settle();
  cell.turn = nullptr;
  if (closes ? cell.mailbox.try_close() : cell.mailbox.try_rest()) {
    if (closes) core_.registry.remove(cell);
    return Rest::rests;
  }
  cell.turn = this;
  return Rest::continues;
}

void Turn::on_control(Cell& cell, Control* control) {
  switch (control->what) {
    case Control::What::look:
      break;
    case Control::What::tick:
      on_tick(cell);
      return;
    case Control::What::cancel:
      if (auto* delivery = cell.mailbox.extract(control->id)) {
        Counters::count(counters_.taken);
        cell.until_stop = std::min(cell.until_stop, cell.mailbox.collected());
        refuse(cell, delivery, Status::cancelled, "it was cancelled");
      }
      break;
  }
  delete control;
}

void Turn::on_tick(Cell& cell) {
  struct TimedOut {
    conclib_reply_fn on_reply;
    void* user_data;
    Inherited inherited;
  };
  std::vector<TimedOut> timed_out;
  cell.asks->timer.armed = false;
  const auto now = core_.clock.now();
  for (auto* ask = cell.asks->first; ask;) {
    auto* late = ask;
    ask = ask->next_pending;
    // One that has been answered stands in the mailbox, or is about to.
    if (late->deadline > now || late->state.load() != PendingAsk::State::waiting) continue;
    TimedOut copy{late->on_reply, late->user_data, late->inherited};
    if (abandon(cell, late)) timed_out.push_back(std::move(copy));
  }
  const auto text = fmt::format("actor {} got no answer in time", cell.urn());
  for (const auto& ask : timed_out) {
    if (!cell.alive) break;
    conclib_payload nothing{};
    resumed_ = &ask.inherited;
    call_reply(cell, ask.on_reply, ask.user_data, Status::timeout, text, nothing);
    resumed_ = nullptr;
  }
  arm(cell);
}

bool Turn::abandon(Cell& cell, PendingAsk* ask) {
  const auto remote_id = ask->remote_id;
  auto* previous = ask->previous_pending;
  auto* next = ask->next_pending;
  // Once it is abandoned it is its responder's, who may destroy it at once.
  if (!ask->settle(PendingAsk::State::abandoned)) return false;
  if (!remote_id.empty()) delete core_.remote_asks.take(remote_id);
  (previous ? previous->next_pending : cell.asks->first) = next;
  if (next) next->previous_pending = previous;
  --cell.asks->count;
  return true;
}

void Turn::arm(Cell& cell) {
  auto& asks = *cell.asks;
  auto earliest = TimePoint::max();
  for (const auto* ask = asks.first; ask; ask = ask->next_pending) {
    if (ask->state.load(std::memory_order_relaxed) != PendingAsk::State::waiting) continue;
    earliest = std::min(earliest, ask->deadline);
  }
  if (earliest != TimePoint::max()) core_.timers.arm(asks.timer, earliest);
}

void Turn::call_reply(Cell& cell, conclib_reply_fn on_reply, void* user_data, Status status,
                      std::string_view text, conclib_payload& payload) {
  clear_errors();
  try {
    on_reply(cell.actor, cell.context(), user_data, conclib_status(status), str_of(text), &payload);
  } catch (...) {
    core_.log.error("runtime", "actor {}: its reply function threw", cell.urn());
  }
}

void Turn::on_message(Cell& cell, Message* message) {
  if (message->is_request()) Counters::count(counters_.taken);
  switch (message->kind) {
    case MessageKind::letter:
      on_letter(cell, static_cast<Letter*>(message));
      break;
    case MessageKind::delivery:
      on_delivery(cell, static_cast<Delivery*>(message));
      break;
    case MessageKind::answer:
      on_answer(cell, static_cast<PendingAsk*>(message));
      break;
    case MessageKind::control:
      CONCLIB_ASSERT(false);
  }
}

void Turn::on_letter(Cell& cell, Letter* letter) {
  if (cell.ended) {
    refuse(cell, letter, Status::actor_stopped, "it was stopped before");
    return;
  }
  auto* ask = letter->ask;
  if (ask && ask->deadline <= core_.clock.now()) {
    Counters::count(counters_.expired);
    refuse(cell, letter, Status::expired, "the deadline had passed");
    return;
  }
  if (!cell.alive && !bring_up(cell)) {
    refuse(cell, letter, Status::not_started, call_error_);
    refuse_waiting(cell, Status::not_started, call_error_);
    return;
  }
  const std::unique_ptr<Letter> handled(letter);
  letter_ = letter;
  if (ask) {
    ask->debtor = &cell;
    cell.owe();
  }
  conclib_message message{.size = sizeof(conclib_message),
                          .payload = letter->payload.lend(),
                          .reply_to = ask,
                          .id = id_text(letter->number),
                          .sender = str_of(letter->sender)};
  const auto status = receive(cell, message);
  letter->payload.take_back(message.payload);
  const bool unanswered = message.reply_to && !answered_;
  auto failure =
      conclude(cell, {letter->payload.type(), letter->created, ask != nullptr, unanswered}, status);
  if (unanswered) (void)answer(message.reply_to, failure.status, {}, std::move(failure.text));
  letter_ = nullptr;
  chain_ = {};
}

void Turn::on_delivery(Cell& cell, Delivery* delivery) {
  if (cell.draining()) {
    delete delivery;
    return;
  }
  if (cell.ended) {
    refuse(cell, delivery, Status::actor_stopped, "it was stopped before");
    return;
  }
  const auto& request = delivery->queued->request;
  if (delivery->queued->deadline != TimePoint::max() &&
      delivery->queued->deadline <= core_.clock.now()) {
    Counters::count(counters_.expired);
    refuse(cell, delivery, Status::expired, "the deadline had passed");
    return;
  }
  if (!cell.alive && !bring_up(cell)) {
    refuse(cell, delivery, Status::not_started, call_error_);
    refuse_waiting(cell, Status::not_started, call_error_);
    return;
  }
  const bool ask = delivery->is_ask();
  delivery_ = delivery;
  delivery->debtor = &cell;
  cell.owe();
  conclib_message message{.size = sizeof(conclib_message),
                          .payload = Payload(request.type, request.body).lend(),
                          .reply_to = ask ? delivery : nullptr,
                          .id = id_text(request.id),
                          .sender = str_of(request.source)};
  const auto status = receive(cell, message);
  const bool unanswered = ask ? message.reply_to && !answered_ : true;
  auto failure = conclude(cell, {request.type, delivery->arrived, ask, unanswered}, status);
  delivery_ = nullptr;
  origin_ = {};
  chain_ = {};
  if (unanswered) end_unanswered(delivery, std::move(failure));
  handler_returned(delivery);
}

void Turn::on_answer(Cell& cell, PendingAsk* ask) {
  const std::unique_ptr<PendingAsk> answered(ask);
  if (ask->abandoned_late) return;
  (ask->previous_pending ? ask->previous_pending->next_pending : cell.asks->first) =
      ask->next_pending;
  if (ask->next_pending) ask->next_pending->previous_pending = ask->previous_pending;
  --cell.asks->count;
  resumed_ = &ask->inherited;
  const bool ok = ask->status == Status::ok;
  auto payload = ask->payload.lend();
  call_reply(cell, ask->on_reply, ask->user_data, ask->status,
             ok ? std::string_view() : std::string_view(ask->storage), payload);
  ask->payload.take_back(payload);
  resumed_ = nullptr;
}

conclib_status Turn::receive(Cell& cell, conclib_message& message) {
  clear_errors();
  reply_to_ = message.reply_to;
  answered_ = false;
  Counters::count(counters_.handled);
  cell.context()->message_id = message.id;
  const auto status =
      guarded([&] { return cell.type().spec.type->receive(cell.actor, cell.context(), &message); });
  cell.context()->message_id = {};
  reply_to_ = nullptr;
  return status;
}

Turn::Failure Turn::conclude(const Cell& cell, const Handled& handled, conclib_status status) {
  if (status == CONCLIB_OK) {
    if (!handled.is_ask || !handled.unanswered) return {Status::ok, {}};
    return {Status::no_reply,
            fmt::format("actor {} dropped {} without an answer", cell.urn(), handled.type)};
  }
  if (status == CONCLIB_UNEXPECTED_MESSAGE) {
    Counters::count(counters_.unexpected);
    auto text = fmt::format("actor {} has no handler for {} ({})", cell.urn(), handled.type,
                            age(handled.since));
    core_.log.write(log::Level::warn, "runtime", text);
    return {Status::unexpected_message, std::move(text)};
  }
  Counters::count(counters_.failed);
  auto text = fmt::format("actor {} failed while it handled {} ({}): {}", cell.urn(), handled.type,
                          age(handled.since), error_or(status));
  core_.log.write(handled.is_ask ? log::Level::info : log::Level::warn, "runtime", text);
  return {Status::actor_failed, std::move(text)};
}

void Turn::end_unanswered(Delivery* delivery, Failure failure) {
  if (delivery->is_ask()) {
    (void)answer(delivery, failure.status, {}, std::move(failure.text));
    return;
  }
  delivery->status = failure.status;
  delivery->text = std::move(failure.text);
  delivery->progress.fetch_or(Delivery::answered, std::memory_order_acq_rel);
}

void Turn::refuse(Cell& cell, Message* message, Status status, std::string_view why) {
  Counters::count(counters_.refused);
  if (message->kind == MessageKind::letter) {
    const std::unique_ptr<Letter> letter(static_cast<Letter*>(message));
    auto text = fmt::format("{} never reached actor {} ({}): {}", letter->payload.type(),
                            cell.urn(), age(letter->created), why);
    if (letter->ask) {
      fail_ask(letter->ask, status, std::move(text));
    } else {
      core_.log.write(log::Level::warn, "runtime", text);
    }
    return;
  }
  const std::unique_ptr<Delivery> delivery(static_cast<Delivery*>(message));
  auto text = fmt::format("{} never reached actor {} ({}): {}", delivery->queued->request.type,
                          cell.urn(), age(delivery->arrived), why);
  complete(core_, std::move(delivery->queued), status, std::move(text));
}

void Turn::refuse_waiting(Cell& cell, Status status, std::string_view why) {
  const std::string reason(why);
  for (auto waiting = cell.mailbox.collected(); waiting > 0; --waiting) {
    auto* message = cell.mailbox.pop(cell.type().limits);
    if (message->is_request()) Counters::count(counters_.taken);
    if (message->kind == MessageKind::answer) {
      on_answer(cell, static_cast<PendingAsk*>(message));
    } else if (message->kind == MessageKind::delivery && cell.draining()) {
      delete static_cast<Delivery*>(message);
    } else {
      refuse(cell, message, status, reason);
    }
  }
}

}  // namespace conclib::runtime
