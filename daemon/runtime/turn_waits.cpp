// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include <fmt/core.h>

#include "daemon/runtime/answer.hpp"
#include "daemon/runtime/turn.hpp"
#include "proto/ended.hpp"
#include "proto/limits.hpp"

/// What an actor waits for beside messages: answers, the end of works, timers, foreign threads.
namespace conclib::runtime {
namespace {

using proto::Status;
using std::chrono::milliseconds;

constexpr milliseconds timeout_max{proto::limits::ask_ttl_ms_max};

/// What the owner of an actor elsewhere said of its end.
void read_ended(PendingAsk& watch) {
  auto ended = proto::decode_ended(watch.payload.body());
  watch.payload = {};
  watch.status = ended ? ended->status : ended.error().code;
  watch.storage = ended ? std::move(ended->text) : std::move(ended.error().text);
}

/// Each byte as two digits: ids are made for each message.
constexpr auto hex_pairs = [] {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<std::array<char, 2>, 256> pairs{};
  for (std::size_t byte = 0; byte < pairs.size(); ++byte) {
    pairs[byte] = {digits[byte >> 4], digits[byte & 15]};
  }
  return pairs;
}();

void write_hex(std::uint64_t number, char* to) {
  for (int shift = 56; shift >= 0; shift -= 8, to += 2) {
    std::memcpy(to, hex_pairs[(number >> shift) & 0xff].data(), 2);
  }
}

}  // namespace

Turn::Turn(Core& core, Scheduler* scheduler)
    : core_(core),
      scheduler_(scheduler),
      pool_(core.make_pool()),
      sender_(core, *this, counters_),
      random_state_(core.random.next()) {
  write_hex(core.id_prefix, local_id_.data());
}

TimePoint Turn::deadline_in(milliseconds timeout) const {
  return core_.clock.coarse_now() + core_.clock.coarse_lag() + std::min(timeout, timeout_max);
}

conclib_status Turn::tell(Cell& from, const conclib_outgoing& message) {
  auto sent = sender_.send(from, message, nullptr);
  return sent ? CONCLIB_OK : refuse_call(std::move(sent.error()));
}

conclib_status Turn::ask(Cell& from, const conclib_outgoing& message, conclib_reply_fn on_reply,
                         void* user_data) {
  const bool no_wait = (message.flags & CONCLIB_ASK_NO_WAIT) != 0 && message.timeout_ms == 0;
  auto timeout =
      message.timeout_ms == 0 ? core_.options.ask_timeout : milliseconds(message.timeout_ms);
  if (no_wait) timeout = milliseconds(0);
  auto ask = std::make_unique<PendingAsk>(&from, on_reply, user_data);
  ask->awaited = (message.flags & CONCLIB_ASK_AWAITED) != 0;
  ask->inherited = handed_down();
  if (ask->awaited) ask->inherited.chain = chain();
  ask->deadline = std::min(no_wait ? began_ : deadline_in(timeout), ask->inherited.deadline);
  if (ask->inherited.chain && ask->inherited.chain->length >= proto::limits::chain_length_max) {
    const Payload dropped(message.payload);
    return refuse_call(
        {Status::bad_argument, fmt::format("more than {} actors would wait in a row for {}",
                                           proto::limits::chain_length_max, view_of(message.urn))});
  }
  auto sent = sender_.send(from, message, ask.get());
  if (!sent && sent.error().code == Status::bad_argument) {
    core_.wait_graph.end(from);
    return refuse_call(std::move(sent.error()));
  }
  // Its answer cannot be taken before this turn is over, so it is still there.
  auto* pending = ask.release();
  register_ask(from, pending);
  // What the world refuses comes as every other failure of an ask does: by on_reply.
  if (!sent) fail_ask(pending, sent.error().code, std::move(sent.error().text));
  return CONCLIB_OK;
}

conclib_status Turn::forward(Cell& from, conclib_reply_to* reply_to,
                             const conclib_outgoing& message) {
  if (!may_answer(reply_to)) {
    const Payload dropped(message.payload);
    return refuse_call({Status::already_responded, "the request has been answered already"});
  }
  auto ask = std::make_unique<PendingAsk>(nullptr, nullptr, nullptr);
  ask->relay = reply_to;
  ask->inherited = handed_down();
  ask->deadline = ask->inherited.deadline;
  auto sent = sender_.send(from, message, ask.get());
  if (sent) {
    (void)ask.release();
    return CONCLIB_OK;
  }
  ask->relay = nullptr;
  const auto status = sent.error().code;
  (void)answer(reply_to, status, {}, sent.error().text);
  return refuse_call(std::move(sent.error()));
}

void Turn::register_ask(Cell& cell, PendingAsk* ask) {
  auto& engagements = cell.engaged();
  ask->next_pending = engagements.first_ask;
  if (ask->next_pending) ask->next_pending->previous_pending = ask;
  engagements.first_ask = ask;
  ++engagements.asks;
  if (ask->is_watch) ++engagements.watching;
  auto& tick = engagements.ask_deadline;
  if (ask->deadline < tick.armed_for) core_.timers.arm(tick, ask->deadline);
}

void Turn::unlink_ask(Cell& cell, PendingAsk* ask) {
  auto& engagements = *cell.engagements;
  (ask->previous_pending ? ask->previous_pending->next_pending : engagements.first_ask) =
      ask->next_pending;
  if (ask->next_pending) ask->next_pending->previous_pending = ask->previous_pending;
  --engagements.asks;
  if (ask->is_watch) --engagements.watching;
  end_wait(cell, *ask);
}

void Turn::end_wait(Cell& cell, const PendingAsk& ask) {
  if (cell.waits_for.load(std::memory_order_relaxed) == &ask) core_.wait_graph.end(cell);
}

bool Turn::abandon(PendingAsk* ask) {
  const auto remote_id = ask->remote_id;
  // Once it is abandoned it is its responder's, who may destroy it at once.
  if (!ask->settle(PendingAsk::State::abandoned)) return false;
  if (!remote_id.empty()) delete core_.remote_asks.take(remote_id);
  return true;
}

void Turn::on_ask_deadline(Cell& cell) {
  struct TimedOut {
    conclib_reply_fn on_reply;
    void* user_data;
    Inherited inherited;
    std::string text;
  };
  std::vector<TimedOut> timed_out;
  const auto now = core_.clock.now();
  const auto incarnation = cell.incarnation;
  for (auto* ask = cell.engagements->first_ask; ask;) {
    auto* late = ask;
    ask = ask->next_pending;
    // One that has been answered stands in the mailbox, or is about to.
    if (late->deadline > now || late->state.load() != PendingAsk::State::waiting) continue;
    TimedOut copy{late->on_reply, late->user_data, late->inherited, describe_wait(cell, *late)};
    auto* previous = late->previous_pending;
    const bool watch = late->is_watch;
    end_wait(cell, *late);
    if (!abandon(late)) continue;
    (previous ? previous->next_pending : cell.engagements->first_ask) = ask;
    if (ask) ask->previous_pending = previous;
    --cell.engagements->asks;
    if (watch) --cell.engagements->watching;
    timed_out.push_back(std::move(copy));
  }
  for (auto& delivery : cell.engagements->remote_watchers) {
    if (delivery->queued->deadline > now) continue;
    complete(core_, std::move(delivery->queued), Status::expired, "nothing ended in its time");
  }
  std::erase_if(cell.engagements->remote_watchers,
                [](const auto& delivery) { return !delivery->queued; });
  for (const auto& ask : timed_out) {
    if (cell.incarnation != incarnation || !ask.on_reply) continue;
    conclib_payload nothing{};
    resumed_ = &ask.inherited;
    call_reply(cell, ask.on_reply, ask.user_data, Status::timeout, ask.text, nothing);
    resumed_ = nullptr;
  }
  if (cell.engagements) arm(cell);
}

void Turn::arm(Cell& cell) {
  auto& engagements = *cell.engagements;
  auto earliest = TimePoint::max();
  for (const auto* ask = engagements.first_ask; ask; ask = ask->next_pending) {
    if (ask->state.load(std::memory_order_relaxed) != PendingAsk::State::waiting) continue;
    earliest = std::min(earliest, ask->deadline);
  }
  for (const auto& delivery : engagements.remote_watchers) {
    earliest = std::min(earliest, delivery->queued->deadline);
  }
  if (earliest != TimePoint::max()) core_.timers.arm(engagements.ask_deadline, earliest);
}

void Turn::on_answer(Cell& cell, PendingAsk* ask) {
  const std::unique_ptr<PendingAsk> answered(ask);
  if (ask->abandoned_late) {
    --cell.engagements->late_answers;
    return;
  }
  unlink_ask(cell, ask);
  if (!ask->on_reply) return;
  if (ask->is_watch && ask->payload.type() == proto::ended_type) read_ended(*ask);
  resumed_ = &ask->inherited;
  const bool ok = ask->status == Status::ok;
  auto payload = ask->payload.lend();
  call_reply(cell, ask->on_reply, ask->user_data, ask->status,
             ok ? std::string_view() : std::string_view(ask->storage), payload);
  ask->payload.take_back(payload);
  resumed_ = nullptr;
}

void Turn::call_reply(Cell& cell, conclib_reply_fn on_reply, void* user_data, Status status,
                      std::string_view text, conclib_payload& payload) {
  clear_errors();
  try {
    on_reply(cell.actor, cell.context(), user_data, conclib_status(status), str_of(text), &payload);
  } catch (...) {
    fail(CONCLIB_ACTOR_FAILED, "its reply function threw across the C border");
  }
}

void Turn::call_back(Cell& cell, conclib_call_fn call, void* user_data, std::string_view what) {
  clear_errors();
  const auto status = guarded([&] { return call(cell.actor, cell.context(), user_data); });
  if (status == CONCLIB_OK) return;
  Counters::count(counters_.failed);
  const auto why = error_or(status);
  core_.log.warn("runtime", "actor {} failed in {}: {}", cell.urn(), what, why);
  wished_failure_ = Failure{Status(status), why, true};
}

void Turn::fail(conclib_status status, std::string_view text) {
  wished_failure_ = Failure{Status(status), std::string(text), true};
  if (running_) core_.log.warn("runtime", "actor {} failed: {}", running_->urn(), text);
  Counters::count(counters_.failed);
}

void Turn::apply_failure(Cell& cell) {
  const auto failure = *std::exchange(wished_failure_, std::nullopt);
  on_failed(cell, conclib_status(failure.status), failure.text);
}

void Turn::on_tick(Cell& cell, Tick* tick) {
  if (tick->orphaned) {
    discard_tick(tick);
    return;
  }
  switch (tick->purpose) {
    case Tick::Purpose::ask_deadline:
      discard_tick(tick);
      on_ask_deadline(cell);
      return;
    case Tick::Purpose::restart:
      discard_tick(tick);
      if (cell.stage == Cell::Stage::restarting) restart(cell);
      return;
    case Tick::Purpose::receive_timeout: {
      auto& timers = cell.engagements->timers;
      if (!timers.take_receive_timeout(core_.timers, tick) || !cell.has_object()) return;
      slot_.handle("receive time-out", true, began_);
      const auto idle = cell.type().table.idle;
      if (!idle) return;
      call_back(
          cell,
          [](void* actor, conclib_context* context, void*) {
            return Cell::of(context).type().table.idle(actor, context);
          },
          nullptr, "its receive time-out");
      return;
    }
    case Tick::Purpose::timer:
      break;
  }
  auto due = cell.engagements->timers.take(tick);
  if (!due || !cell.has_object()) return;
  slot_.handle("timer", true, began_);
  const auto incarnation = cell.incarnation;
  if (due->inherited) resumed_ = &*due->inherited;
  call_back(cell, due->call, due->user_data, "a timer");
  resumed_ = nullptr;
  if (cell.incarnation == incarnation) cell.engagements->timers.called(core_.timers, due->id);
}

std::uint64_t Turn::start_timer(Cell& cell, const conclib_timer_spec& spec) {
  std::optional<Inherited> inherited;
  if ((spec.flags & CONCLIB_TIMER_WHILE_WAITING) != 0) {
    inherited = handed_down();
    inherited->chain = chain();
  }
  const auto id = cell.engaged().timers.start(core_.timers, spec, std::move(inherited));
  if (id == 0) {
    call_error_ = fmt::format("actor {} has {} timers, the most that one may have", cell.urn(),
                              ActorTimers::timers_max);
  }
  return id;
}

void Turn::cancel_timer(Cell& cell, std::uint64_t timer) {
  if (cell.engagements) cell.engagements->timers.cancel(core_.timers, timer);
}

void Turn::set_receive_timeout(Cell& cell, std::chrono::nanoseconds timeout) {
  cell.engaged().timers.set_receive_timeout(core_.timers, timeout);
}

conclib_work* Turn::begin_work(Cell& cell, std::uint32_t flags) {
  auto& engagements = cell.engaged();
  auto work = std::make_unique<conclib_work>();
  work->inherited = handed_down();
  work->inherited.chain = chain();
  work->exclusive = (flags & CONCLIB_WORK_EXCLUSIVE) != 0;
  if (!letter_ && !delivery_) {
    work->type = "a callback";
    work->since = began_;
  } else if (letter_) {
    work->is_ask = letter_->ask != nullptr;
    work->type = letter_->payload.type();
    work->since = letter_->created;
  } else {
    work->is_ask = delivery_->is_ask();
    work->type = delivery_->queued->request.type;
    work->since = delivery_->arrived;
    // The entry belongs to the first work that is begun for it.
    if (!work_) work->delivery = delivery_;
  }
  if (!work_) work_ = work.get();
  if (work->exclusive && ++engagements.exclusive_works == 1) cell.set_waiting(true);
  return engagements.works.emplace_back(std::move(work)).get();
}

void Turn::end_work(Cell& cell, conclib_work* ended, conclib_status status) {
  auto& engagements = cell.engaged();
  const auto found = std::find_if(engagements.works.begin(), engagements.works.end(),
                                  [&](const auto& work) { return work.get() == ended; });
  if (found == engagements.works.end()) return;
  const auto work = std::move(*found);
  engagements.works.erase(found);
  if (work->exclusive && --engagements.exclusive_works == 0) {
    cell.set_waiting(false);
    core_.wait_graph.end(cell);
    // It was not idle as long as it waited.
    if (engagements.timers.has_receive_timeout()) engagements.timers.received(core_.clock.now());
  }
  Failure failure;
  if (status != CONCLIB_OK) {
    failure = conclude(cell, {work->type, work->since, work->is_ask, false}, status);
  }
  if (auto* delivery = work->delivery) {
    if (!work->is_ask) end_unanswered(delivery, failure);
    if (delivery_ == delivery) {
      // It ended within receive, so receive's end is that of the handling.
      work_ = nullptr;
    } else {
      handler_returned(delivery);
    }
  }
  if (!failure.harms) return;
  if (!work->delivery) {
    core_.dead_letters.add({.urn = std::string(cell.urn()),
                            .type = work->type,
                            .sender = {},
                            .status = failure.status,
                            .reason = failure.text,
                            .when = began_});
  }
  wished_failure_ = Failure{Status(status), error_, true};
}

void Turn::await_reply(Cell& cell, void* user_data) {
  if (!cell.engagements) return;
  for (auto* ask = cell.engagements->first_ask; ask; ask = ask->next_pending) {
    if (ask->user_data != user_data || ask->is_watch) continue;
    ask->awaited = true;
    if (!ask->target || ask->state.load() != PendingAsk::State::waiting) return;
    auto ring = core_.wait_graph.begin(cell, *ask);
    if (ring.empty()) return;
    // The responder has it: what is told in its place comes from here, as a time-out does.
    const auto on_reply = ask->on_reply;
    const auto inherited = ask->inherited;
    auto* previous = ask->previous_pending;
    auto* next = ask->next_pending;
    if (!abandon(ask)) return;
    (previous ? previous->next_pending : cell.engagements->first_ask) = next;
    if (next) next->previous_pending = previous;
    --cell.engagements->asks;
    auto* failed = new PendingAsk(&cell, on_reply, user_data);
    failed->inherited = inherited;
    register_ask(cell, failed);
    fail_ask(failed, Status::deadlock, fmt::format("actors wait for each other: {}", ring));
    return;
  }
}

conclib_completion* Turn::completion(Cell& cell, conclib_call_fn call, void* user_data) {
  auto* completion = new conclib_completion;
  completion->cell = Ref<Cell>::share(&cell);
  completion->incarnation = cell.incarnation;
  completion->call = call;
  completion->user_data = user_data;
  completion->inherited = handed_down();
  completion->inherited.chain = chain();
  return completion;
}

void Turn::on_completion(Cell& cell, conclib_completion* completion) {
  const std::unique_ptr<conclib_completion> completed(completion);
  if (completion->incarnation != cell.incarnation || !cell.has_object()) return;
  slot_.handle("completion", true, began_);
  resumed_ = &completion->inherited;
  call_back(cell, completion->call, completion->user_data, "a completion");
  resumed_ = nullptr;
}

std::uint32_t Turn::time_left_ms() const {
  constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
  const auto deadline = current_deadline();
  if (deadline == TimePoint::max()) return none;
  const auto left = std::chrono::ceil<milliseconds>(deadline - core_.clock.now()).count();
  if (left <= 0) return 0;
  return left < none ? static_cast<std::uint32_t>(left) : none - 1;
}

bool Turn::may_answer(const conclib_reply_to* reply_to) {
  if (reply_to != reply_to_) return true;
  if (answered_) {
    if (running_) {
      core_.log.warn("runtime", "actor {} answered a request twice: the second answer is refused",
                     running_->urn());
    }
    return false;
  }
  answered_ = true;
  // Who hears the answer may ask the pool again at once.
  if (running_ && running_->is_handling()) running_->set_handling(false);
  return true;
}

TimePoint Turn::current_deadline() const {
  if (letter_) return letter_->inherited.deadline;
  if (delivery_) return delivery_->queued->deadline;
  return resumed_ ? resumed_->deadline : TimePoint::max();
}

Inherited Turn::handed_down() {
  Inherited inherited;
  if (letter_) {
    const auto& own = letter_->inherited;
    inherited.origin = own.origin;
    inherited.root = own.root != 0 ? own.root : letter_->number;
  } else if (delivery_) {
    if (!origin_) origin_ = Ref<const Origin>::adopt(new Origin(*delivery_->queued));
    inherited.origin = origin_;
  } else if (resumed_) {
    inherited.origin = resumed_->origin;
    inherited.root = resumed_->root;
  }
  inherited.deadline = current_deadline();
  return inherited;
}

Ref<const Chain> Turn::chain() {
  if (resumed_) return resumed_->chain;
  if (chain_) return chain_;
  if (letter_ && letter_->awaited) {
    chain_ = Chain::extend(letter_->inherited.chain.get(), letter_->sender());
  } else if (delivery_) {
    chain_ = Chain::decode(delivery_->queued->request.chain);
  }
  return chain_;
}

conclib_str Turn::id_text(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  queued_id_.clear();
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    queued_id_.push_back(digits[value >> 4]);
    queued_id_.push_back(digits[value & 15]);
  }
  return str_of(queued_id_);
}

conclib_str Turn::id_text(std::uint64_t number) {
  write_hex(number, local_id_.data() + 2 * sizeof(number));
  return {local_id_.data(), local_id_.size()};
}

}  // namespace conclib::runtime
