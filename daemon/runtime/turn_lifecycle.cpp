// SPDX-License-Identifier: MIT
#include <limits>

#include <fmt/core.h>

#include "daemon/runtime/answer.hpp"
#include "daemon/runtime/turn.hpp"
#include "proto/limits.hpp"

/// How an actor begins and ends, and what the host does for it on its turn.
namespace conclib::runtime {
namespace {

using proto::Status;

constexpr std::string_view hex_digits = "0123456789abcdef";

void append_hex(std::string& out, unsigned char byte) {
  out.push_back(hex_digits[byte >> 4]);
  out.push_back(hex_digits[byte & 15]);
}

}  // namespace

bool Turn::bring_up(Cell& cell) {
  const auto* type = cell.type().spec.type;
  clear_errors();
  void* actor = nullptr;
  auto status = guarded([&] { return type->create(type, cell.context(), &actor); });
  if (status == CONCLIB_OK) {
    cell.actor = actor;
    cell.alive = true;
    Counters::count(counters_.made);
    if (!type->start) return true;
    status = guarded([&] { return type->start(cell.actor, cell.context()); });
    if (status == CONCLIB_OK) return true;
  }
  const auto why = error_or(status);
  if (cell.alive) {
    destroy(cell);
  } else {
    forget_wishes(cell);
  }
  call_error_ = fmt::format("actor {} could not be started: {}", cell.urn(), why);
  core_.log.write(log::Level::error, "runtime", call_error_);
  return false;
}

void Turn::end(Cell& cell) {
  cell.stop_asked = false;
  if (cell.alive) {
    const auto* type = cell.type().spec.type;
    clear_errors();
    if (type->stop) {
      const auto status = guarded([&] { return type->stop(cell.actor, cell.context()); });
      if (status != CONCLIB_OK) {
        core_.log.error("runtime", "actor {} failed while it stopped: {}", cell.urn(),
                        error_or(status));
      }
    }
    destroy(cell);
  }
  // While it is drained, a tell that has just slipped in is still to be run.
  cell.ended = !cell.type().keyed && !cell.draining();
}

void Turn::destroy(Cell& cell) {
  forget_wishes(cell);
  cell.type().spec.type->destroy(cell.actor);
  cell.actor = nullptr;
  cell.alive = false;
  // Its destroy may have wished for something, too.
  forget_wishes(cell);
  Counters::count(counters_.ended);
}

void Turn::forget_wishes(Cell& cell) {
  cell.stop_asked = false;
  if (!cell.asks) return;
  for (auto* ask = cell.asks->first; ask;) {
    auto* next = ask->next_pending;
    if (!abandon(cell, ask)) ask->abandoned_late = true;
    ask = next;
  }
  cell.asks->first = nullptr;
  cell.asks->count = 0;
  core_.timers.cancel(cell.asks->timer);
}

conclib_status Turn::tell(Cell& from, const conclib_outgoing& message) {
  auto sent = sender_.send(from, message, nullptr);
  if (sent) return CONCLIB_OK;
  call_error_ = std::move(sent.error().text);
  return conclib_status(sent.error().code);
}

conclib_status Turn::ask(Cell& from, const conclib_outgoing& message, conclib_reply_fn on_reply,
                         void* user_data) {
  using std::chrono::milliseconds;
  constexpr milliseconds timeout_max{proto::limits::ask_ttl_ms_max};
  const auto timeout =
      message.timeout_ms == 0 ? core_.options.ask_timeout : milliseconds(message.timeout_ms);
  if (!from.asks) from.asks = std::make_unique<AskState>(&from);
  auto ask = std::make_unique<PendingAsk>(Ref<Cell>::share(&from), on_reply, user_data);
  ask->inherited = handed_down();
  ask->inherited.chain = chain();
  ask->deadline =
      std::min(core_.clock.now() + std::min(timeout, timeout_max), ask->inherited.deadline);
  if (ask->inherited.chain && ask->inherited.chain->length >= proto::limits::chain_length_max) {
    const Payload dropped(message.payload);
    call_error_ = fmt::format("more than {} actors would wait in a row for {}",
                              proto::limits::chain_length_max, view_of(message.urn));
    return CONCLIB_BAD_ARGUMENT;
  }
  auto sent = sender_.send(from, message, ask.get());
  if (!sent && sent.error().code == proto::Status::bad_argument) {
    call_error_ = std::move(sent.error().text);
    return CONCLIB_BAD_ARGUMENT;
  }
  // Its answer cannot be taken before this turn is over, so it is still there.
  auto* pending = ask.release();
  auto& asks = *from.asks;
  pending->next_pending = asks.first;
  if (asks.first) asks.first->previous_pending = pending;
  asks.first = pending;
  ++asks.count;
  if (!asks.timer.armed || pending->deadline < asks.timer.when) {
    core_.timers.arm(asks.timer, pending->deadline);
  }
  // What the world refuses comes as every other failure of an ask does: by on_reply.
  if (!sent) fail_ask(pending, sent.error().code, std::move(sent.error().text));
  return CONCLIB_OK;
}

void Turn::stop_self(Cell& cell) {
  if (cell.stop_asked) return;
  cell.mailbox.collect();
  cell.stop_asked = true;
  cell.until_stop = cell.mailbox.collected();
}

std::uint32_t Turn::time_left_ms() const {
  using std::chrono::milliseconds;
  constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
  const auto deadline = current_deadline();
  if (deadline == TimePoint::max()) return none;
  const auto left = std::chrono::ceil<milliseconds>(deadline - core_.clock.now()).count();
  if (left <= 0) return 0;
  return left < none ? static_cast<std::uint32_t>(left) : none - 1;
}

bool Turn::may_answer(const conclib_reply_to* reply_to) {
  if (reply_to != reply_to_) return true;
  if (answered_) return false;
  answered_ = true;
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
  if (letter_ && letter_->ask) {
    chain_ = Chain::extend(letter_->inherited.chain.get(), letter_->sender);
  } else if (delivery_) {
    chain_ = Chain::decode(delivery_->queued->request.chain);
  }
  return chain_;
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

conclib_str Turn::id_text(std::string_view bytes) {
  id_.clear();
  for (const auto byte : bytes) append_hex(id_, static_cast<unsigned char>(byte));
  return str_of(id_);
}

conclib_str Turn::id_text(std::uint64_t number) {
  id_.clear();
  for (const auto half : {core_.id_prefix, number}) {
    for (int shift = 56; shift >= 0; shift -= 8) {
      append_hex(id_, static_cast<unsigned char>(half >> shift));
    }
  }
  return str_of(id_);
}

}  // namespace conclib::runtime
