// SPDX-License-Identifier: MIT
#include "daemon/runtime/runtime.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "daemon/runtime/answer.hpp"
#include "daemon/runtime/core.hpp"
#include "daemon/runtime/step_scheduler.hpp"
#include "daemon/runtime/thread_scheduler.hpp"
#include "daemon/runtime/turn.hpp"
#include "proto/assert.hpp"
#include "proto/ended.hpp"

namespace conclib::runtime {
namespace {

using proto::Status;

constexpr unsigned blocking_threads_default = 4;

}  // namespace

class Runtime::Impl : public Core {
 public:
  using Core::Core;

  /// Makes the pool of a type that blocks, or that of all others.
  Scheduler* add_pool(unsigned threads, bool blocks) {
    if (options.stepped && stepper) return stepper;
    if (options.stepped) {
      auto made = std::make_unique<StepScheduler>(*this);
      stepper = made.get();
      schedulers.push_back(std::move(made));
    } else {
      schedulers.push_back(std::make_unique<ThreadScheduler>(*this, threads, !blocks));
    }
    return schedulers.back().get();
  }

  StepScheduler* stepper = nullptr;

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

  /// Answers a watch that came through the queue when its actor ends.
  void watch(std::unique_ptr<Delivery> watch) {
    // The next owner of the partition answers it.
    if (!registry.is_open(watch->queued->at.partition)) return;
    const auto cell = registry.find(watch->queued->request.urn);
    if (!cell) {
      complete_watch(*this, *watch, Status::actor_not_found,
                     fmt::format("actor {} is not alive", watch->queued->request.urn));
      return;
    }
    auto control = std::make_unique<Control>(Control::What::watch);
    control->delivery = std::move(watch);
    cell->push_control(std::move(control));
  }

  /// Whether the one that is asked waits itself, for what this ask descends from.
  static bool closes_ring(const Cell& cell, const proto::Request& request) {
    if (!cell.is_waiting() || request.chain.empty()) return false;
    const auto chain = Chain::decode(request.chain);
    return chain && chain->names(cell.urn());
  }

  /// Ends an actor without a turn, once the threads have ended.
  static void end_object(Cell& cell) {
    auto* engagements = cell.engagements.get();
    for (auto* ask = engagements ? engagements->first_ask : nullptr; ask;) {
      auto* next = ask->next_pending;
      (void)ask->settle(PendingAsk::State::abandoned);
      ask = next;
    }
    if (cell.has_object()) {
      cell.stage = Cell::Stage::absent;
      cell.type().table.destroy(cell.actor);
    }
  }

  /// Drops what waits for the end of an actor that ends with the runtime.
  static void drop_waiting(Cell& cell) {
    cell.waits_for.store(nullptr);
    auto* engagements = cell.engagements.get();
    if (!engagements) return;
    for (auto* ask : engagements->watchers) delete ask;
    for (auto* ask : engagements->stoppers) delete ask;
    engagements->watchers.clear();
    engagements->stoppers.clear();
    engagements->remote_watchers.clear();
    for (auto& work : engagements->works) delete work->delivery;
    engagements->works.clear();
    engagements->timers.end(cell.type().core->timers);
  }
};

Runtime::Runtime(RuntimeOptions options, const Clock& clock, Random& random, Outside& outside,
                 const log::Log& log)
    : impl_(std::make_unique<Impl>(options, clock, random, outside, log)) {
  impl_->add_pool(impl_->options.threads, false);
}

Runtime::~Runtime() { stop(); }

proto::Result<void> Runtime::add_type(TypeSpec spec) {
  auto added = impl_->types.add(std::move(spec), impl_->options);
  if (!added) return tl::unexpected(std::move(added.error()));
  auto& type = **added;
  type.core = impl_.get();
  type.scheduler = impl_->schedulers.front().get();
  if ((type.table.flags & CONCLIB_ACTOR_BLOCKING) != 0) {
    const auto threads =
        type.table.threads_max != 0 ? type.table.threads_max : blocking_threads_default;
    type.scheduler = impl_->add_pool(threads, true);
  }
  return {};
}

std::vector<std::string> Runtime::type_urns() const {
  std::vector<std::string> urns;
  for (const auto& type : impl_->types.all()) {
    if (!type->urn.empty()) urns.push_back(type->urn);
  }
  std::sort(urns.begin(), urns.end());
  return urns;
}

void Runtime::start() {
  for (auto& scheduler : impl_->schedulers) scheduler->start();
}

bool Runtime::step(std::string* urn) {
  CONCLIB_ASSERT(impl_->stepper != nullptr);
  return impl_->stepper->step(urn);
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
  if (delivery->is_ask() && delivery->queued->request.type == proto::watch_type) {
    impl_->watch(std::move(delivery));
    return;
  }
  for (;;) {
    auto found = impl_->registry.find_or_make(*urn, partition, Registry::Seeker::newcomer);
    if (found.where == Where::here) {
      if (impl_->closes_ring(*found.cell, delivery->queued->request)) {
        auto text = fmt::format(
            "actors wait for each other, across workers: {} -> {}",
            Chain::decode(delivery->queued->request.chain)->text_from(found.cell->urn()),
            found.cell->urn());
        complete(*impl_, std::move(delivery->queued), Status::deadlock, std::move(text));
        return;
      }
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
  (void)partition;
  const auto parsed = proto::parse_urn(urn);
  CONCLIB_ASSERT(parsed.has_value());
  for (const auto& cell : impl_->registry.find_all(*parsed)) {
    auto control = std::make_unique<Control>(Control::What::cancel);
    control->text = id;
    cell->push_control(std::move(control));
  }
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

std::optional<TimePoint> Runtime::fire_timers() {
  auto next = impl_->timers.fire().value_or(TimePoint::max());
  const auto now = impl_->clock.now();
  next = std::min({next, impl_->sweep(now), impl_->look_for_stuck(now)});
  return next == TimePoint::max() ? std::nullopt : std::optional(next);
}

void Runtime::stop() {
  for (auto& scheduler : impl_->schedulers) scheduler->stop();
  impl_->timers.clear();
  const auto cells = impl_->registry.take_all();
  // Asks first: those in one mailbox are linked to the actors of others.
  for (const auto& cell : cells) impl_->end_object(*cell);
  for (const auto& cell : cells) {
    cell->mailbox.close();
    while (auto* control = cell->mailbox.pop_control()) discard(control);
    while (auto* message = cell->mailbox.pop(false)) discard(message);
    impl_->drop_waiting(*cell);
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
    stats.failures += counters.actor_failures.load(relaxed);
    stats.restarts += counters.restarts.load(relaxed);
  };
  add(impl_->counters);
  for (const auto& scheduler : impl_->schedulers) {
    scheduler->for_each_turn([&](const Turn& turn) { add(turn.counters()); });
  }
  // The threads count on meanwhile, so a sum may be taken before its addends.
  stats.actors = made > ended ? made - ended : 0;
  stats.in_mailboxes = queued > taken ? queued - taken : 0;
  stats.stuck = impl_->stuck.load(std::memory_order_relaxed);
  stats.dead_letters = impl_->dead_letters.count();
  return stats;
}

std::vector<DeadLetter> Runtime::dead_letters() const { return impl_->dead_letters.kept(); }

std::vector<ActorState> Runtime::actors() const {
  std::vector<ActorState> actors;
  for (const auto& cell : impl_->registry.live()) {
    actors.push_back({.urn = std::string(cell->urn()),
                      .class_name = cell->type().class_name,
                      .restarts = cell->restarts(),
                      .waiting = cell->mailbox.size()});
  }
  return actors;
}

}  // namespace conclib::runtime
