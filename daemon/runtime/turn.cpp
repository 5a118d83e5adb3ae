// SPDX-License-Identifier: MIT
#include "daemon/runtime/turn.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "daemon/runtime/answer.hpp"
#include "daemon/runtime/recency.hpp"
#include "proto/assert.hpp"

namespace conclib::runtime {
namespace {

using proto::Status;

/// respond() comes from any thread without saying which, and has to know whether it is on a turn.
constinit thread_local Turn* current_turn = nullptr;

/// Whether requests may be taken: not in the middle of one, nor before the end or a restart.
bool takes_requests(const Cell& cell) {
  if (cell.stage == Cell::Stage::ending || cell.stage == Cell::Stage::restarting) return false;
  return !cell.engagements || cell.engagements->exclusive_works == 0;
}

}  // namespace

Turn::~Turn() = default;

Turn* Turn::current() { return current_turn; }

void Turn::enter_thread(unsigned index) {
  index_ = index;
  current_turn = this;
  pool_of_thread = &pool_;
}

void Turn::leave_thread() {
  sender_.forget();
  pool_.flush();
  pool_of_thread = nullptr;
  current_turn = nullptr;
}

std::uint64_t Turn::random() {
  // SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
  random_state_ += 0x9e3779b97f4a7c15;
  auto mixed = random_state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

bool Turn::run(Cell& cell) {
  began_ = core_.clock.coarse_now();
  took_message_ = false;
  wished_failure_.reset();
  core_.keep_watch();
  cell.turn = this;
  running_ = &cell;
  slot_.enter(cell.urn(), cell.started(), cell.type().handler_limit);
  const bool has_more = give(cell);
  slot_.leave();
  running_ = nullptr;
  return has_more;
}

bool Turn::give(Cell& cell) {
  auto left = std::max(core_.options.messages_per_turn, 1U);
  for (;;) {
    cell.mailbox.collect();
    while (auto* control = cell.mailbox.pop_control()) {
      on_control(cell, std::unique_ptr<Control>(static_cast<Control*>(control)));
      if (wished_failure_) apply_failure(cell);
    }
    if (cell.start_at_once) {
      cell.start_at_once = false;
      if (cell.stage == Cell::Stage::absent && !cell.draining()) (void)bring_up(cell);
      if (wished_failure_) apply_failure(cell);
    }
    while (auto* message = cell.mailbox.pop(!takes_requests(cell))) {
      on_message(cell, message);
      took_message_ = true;
      if (--left == 0) {
        leave(cell);
        return true;
      }
    }
    if (rest(cell)) return false;
  }
}

void Turn::leave(Cell& cell) {
  if (cell.type().recency && cell.revives() && cell.has_object()) {
    if (took_message_) {
      cell.type().recency->touch(cell, began_);
    } else {
      cell.type().recency->stay(cell, began_);
    }
  }
  cell.turn = nullptr;
}

bool Turn::rest(Cell& cell) {
  using Stage = Cell::Stage;
  const bool draining = cell.draining();
  if (draining && cell.stage == Stage::restarting) {
    restart(cell);
    if (wished_failure_) apply_failure(cell);
    return false;
  }
  const bool may_close =
      draining || cell.stage == Stage::ended || (cell.stage == Stage::absent && cell.revives());
  bool owes = false;
  if (may_close) {
    cell.want_look();
    owes = cell.owes();
  }
  const auto* engagements = cell.engagements.get();
  const bool waits = engagements && engagements->waits();
  if (draining && cell.stage == Stage::running && !waits && !owes) {
    begin_end(cell, {});
    // Its stop may have sent something to itself.
    return false;
  }
  const bool watched = engagements && !draining &&
                       !(engagements->watchers.empty() && engagements->remote_watchers.empty());
  const bool has_object = cell.has_object() || cell.stage == Stage::restarting;
  const bool has_children = engagements && engagements->first_child;
  const bool closes = may_close && !has_object && !owes && !waits && !watched && !has_children;
  const bool waiting = !takes_requests(cell);
  leave(cell);
  if (!cell.mailbox.is_read(!closes && waiting)) {
    cell.turn = this;
    return false;
  }
  // Once it is closed the registry may let go of it.
  const auto kept = closes ? Ref<Cell>::share(&cell) : Ref<Cell>();
  if (closes ? cell.mailbox.try_close() : cell.mailbox.try_rest(waiting)) {
    // Without a close it may run on another thread by now.
    if (closes) {
      cell.set_alive(false);
      if (engagements) notify_watchers(cell, Status::actor_stopped, "it moved to another worker");
      core_.registry.remove(cell);
      if (auto* parent = cell.parent()) {
        auto control = std::make_unique<Control>(Control::What::child_ended);
        control->cell = kept;
        parent->push_control(std::move(control));
      }
    }
    return true;
  }
  cell.turn = this;
  return false;
}

void Turn::on_control(Cell& cell, std::unique_ptr<Control> control) {
  switch (control->what) {
    case Control::What::look:
      break;
    case Control::What::cancel:
      if (auto* delivery = cell.mailbox.extract(control->text)) {
        Counters::count(counters_.taken);
        refuse(cell, delivery, Status::cancelled, "it was cancelled");
      } else {
        cancel_watch(cell, control->text);
      }
      break;
    case Control::What::stop_now:
      on_stop_now(cell, std::exchange(control->ask, nullptr));
      break;
    case Control::What::ends_soon:
      cell.engaged().ends_soon = true;
      break;
    case Control::What::watch:
      on_watch(cell, *control);
      break;
    case Control::What::child_ended:
      on_child_ended(cell, *control->cell);
      break;
    case Control::What::escalate:
      on_failed(cell, CONCLIB_ACTOR_FAILED, control->text);
      break;
    case Control::What::passivate: {
      const bool busy = cell.stage != Cell::Stage::running || !cell.mailbox.is_read() ||
                        cell.owes() || (cell.engagements && cell.engagements->waits());
      if (!busy) begin_end(cell, {.passivate = true});
      break;
    }
  }
}

void Turn::on_message(Cell& cell, Message* message) {
  switch (message->kind) {
    case MessageKind::letter:
      Counters::count(counters_.taken);
      on_letter(cell, static_cast<Letter*>(message));
      break;
    case MessageKind::delivery:
      Counters::count(counters_.taken);
      on_delivery(cell, static_cast<Delivery*>(message));
      break;
    case MessageKind::stop:
      on_stop(cell, static_cast<StopRequest*>(message));
      break;
    case MessageKind::tick:
    case MessageKind::urgent_tick:
      on_tick(cell, static_cast<Tick*>(message));
      break;
    case MessageKind::answer:
      on_answer(cell, static_cast<PendingAsk*>(message));
      break;
    case MessageKind::completion:
      on_completion(cell, static_cast<conclib_completion*>(message));
      break;
    case MessageKind::control:
      CONCLIB_ASSERT(false);
  }
  if (wished_failure_) apply_failure(cell);
}

bool Turn::admit(Cell& cell, Message* request, TimePoint deadline) {
  if (cell.stage == Cell::Stage::ended) {
    refuse(cell, request, Status::actor_stopped, "it was stopped before");
    return false;
  }
  if (deadline != TimePoint::max() && deadline <= core_.clock.coarse_now()) {
    Counters::count(counters_.expired);
    refuse(cell, request, Status::expired, "the deadline had passed");
    return false;
  }
  if (cell.stage == Cell::Stage::absent && !bring_up(cell)) {
    refuse(cell, request, Status::not_started, call_error_);
    return false;
  }
  // Its start may have ended or failed it; a request that waits then is taken by what comes after.
  if (cell.stage != Cell::Stage::running) {
    refuse(cell, request, Status::actor_stopped, "it stopped while it started");
    return false;
  }
  if (cell.engagements && cell.engagements->timers.has_receive_timeout()) {
    cell.engagements->timers.received(core_.clock.now());
  }
  return true;
}

void Turn::on_letter(Cell& cell, Letter* letter) {
  auto* const ask = letter->ask;
  if (!admit(cell, letter, ask ? ask->deadline : TimePoint::max())) return;
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
                          .sender = str_of(letter->sender())};
  slot_.handle(letter->payload.type(), letter->payload.is_object(), began_);
  const auto status = receive(cell, message);
  letter->payload.take_back(message.payload);
  const bool unanswered = message.reply_to && !answered_;
  Failure failure;
  if (status != CONCLIB_OK || unanswered) {
    failure = conclude(cell, {letter->payload.type(), letter->created, ask != nullptr, unanswered},
                       status);
    if (unanswered) (void)answer(message.reply_to, failure.status, {}, failure.text);
    if (!ask && failure.status != Status::ok) {
      bury(cell, *letter, failure.status, failure.text);
    }
  }
  letter_ = nullptr;
  chain_ = {};
  if (failure.harms) on_failed(cell, status, error_);
}

void Turn::on_delivery(Cell& cell, Delivery* delivery) {
  if (cell.draining()) {
    delete delivery;
    return;
  }
  if (!admit(cell, delivery, delivery->queued->deadline)) return;
  const auto& request = delivery->queued->request;
  const bool ask = delivery->is_ask();
  delivery_ = delivery;
  delivery->debtor = &cell;
  cell.owe();
  conclib_message message{.size = sizeof(conclib_message),
                          .payload = Payload(request.type, request.body).lend(),
                          .reply_to = ask ? delivery : nullptr,
                          .id = id_text(request.id),
                          .sender = str_of(request.source)};
  slot_.handle(request.type, false, began_);
  work_ = nullptr;
  const auto status = receive(cell, message);
  const bool continued = work_ != nullptr;
  const bool settled = (delivery->progress.load() & Delivery::answered) != 0;
  const bool unanswered = ask ? message.reply_to && !answered_ : !continued && !settled;
  const auto failure = conclude(cell, {request.type, delivery->arrived, ask, unanswered}, status);
  delivery_ = nullptr;
  work_ = nullptr;
  origin_ = {};
  chain_ = {};
  if (unanswered) end_unanswered(delivery, failure);
  if (!continued) handler_returned(delivery);
  if (failure.harms) on_failed(cell, status, error_);
}

conclib_status Turn::receive(Cell& cell, conclib_message& message) {
  clear_errors();
  reply_to_ = message.reply_to;
  answered_ = false;
  const bool pooled = cell.type().pool_size > 1;
  if (pooled) cell.set_handling(true);
  Counters::count(counters_.handled);
  auto* const context = cell.context();
  context->message_id = message.id;
  const auto status =
      guarded([&] { return cell.type().table.receive(cell.actor, context, &message); });
  context->message_id = {};
  reply_to_ = nullptr;
  if (pooled) cell.set_handling(false);
  return status;
}

Turn::Failure Turn::conclude(const Cell& cell, const Handled& handled, conclib_status status) {
  if (status == CONCLIB_OK) {
    if (!handled.is_ask || !handled.unanswered) return {};
    return {Status::no_reply, note_dropped(cell, handled.type, handled.since)};
  }
  if (status == CONCLIB_UNEXPECTED_MESSAGE) {
    Counters::count(counters_.unexpected);
    // The plugin may have said more, such as what it takes.
    auto text = error_.empty()
                    ? fmt::format("actor {} has no handler for {}", cell.urn(), handled.type)
                    : error_;
    text += fmt::format(" ({})", age(handled.since));
    core_.log.write(log::Level::warn, "runtime", text);
    return {Status::unexpected_message, std::move(text)};
  }
  const bool rejected = status == CONCLIB_REJECTED;
  Counters::count(rejected ? counters_.refused : counters_.failed);
  auto text = fmt::format("actor {} {} {} ({}): {}", cell.urn(),
                          rejected ? "rejected" : "failed while it handled", handled.type,
                          age(handled.since), error_or(status));
  core_.log.write(handled.is_ask ? log::Level::info : log::Level::warn, "runtime", text);
  if (error_.empty()) error_ = error_or(status);
  return {rejected ? Status::rejected : Status::actor_failed, std::move(text),
          !handled.is_ask && !rejected};
}

std::string Turn::note_dropped(const Cell& cell, std::string_view type, TimePoint since) {
  Counters::count(counters_.failed);
  auto text =
      fmt::format("actor {} dropped {} without an answer ({})", cell.urn(), type, age(since));
  core_.log.write(log::Level::info, "runtime", text);
  return text;
}

std::optional<std::string> Turn::note_dropped(const conclib_reply_to* reply_to) {
  if (letter_ && letter_->ask == reply_to) {
    return note_dropped(*running_, letter_->payload.type(), letter_->created);
  }
  if (delivery_ && delivery_ == reply_to) {
    return note_dropped(*running_, delivery_->queued->request.type, delivery_->arrived);
  }
  return std::nullopt;
}

void Turn::end_unanswered(Delivery* delivery, const Failure& failure) {
  if (delivery->is_ask()) {
    (void)answer(delivery, failure.status, {}, failure.text);
    return;
  }
  delivery->status = failure.status;
  delivery->text = failure.text;
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
      bury(cell, *letter, status, std::move(text));
    }
    return;
  }
  const std::unique_ptr<Delivery> delivery(static_cast<Delivery*>(message));
  auto text = fmt::format("{} never reached actor {} ({}): {}", delivery->queued->request.type,
                          cell.urn(), age(delivery->arrived), why);
  complete(core_, std::move(delivery->queued), status, std::move(text));
}

void Turn::bury(const Cell& cell, const Letter& letter, Status status, std::string reason) {
  core_.dead_letters.add({.urn = std::string(cell.urn()),
                          .type = std::string(letter.payload.type()),
                          .sender = std::string(letter.sender()),
                          .status = status,
                          .reason = std::move(reason),
                          .when = began_});
}

void Turn::refuse_waiting(Cell& cell, Status status, std::string_view why) {
  const std::string reason(why);
  cell.mailbox.collect();
  for (auto waiting = cell.mailbox.collected(); waiting > 0; --waiting) {
    auto* message = cell.mailbox.pop(false);
    if (!message) return;
    if (message->is_request()) Counters::count(counters_.taken);
    if (message->kind == MessageKind::letter) {
      refuse(cell, message, status, reason);
    } else if (message->kind == MessageKind::delivery) {
      if (cell.draining()) {
        delete static_cast<Delivery*>(message);
      } else {
        refuse(cell, message, status, reason);
      }
    } else {
      on_message(cell, message);
    }
  }
}

}  // namespace conclib::runtime
