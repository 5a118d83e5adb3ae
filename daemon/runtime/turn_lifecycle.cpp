// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include "daemon/runtime/answer.hpp"
#include "daemon/runtime/recency.hpp"
#include "daemon/runtime/turn.hpp"

/// How an actor begins, fails and ends.
namespace conclib::runtime {

using proto::Status;

bool Turn::bring_up(Cell& cell) {
  const auto& type = cell.type();
  auto* const context = cell.context();
  clear_errors();
  ++cell.incarnation;
  void* actor = nullptr;
  slot_.handle({}, false, began_);
  auto status = guarded([&] { return type.table.create(type.spec.type, context, &actor); });
  if (status == CONCLIB_OK) {
    cell.actor = actor;
    cell.stage = Cell::Stage::running;
    cell.set_alive(true);
    if (cell.started() == 0) cell.set_started(core_.next_start());
    Counters::count(counters_.made);
    if (type.recency && cell.revives()) {
      core_.schedule_sweep(type.recency->enter(cell, began_));
    }
    if (!type.table.start) return true;
    status = guarded([&] { return type.table.start(cell.actor, context); });
    if (status == CONCLIB_OK) return true;
  }
  on_start_failed(cell, error_or(status));
  return false;
}

void Turn::on_start_failed(Cell& cell, const std::string& why) {
  const auto text = fmt::format("actor {} could not be started: {}", cell.urn(), why);
  core_.log.write(log::Level::error, "runtime", text);
  Counters::count(counters_.failed);
  const auto* engagements = cell.engagements.get();
  const bool is_to_end =
      cell.draining() || (engagements && (engagements->stop_wanted || engagements->ends_soon));
  const bool restarts = cell.restarts() > 0 && !is_to_end;
  Engagements::Ending ending{.status = Status::not_started, .text = text, .call_stop = false};
  ending.restart =
      restarts && cell.type().supervision.on_failure == Supervision::OnFailure::restart;
  if (cell.has_object()) {
    begin_end(cell, std::move(ending));
  } else {
    forget_engagements(cell);
    cell.engaged().ending = std::move(ending);
    if (cell.engagements->ending.restart) {
      restart(cell);
    } else {
      conclude_end(cell, {});
    }
  }
  // What waits for an actor that can be tried again is not kept waiting for another failure.
  if (cell.stage != Cell::Stage::restarting) refuse_waiting(cell, Status::not_started, text);
  call_error_ = text;
}

void Turn::on_failed(Cell& cell, conclib_status status, const std::string& text) {
  using OnFailure = Supervision::OnFailure;
  if (cell.stage != Cell::Stage::running) return;
  const auto& type = cell.type();
  const std::string why = text;
  Counters::count(counters_.actor_failures);
  auto policy = type.supervision.on_failure;
  if (type.table.failed) {
    clear_errors();
    const auto told =
        guarded([&] { return type.table.failed(cell.actor, cell.context(), status, str_of(why)); });
    if (told != CONCLIB_OK) {
      core_.log.error("runtime", "actor {} failed while it was told of its failure: {}", cell.urn(),
                      error_or(told));
      policy = OnFailure::stop;
    }
    // It has failed already.
    wished_failure_.reset();
  }
  if (policy == OnFailure::resume) return;
  begin_end(cell, {.status = Status::actor_failed,
                   .text = why,
                   .call_stop = false,
                   .restart = policy == OnFailure::restart,
                   .escalate = policy == OnFailure::escalate});
}

void Turn::begin_end(Cell& cell, Engagements::Ending ending) {
  if (cell.stage != Cell::Stage::running) return;
  cell.stage = Cell::Stage::ending;
  if (!ending.restart) cell.set_alive(false);
  const bool now = !ending.call_stop;
  cell.engaged().ending = std::move(ending);
  stop_children(cell, now);
  continue_end(cell);
}

void Turn::continue_end(Cell& cell) {
  if (cell.stage != Cell::Stage::ending || cell.engagements->first_child) return;
  auto& ending = cell.engagements->ending;
  const auto stop = cell.type().table.stop;
  std::string stop_failure;
  if (ending.call_stop && stop) {
    clear_errors();
    slot_.handle({}, false, began_);
    const auto status = guarded([&] { return stop(cell.actor, cell.context()); });
    if (status != CONCLIB_OK) {
      stop_failure =
          fmt::format("actor {} failed while it stopped: {}", cell.urn(), error_or(status));
      core_.log.write(log::Level::error, "runtime", stop_failure);
    }
    // It may have made children in its last moment.
    if (cell.engagements->first_child) {
      ending.call_stop = false;
      ending.stop_failure = stop_failure;
      stop_children(cell, true);
      return;
    }
  }
  if (!ending.stop_failure.empty()) stop_failure = ending.stop_failure;
  destroy(cell);
  if (ending.restart && !cell.engagements->stop_wanted) {
    restart(cell);
  } else {
    conclude_end(cell, stop_failure);
  }
}

void Turn::restart(Cell& cell) {
  auto& engagements = cell.engaged();
  if (cell.stage == Cell::Stage::restarting) {
    // Its time has come, or it is drained and there is no time.
    (void)core_.timers.cancel(engagements.restart);
    cell.count_restart();
    cell.stage = Cell::Stage::absent;
    (void)bring_up(cell);
    return;
  }
  const auto delay =
      engagements.restarts.next(cell.type().supervision, core_.clock.now(), random());
  if (!delay) {
    engagements.ending.text = fmt::format(
        "{} (and it had been restarted {} times within {} ms)", engagements.ending.text,
        cell.type().supervision.restarts_max, cell.type().supervision.restarts_within.count());
    core_.log.error("runtime", "actor {} is given up: {}", cell.urn(), engagements.ending.text);
    cell.set_alive(false);
    conclude_end(cell, {});
    return;
  }
  cell.stage = Cell::Stage::restarting;
  Counters::count(counters_.restarts);
  core_.log.info("runtime", "actor {} is made anew in {} ms: {}", cell.urn(),
                 std::chrono::duration_cast<std::chrono::milliseconds>(*delay).count(),
                 engagements.ending.text);
  if (delay->count() == 0) {
    restart(cell);
  } else {
    core_.timers.arm(engagements.restart, core_.clock.now() + *delay);
  }
}

void Turn::conclude_end(Cell& cell, const std::string& stop_failure) {
  auto& engagements = *cell.engagements;
  const auto ending = std::exchange(engagements.ending, {});
  engagements.stop_wanted = false;
  engagements.ends_soon = false;
  cell.set_alive(false);
  // While it is drained, a tell that has just slipped in is still to be run.
  const bool again = cell.revives() || (cell.draining() && !cell.parent()) ||
                     (ending.status == Status::not_started && !cell.parent());
  cell.stage = again ? Cell::Stage::absent : Cell::Stage::ended;
  for (auto* ask : std::exchange(engagements.stoppers, {})) {
    if (stop_failure.empty()) {
      answer_ask(ask, {}, {});
    } else {
      fail_ask(ask, Status::actor_failed, stop_failure);
    }
  }
  if (!ending.passivate) {
    const bool stop_failed = ending.status == Status::ok && !stop_failure.empty();
    notify_watchers(cell, stop_failed ? Status::actor_failed : ending.status,
                    stop_failed ? stop_failure : ending.text);
  }
  if (ending.escalate && cell.parent()) {
    auto control = std::make_unique<Control>(Control::What::escalate);
    control->cell = Ref<Cell>::share(&cell);
    control->text = fmt::format("its child {} failed: {}", cell.urn(), ending.text);
    cell.parent()->push_control(std::move(control));
  }
}

void Turn::destroy(Cell& cell) {
  forget_engagements(cell);
  cell.type().table.destroy(cell.actor);
  cell.actor = nullptr;
  // Until it is known what follows.
  cell.stage = Cell::Stage::absent;
  // Its destroy may have wished for something, too.
  forget_engagements(cell);
  if (cell.type().recency && cell.revives()) cell.type().recency->leave(cell);
  Counters::count(counters_.ended);
}

void Turn::forget_engagements(Cell& cell) {
  // From now on completions come for an object that is no more.
  ++cell.incarnation;
  wished_failure_.reset();
  if (!cell.engagements) return;
  auto& engagements = *cell.engagements;
  core_.wait_graph.end(cell);
  for (auto* ask = std::exchange(engagements.first_ask, nullptr); ask;) {
    auto* next = ask->next_pending;
    ask->previous_pending = nullptr;
    ask->next_pending = nullptr;
    if (!abandon(ask)) {
      ask->abandoned_late = true;
      ++engagements.late_answers;
    }
    ask = next;
  }
  engagements.asks = 0;
  engagements.watching = 0;
  (void)core_.timers.cancel(engagements.ask_deadline);
  engagements.timers.end(core_.timers);
  for (auto& work : std::exchange(engagements.works, {})) {
    if (auto* delivery = work->delivery) {
      if (!work->is_ask) {
        end_unanswered(delivery,
                       {Status::no_reply, fmt::format("actor {} ended in the middle of {} ({})",
                                                      cell.urn(), work->type, age(work->since))});
      }
      handler_returned(delivery);
    }
  }
  engagements.exclusive_works = 0;
  cell.set_waiting(false);
  if (!engagements.remote_watchers.empty()) arm(cell);
}

std::string Turn::error_or(conclib_status status) const {
  if (!error_.empty()) return error_;
  if (!call_error_.empty()) return call_error_;
  return std::string(proto::status_text(Status(status)));
}

std::string Turn::age(TimePoint since) const {
  using std::chrono::milliseconds;
  const auto age = std::chrono::duration_cast<milliseconds>(core_.clock.now() - since);
  return fmt::format("{} ms old", std::max<milliseconds::rep>(age.count(), 0));
}

void Turn::clear_errors() {
  error_.clear();
  call_error_.clear();
}

conclib_status Turn::refuse_call(proto::Error error) {
  call_error_ = std::move(error.text);
  return conclib_status(error.code);
}

}  // namespace conclib::runtime
