// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "daemon/runtime/answer.hpp"
#include "daemon/runtime/turn.hpp"
#include "proto/ended.hpp"
#include "proto/limits.hpp"

/// Actors and each other's lives: children, stops and watches.
namespace conclib::runtime {
namespace {

using proto::Status;
using std::chrono::milliseconds;

/// RFC 9562, version 4.
std::string uuid_urn(std::uint64_t high, std::uint64_t low) {
  constexpr std::string_view digits = "0123456789abcdef";
  high = (high & ~std::uint64_t{0xf000}) | 0x4000;
  low = (low & ~(std::uint64_t{3} << 62)) | (std::uint64_t{1} << 63);
  std::string text = "urn:uuid:00000000-0000-0000-0000-000000000000";
  auto place = text.begin() + 9;
  for (const auto half : {high, low}) {
    for (int shift = 60; shift >= 0; shift -= 4) {
      if (*place == '-') ++place;
      *place++ = digits[(half >> shift) & 15];
    }
  }
  return text;
}

void link_child(Engagements& of_parent, Cell& child) {
  child.previous_sibling = of_parent.last_child;
  child.next_sibling = nullptr;
  (of_parent.last_child ? of_parent.last_child->next_sibling : of_parent.first_child) = &child;
  of_parent.last_child = &child;
}

void unlink_child(Engagements& of_parent, Cell& child) {
  (child.previous_sibling ? child.previous_sibling->next_sibling : of_parent.first_child) =
      child.next_sibling;
  (child.next_sibling ? child.next_sibling->previous_sibling : of_parent.last_child) =
      child.previous_sibling;
  child.previous_sibling = nullptr;
  child.next_sibling = nullptr;
}

/// Drops the watches that nobody waits for any more.
void prune(std::vector<PendingAsk*>& watchers) {
  std::erase_if(watchers, [](PendingAsk* ask) {
    const bool abandoned = ask->state.load() == PendingAsk::State::abandoned;
    if (abandoned) delete ask;
    return abandoned;
  });
}

}  // namespace

conclib_status Turn::spawn(Cell& from, const conclib_spawn& spawn, conclib_ref** ref) {
  const auto refuse = [&](Status status, std::string text) {
    if (spawn.destroy_argument) spawn.destroy_argument(spawn.argument);
    return refuse_call({status, std::move(text)});
  };
  const auto* type = core_.types.find(spawn.type);
  if (!type || type->spec.plugin != from.type().spec.plugin) {
    return refuse(Status::bad_argument,
                  "a child's type must be one of those in the plugin's table: add its class there");
  }
  if (from.stage == Cell::Stage::absent) {
    return refuse(Status::bad_argument,
                  fmt::format("actor {} is still being made: its children are made from its start "
                              "on",
                              from.urn()));
  }
  if (from.stage != Cell::Stage::running) {
    return refuse(Status::shutting_down, fmt::format("actor {} is ending", from.urn()));
  }
  const auto name = view_of(spawn.name);
  std::string text;
  if (name.empty()) {
    text = uuid_urn(random(), random());
  } else {
    if (name.find('/') != std::string_view::npos) {
      return refuse(Status::bad_argument,
                    fmt::format("the name {} of a child must not hold a slash", name));
    }
    const bool nested = from.urn().find('#') != std::string_view::npos;
    text = fmt::format("{}{}{}", from.urn(), nested ? '/' : '#', name);
  }
  proto::Urn urn{.text = text, .type = text, .key = {}, .child = {}};
  if (!name.empty()) {
    const auto parsed = proto::parse_urn(text);
    if (!parsed) return refuse(parsed.error().code, parsed.error().text);
    urn = *parsed;
  }
  auto child = Cell::make(*type, urn,
                          {.partition = from.partition(),
                           .at_once = true,
                           .parent = &from,
                           .argument = spawn.argument,
                           .destroy_argument = spawn.destroy_argument});
  if (from.draining()) child->set_draining();
  if (!core_.registry.add(child, name.empty())) {
    // The argument goes with the cell.
    return refuse_call({Status::bad_argument, fmt::format("actor {} is alive already", text)});
  }
  link_child(from.engaged(), *child);
  if (ref) {
    child->retain();
    *ref = child.get();
  }
  type->scheduler->schedule(*child);
  return CONCLIB_OK;
}

void Turn::on_child_ended(Cell& cell, Cell& child) {
  unlink_child(cell.engaged(), child);
  continue_end(cell);
}

void Turn::stop_children(Cell& cell, bool now) {
  const auto& engagements = *cell.engagements;
  for (auto* child = engagements.last_child; child; child = child->previous_sibling) {
    if (now) {
      child->push_control(std::make_unique<Control>(Control::What::stop_now));
      continue;
    }
    child->push_control(std::make_unique<Control>(Control::What::ends_soon));
    auto stop = std::make_unique<StopRequest>(nullptr);
    if (child->push(stop.get()) != Mailbox::Pushed::closed) (void)stop.release();
  }
}

void Turn::stop_self(Cell& cell) {
  auto stop = std::make_unique<StopRequest>(nullptr);
  if (cell.push(stop.get()) != Mailbox::Pushed::closed) (void)stop.release();
}

conclib_status Turn::stop_actor(Cell& from, const conclib_stop& stop, conclib_reply_fn on_end,
                                void* user_data) {
  Ref<Cell> to =
      stop.to ? Ref<Cell>::share(&Cell::of(stop.to)) : core_.registry.find(view_of(stop.urn));
  if (!to || !to->is_alive()) {
    return refuse_call({Status::actor_not_found, fmt::format("actor {} is not alive on this worker",
                                                             to ? to->urn() : view_of(stop.urn))});
  }
  const bool now = stop.mode == CONCLIB_STOP_NOW;
  if (on_end && to.get() == &from) {
    return refuse_call(
        {Status::deadlock, fmt::format("actor {} cannot wait for its own end", from.urn())});
  }
  std::unique_ptr<PendingAsk> ask;
  if (on_end) {
    ask = std::make_unique<PendingAsk>(&from, on_end, user_data);
    ask->inherited = handed_down();
    ask->deadline = deadline_in(stop.timeout_ms == 0 ? core_.options.ask_timeout
                                                     : milliseconds(stop.timeout_ms));
    ask->target = to;
    ask->is_stop = true;
  }
  auto* pending = ask.release();
  if (pending) register_ask(from, pending);
  if (now) {
    auto control = std::make_unique<Control>(Control::What::stop_now);
    control->ask = pending;
    to->push_control(std::move(control));
    return CONCLIB_OK;
  }
  to->push_control(std::make_unique<Control>(Control::What::ends_soon));
  auto request = std::make_unique<StopRequest>(pending);
  if (to->push(request.get()) == Mailbox::Pushed::closed) {
    // It ended meanwhile, which is what was wanted.
    if (pending) answer_ask(pending, {}, {});
  } else {
    (void)request.release();
  }
  return CONCLIB_OK;
}

void Turn::on_stop(Cell& cell, StopRequest* stop) {
  const std::unique_ptr<StopRequest> request(stop);
  if (cell.stage != Cell::Stage::running) {
    if (request->ask) answer_ask(request->ask, {}, {});
    return;
  }
  if (request->ask) cell.engaged().stoppers.push_back(request->ask);
  begin_end(cell, {});
}

void Turn::on_stop_now(Cell& cell, PendingAsk* ask) {
  using Stage = Cell::Stage;
  if (cell.stage == Stage::absent || cell.stage == Stage::ended) {
    // One that has not started yet does not start any more.
    const bool unborn = std::exchange(cell.start_at_once, false);
    if (ask) cell.engaged().stoppers.push_back(ask);
    if (unborn) refuse_waiting(cell, Status::actor_stopped, "it was stopped before it started");
    (void)cell.engaged();
    conclude_end(cell, {});
    return;
  }
  auto& engagements = cell.engaged();
  engagements.stop_wanted = true;
  if (ask) engagements.stoppers.push_back(ask);
  if (cell.stage == Stage::ending) {
    cell.set_alive(false);
    return;
  }
  const bool restarting = cell.stage == Stage::restarting;
  if (restarting) {
    (void)core_.timers.cancel(cell.engaged().restart);
    cell.stage = Stage::ended;
    cell.set_alive(false);
  } else {
    cell.set_alive(false);
  }
  refuse_waiting(cell, Status::actor_stopped, "it was stopped at once");
  if (restarting) {
    conclude_end(cell, {});
  } else {
    begin_end(cell, {});
  }
}

conclib_status Turn::watch(Cell& from, Cell* to, std::string_view urn, conclib_reply_fn on_end,
                           void* user_data) {
  auto ask = std::make_unique<PendingAsk>(&from, on_end, user_data);
  ask->is_watch = true;
  auto inherited = handed_down();
  inherited.deadline = TimePoint::max();
  ask->inherited = std::move(inherited);
  Ref<Cell> found;
  if (!to) {
    if (const auto parsed = proto::parse_urn(urn); !parsed) return refuse_call(parsed.error());
    found = core_.registry.find(urn);
    if (!found && !core_.registry.serves(urn)) return watch_outside(from, urn, std::move(ask));
    to = found.get();
  }
  auto* pending = ask.release();
  register_ask(from, pending);
  if (!to) {
    fail_ask(pending, Status::actor_not_found, fmt::format("actor {} is not alive", urn));
    return CONCLIB_OK;
  }
  auto control = std::make_unique<Control>(Control::What::watch);
  control->ask = pending;
  to->push_control(std::move(control));
  return CONCLIB_OK;
}

conclib_status Turn::watch_outside(Cell& from, std::string_view urn,
                                   std::unique_ptr<PendingAsk> ask) {
  ask->deadline = deadline_in(milliseconds(proto::limits::ask_ttl_ms_max));
  auto* pending = ask.release();
  register_ask(from, pending);
  auto sent = sender_.ask_outside(from, urn, Payload(proto::watch_type, {}), pending);
  if (!sent) fail_ask(pending, sent.error().code, std::move(sent.error().text));
  return CONCLIB_OK;
}

void Turn::unwatch(Cell& from, void* user_data) {
  if (!from.engagements) return;
  for (auto* ask = from.engagements->first_ask; ask; ask = ask->next_pending) {
    if (!ask->is_watch || ask->user_data != user_data) continue;
    if (ask->state.load() != PendingAsk::State::waiting) {
      // Its answer is on its way, and nobody wants it.
      ask->on_reply = nullptr;
      return;
    }
    unlink_ask(from, ask);
    if (!abandon(ask)) {
      ask->abandoned_late = true;
      ++from.engagements->late_answers;
    }
    return;
  }
}

void Turn::on_watch(Cell& cell, Control& control) {
  auto* ask = std::exchange(control.ask, nullptr);
  auto delivery = std::move(control.delivery);
  const bool lives =
      cell.is_alive() || cell.stage == Cell::Stage::ending || cell.stage == Cell::Stage::restarting;
  if (!lives) {
    auto text = fmt::format("actor {} is not alive", cell.urn());
    if (ask) fail_ask(ask, Status::actor_not_found, text);
    // What is drained is still in the queue: its next owner answers it.
    if (delivery && !cell.draining()) {
      complete_watch(core_, *delivery, Status::actor_not_found, text);
    }
    return;
  }
  auto& engagements = cell.engaged();
  if (ask) {
    prune(engagements.watchers);
    engagements.watchers.push_back(ask);
  }
  if (delivery) {
    const auto deadline = delivery->queued->deadline;
    engagements.remote_watchers.push_back(std::move(delivery));
    auto& tick = engagements.ask_deadline;
    if (deadline < tick.armed_for) core_.timers.arm(tick, deadline);
  }
}

void Turn::cancel_watch(Cell& cell, std::string_view id) {
  if (!cell.engagements) return;
  auto& watchers = cell.engagements->remote_watchers;
  const auto found = std::find_if(watchers.begin(), watchers.end(), [&](const auto& delivery) {
    return delivery->queued->request.id == id;
  });
  if (found == watchers.end()) return;
  complete(core_, std::move((*found)->queued), Status::cancelled, "the watch was cancelled");
  watchers.erase(found);
}

void Turn::notify_watchers(Cell& cell, Status status, const std::string& text) {
  auto& engagements = *cell.engagements;
  for (auto* ask : std::exchange(engagements.watchers, {})) {
    if (status == Status::ok) {
      answer_ask(ask, {}, {});
    } else {
      fail_ask(ask, status, text);
    }
  }
  for (auto& delivery : std::exchange(engagements.remote_watchers, {})) {
    // As above.
    if (!cell.draining()) complete_watch(core_, *delivery, status, text);
  }
}

std::string Turn::describe_wait(const Cell& waiting, const PendingAsk& ask) const {
  if (!ask.target) return fmt::format("actor {} got no answer in time", waiting.urn());
  const auto& target = *ask.target;
  auto text = fmt::format("actor {} {} in time", target.urn(),
                          ask.is_stop ? "did not end" : "did not answer");
  if (const auto seen = core_.find_running(target.urn())) {
    const auto age = core_.clock.now() - seen->since;
    text += fmt::format(": it has been handling {} for {} ms",
                        seen->type.empty() ? std::string("something") : seen->type,
                        std::chrono::duration_cast<milliseconds>(age).count());
  } else if (target.is_waiting()) {
    text += ": it waits in the middle of a message";
  }
  return text + fmt::format("; {} messages wait for it", target.mailbox.size());
}

void Turn::fail_worker(std::string_view text) {
  core_.log.error("runtime", "actor {} ends this worker: {}",
                  running_ ? running_->urn() : std::string_view("?"), text);
  core_.stop_all();
  core_.outside.worker_failed(std::string(text));
}

}  // namespace conclib::runtime
