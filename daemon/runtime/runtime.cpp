// SPDX-License-Identifier: MIT
#include "daemon/runtime/runtime.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include <fmt/core.h>

#include "daemon/runtime/answer.hpp"
#include "daemon/runtime/core.hpp"
#include "daemon/runtime/turn.hpp"
#include "proto/assert.hpp"

namespace conclib::runtime {
namespace {

using proto::Status;

constexpr unsigned blocking_threads_default = 4;

std::uint64_t random_number() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

Core::Core(RuntimeOptions with, const Clock& on_clock, Outside& to_outside, const log::Log& to_log)
    : options(with),
      clock(on_clock),
      outside(to_outside),
      log(to_log),
      id_prefix(random_number()),
      timers(clock, outside),
      registry(types, options.partitions) {}

class Runtime::Impl : public Core {
 public:
  using Core::Core;

  /// Ends a request that found no place.
  void refuse(std::unique_ptr<QueuedRequest> queued, const Registry::Found& found) {
    using Where = Registry::Found::Where;
    const auto& request = queued->request;
    auto status = Status::overloaded;
    std::string text;
    switch (found.where) {
      case Where::elsewhere:
      case Where::leaving:
        return;  // The partition is not served here: the entry waits for its next owner.
      case Where::here:
        text = fmt::format("the mailbox of actor {} is full: it took no {}", request.urn,
                           request.type);
        break;
      case Where::unknown_type:
        status = Status::no_actor;
        text = fmt::format("there is no actor type for {}, which {} was for", request.urn,
                           request.type);
        break;
      case Where::not_alive:
        status = Status::actor_not_found;
        text = fmt::format("actor {} is not alive and took no {}", request.urn, request.type);
        break;
    }
    counters.refused.fetch_add(1, std::memory_order_relaxed);
    complete(*this, std::move(queued), status, std::move(text));
  }

  /// Ends an actor without a turn, once the threads have ended.
  static void end_object(Cell& cell) {
    for (auto* ask = cell.asks ? cell.asks->first : nullptr; ask;) {
      auto* next = ask->next_pending;
      (void)ask->settle(PendingAsk::State::abandoned);
      ask = next;
    }
    if (!cell.alive) return;
    cell.alive = false;
    cell.type().spec.type->destroy(cell.actor);
  }
};

Runtime::Runtime(RuntimeOptions options, const Clock& clock, Outside& outside, const log::Log& log)
    : impl_(std::make_unique<Impl>(options, clock, outside, log)) {
  impl_->schedulers.push_back(std::make_unique<Scheduler>(*impl_, impl_->options.threads, true));
}

Runtime::~Runtime() { stop(); }

proto::Result<void> Runtime::add_type(TypeSpec spec) {
  ActorType type;
  type.spec = std::move(spec);
  type.core = impl_.get();
  type.limits = {.messages_max = impl_->options.mailbox_messages_max,
                 .bytes_max = impl_->options.mailbox_bytes_max};
  type.scheduler = impl_->schedulers.front().get();
  auto added = impl_->types.add(std::move(type));
  if (!added) return tl::unexpected(std::move(added.error()));
  const auto& given = *(*added)->spec.type;
  if (given.mailbox_messages_max != 0) (*added)->limits.messages_max = given.mailbox_messages_max;
  if ((given.flags & CONCLIB_ACTOR_BLOCKING) != 0) {
    const auto threads = given.threads_max != 0 ? given.threads_max : blocking_threads_default;
    impl_->schedulers.push_back(std::make_unique<Scheduler>(*impl_, threads, false));
    (*added)->scheduler = impl_->schedulers.back().get();
  }
  return {};
}

std::vector<std::string> Runtime::type_urns() const {
  std::vector<std::string> urns;
  for (const auto& type : impl_->types.all()) urns.push_back(type->urn);
  std::sort(urns.begin(), urns.end());
  return urns;
}

void Runtime::start() {
  for (auto& scheduler : impl_->schedulers) scheduler->start();
}

void Runtime::open(std::uint32_t partition) { impl_->registry.open(partition); }

void Runtime::deliver(std::unique_ptr<QueuedRequest> queued) {
  using Where = Registry::Found::Where;
  const auto now = impl_->clock.now();
  const auto& request = queued->request;
  const auto urn = proto::parse_urn(request.urn);
  CONCLIB_ASSERT(urn.has_value());
  if (queued->deadline != TimePoint::max() && queued->deadline <= now) {
    impl_->counters.expired.fetch_add(1, std::memory_order_relaxed);
    auto text = fmt::format("{} for actor {} came after its deadline", request.type, request.urn);
    impl_->counters.refused.fetch_add(1, std::memory_order_relaxed);
    complete(*impl_, std::move(queued), Status::expired, std::move(text));
    return;
  }
  const auto partition = queued->at.partition;
  auto delivery = std::make_unique<Delivery>(std::move(queued), now);
  for (;;) {
    auto found = impl_->registry.find_or_make(*urn, partition, Registry::Seeker::newcomer);
    if (found.where == Where::here) {
      const auto pushed = found.cell->push(delivery.get());
      if (pushed == Mailbox::Pushed::closed) continue;
      if (pushed != Mailbox::Pushed::full) {
        (void)delivery.release();
        impl_->counters.queued.fetch_add(1, std::memory_order_relaxed);
        return;
      }
    }
    impl_->refuse(std::move(delivery->queued), found);
    return;
  }
}

void Runtime::cancel(std::uint32_t partition, std::string_view urn, std::string_view id) {
  const auto cell = impl_->registry.find(urn, partition);
  if (!cell) return;
  auto control = std::make_unique<Control>(Control::What::cancel);
  control->id = id;
  if (cell->push(control.get()) != Mailbox::Pushed::closed) (void)control.release();
}

void Runtime::deliver_reply(std::string_view id, Status status, std::string_view type,
                            std::string_view body, std::string_view text) {
  auto* ask = impl_->remote_asks.take(id);
  if (!ask) return;
  if (status == Status::ok) {
    answer_ask(ask, type, body);
  } else {
    fail_ask(ask, status, std::string(text));
  }
}

void Runtime::drain(std::uint32_t partition, std::function<void()> drained) {
  impl_->registry.drain(partition, std::move(drained));
}

std::optional<TimePoint> Runtime::fire_timers() { return impl_->timers.fire(); }

void Runtime::stop() {
  for (auto& scheduler : impl_->schedulers) scheduler->stop();
  impl_->timers.clear();
  const auto cells = impl_->registry.take_all();
  // Asks first: those in one mailbox are linked to the actors of others.
  for (const auto& cell : cells) impl_->end_object(*cell);
  for (const auto& cell : cells) {
    cell->mailbox.close();
    while (auto* control = cell->mailbox.pop_control()) discard(control);
    while (auto* message = cell->mailbox.pop(cell->type().limits)) discard(message);
  }
}

RuntimeStats Runtime::stats() const {
  RuntimeStats stats;
  std::uint64_t made = 0;
  std::uint64_t ended = 0;
  std::uint64_t queued = 0;
  std::uint64_t taken = 0;
  const auto add = [&](const Counters& counters) {
    constexpr auto relaxed = std::memory_order_relaxed;
    stats.messages_handled += counters.handled.load(relaxed);
    stats.messages_failed += counters.failed.load(relaxed);
    stats.messages_unexpected += counters.unexpected.load(relaxed);
    stats.messages_refused += counters.refused.load(relaxed);
    stats.messages_expired += counters.expired.load(relaxed);
    made += counters.made.load(relaxed);
    ended += counters.ended.load(relaxed);
    queued += counters.queued.load(relaxed);
    taken += counters.taken.load(relaxed);
  };
  add(impl_->counters);
  for (const auto& scheduler : impl_->schedulers) scheduler->for_each_counters(add);
  // The threads count on meanwhile, so a sum may be taken before its addends.
  stats.actors = made > ended ? made - ended : 0;
  stats.in_mailboxes = queued > taken ? queued - taken : 0;
  return stats;
}

}  // namespace conclib::runtime
