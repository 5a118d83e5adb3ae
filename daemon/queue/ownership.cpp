// SPDX-License-Identifier: MIT
#include "daemon/queue/ownership.hpp"

#include <algorithm>
#include <utility>

#include "daemon/queue/placement.hpp"
#include "proto/assert.hpp"

namespace conclib::queue {
namespace {

using redis::Reply;
using std::chrono::steady_clock;

/// How often renewals are looked for, as a part of the lease; they are due every quarter.
constexpr int renew_checks_per_lease = 20;
/// A node counts as settled without what another live one still has, once it has waited so long: a
/// handler elsewhere that does not end must not keep it from being ready.
constexpr std::chrono::seconds settle_time(5);
/// How long a control stream outlives the last word in it, in leases.
constexpr int control_leases = 3;

}  // namespace

Ownership::Ownership(redis::Loop& loop, const NodeOptions& options, const proto::Keys& keys,
                     Session& session, const Membership& membership, PartitionLeases& leases,
                     Reader& reader, Finisher& finisher, OwnershipSink& sink, const log::Log& log)
    : options_(options),
      keys_(keys),
      session_(session),
      membership_(membership),
      leases_(leases),
      reader_(reader),
      finisher_(finisher),
      sink_(sink),
      log_(log),
      renew_timer_(loop, [this] { renew_and_release(); }) {
  const auto every = options_.lease / renew_checks_per_lease;
  renew_timer_.start(every, every);
}

std::vector<std::uint32_t> Ownership::open() const {
  std::vector<std::uint32_t> numbers;
  for (const auto& [number, partition] : partitions_) {
    if (partition.stage == Stage::open) numbers.push_back(number);
  }
  return numbers;
}

void Ownership::look() {
  if (!session_.is_up()) return;
  const auto& nodes = membership_.placeable();
  const auto placement = place(session_.partitions(), nodes);
  const auto now_open = open();
  const std::set<std::uint32_t> held(now_open.begin(), now_open.end());
  if (giving_up_) {
    for (const auto number : now_open) hand_over(number, placement[number]);
    return;
  }
  for (const auto number : excess(held, placement, options_.id, nodes.size())) {
    hand_over(number, placement[number]);
  }
  for (std::uint32_t number = 0; number < placement.size(); ++number) {
    if (placement[number] == options_.id && !partitions_.contains(number)) acquire(number);
  }
  check_settled();
}

void Ownership::check_settled() {
  const auto& nodes = membership_.placeable();
  const auto is_live = [&](std::string_view node) {
    return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
  };
  if (settled_ || !reader_.is_up() || !is_live(options_.id)) return;
  if (!looked_first_) looked_first_ = steady_clock::now();
  const auto placement = place(session_.partitions(), nodes);
  for (std::uint32_t number = 0; number < placement.size(); ++number) {
    if (placement[number] != options_.id) continue;
    const auto at = partitions_.find(number);
    if (at != partitions_.end() && at->second.stage != Stage::acquiring) continue;
    const auto holder = holders_.find(number);
    const bool waited = steady_clock::now() > *looked_first_ + settle_time;
    if (!waited || holder == holders_.end() || !is_live(holder->second)) return;
  }
  settled_ = true;
  sink_.settled();
}

void Ownership::acquire(std::uint32_t number) {
  const auto own = keys_.owner(number);
  const auto queue = keys_.queue(number);
  const auto lease = std::to_string(options_.lease.count());
  const auto now = steady_clock::now();
  const auto& watch = watches_[number];
  const auto insist = std::to_string(static_cast<int>(watch.insist(now, options_.lease)));
  const std::string_view keys[] = {own, queue};
  const std::string_view arguments[] = {options_.id,
                                        lease,
                                        session_.run_id(),
                                        watch.epoch(),
                                        watch.renewals(),
                                        insist,
                                        watch.is_patient(now) ? "1" : ""};
  partitions_[number] = {};
  const bool sent = session_.call(
      Function::acquire, keys, arguments,
      [this, number, now](const Reply& reply) { acquire_answered(number, now, reply); });
  if (!sent) partitions_.erase(number);
}

void Ownership::acquire_answered(std::uint32_t number, runtime::TimePoint sent,
                                 const Reply& reply) {
  const auto answer = reply[0].text();
  if (answer != "OK") {
    // Should a lost answer have been OK, the next attempt takes it from ourselves.
    partitions_.erase(number);
    const auto now = steady_clock::now();
    const std::string epoch(reply[1].text());
    if (answer == "HELD" || answer == "NEXT") holders_[number] = reply[3].text();
    if (answer == "HELD") watches_[number].saw(epoch, std::string(reply[2].text()), now);
    if (answer == "NEXT") watches_[number].saw_handed_over(epoch, now);
    if (reply.is_error()) {
      log_.warn("queue", "acquiring partition {} failed: {}", number, reply.text());
    }
    if (giving_up_ && partitions_.empty()) sink_.everything_released();
    return check_settled();
  }
  watches_.erase(number);
  holders_.erase(number);
  const auto ran = id_of(reply[2].text());
  leases_.acquired(number, std::string(reply[1].text()), sent);
  auto& partition = partitions_[number];
  partition.stage = Stage::open;
  log_.info("queue", "took partition {} in epoch {}", number, leases_.epoch(number));
  // First its actors, then what is for them.
  sink_.partition_opened(number);
  reader_.open(number, ran);
  if (giving_up_) return look();
  check_settled();
}

void Ownership::hand_over(std::uint32_t number, std::string_view next) {
  auto& partition = partitions_.at(number);
  partition.stage = Stage::draining;
  partition.next = next;
  log_.info("queue", "handing partition {} over to {}", number,
            next.empty() ? "whoever comes" : next);
  reader_.stop(number);
  sink_.partition_must_drain(number, DrainReason::hand_over);
}

void Ownership::drained(std::uint32_t number) {
  const auto at = partitions_.find(number);
  if (at == partitions_.end()) return;
  if (at->second.stage == Stage::lost) return gone(number);
  if (at->second.stage != Stage::draining) return;
  at->second.stage = Stage::flushing;
  finisher_.flush(number, [this, number] {
    partitions_.at(number).clean = !finisher_.keeps(number);
    release(number);
  });
}

void Ownership::release(std::uint32_t number) {
  auto& partition = partitions_.at(number);
  partition.stage = Stage::releasing;
  const auto own = keys_.owner(number);
  const auto queue = keys_.queue(number);
  const std::string_view keys[] = {own, queue};
  const std::string_view arguments[] = {options_.id, leases_.epoch(number), partition.next,
                                        partition.clean ? "1" : ""};
  partition.release_under_way =
      session_.call(Function::release, keys, arguments,
                    [this, number](const Reply& reply) { released(number, reply); });
}

void Ownership::released(std::uint32_t number, const Reply& reply) {
  const auto at = partitions_.find(number);
  if (at == partitions_.end() || at->second.stage != Stage::releasing) return;
  at->second.release_under_way = false;
  // The timer tries again; a second release of one epoch is harmless.
  if (!reply.is_good()) return;
  if (!at->second.next.empty()) wake(at->second.next);
  leases_.ended(number, std::string(leases_.epoch(number)));
  gone(number);
}

void Ownership::gone(std::uint32_t number) {
  finisher_.drop(number);
  reader_.forget(number);
  partitions_.erase(number);
  if (giving_up_ && partitions_.empty()) sink_.everything_released();
}

void Ownership::wake(const std::string& node) {
  const auto control = keys_.control(node);
  const auto px = std::to_string(options_.lease.count() * control_leases);
  session_.command({"XADD", control, "*", "c", "look"}, [](const Reply&) {});
  session_.command({"PEXPIRE", control, px}, [](const Reply&) {});
}

void Ownership::renew_and_release() {
  if (!session_.is_up()) return;
  for (const auto number : leases_.take_due(steady_clock::now())) renew(number);
  for (const auto& [number, partition] : partitions_) {
    if (partition.stage == Stage::releasing && !partition.release_under_way) release(number);
  }
}

void Ownership::renew(std::uint32_t number) {
  const auto own = keys_.owner(number);
  const auto queue = keys_.queue(number);
  const auto lease = std::to_string(options_.lease.count());
  const auto sent = steady_clock::now();
  const auto epoch = leases_.epoch(number);
  const std::string_view keys[] = {own, queue};
  const std::string_view arguments[] = {options_.id, epoch, lease, session_.run_id()};
  session_.call(Function::renew, keys, arguments, [this, number, epoch, sent](const Reply& reply) {
    const auto answer = reply[0].text();
    if (answer == "FENCED") return fenced(number, epoch);
    if (answer != "OK") {
      if (reply.is_error()) {
        log_.warn("queue", "renewing partition {} failed: {}", number, reply.text());
        leases_.failed(number, epoch);
      }
      return;
    }
    const bool could_start = leases_.may_start_work(number, steady_clock::now());
    leases_.renewed(number, epoch, sent);
    reader_.suspect(number, id_of(reply[1].text()));
    if (!could_start) reader_.refresh();
  });
}

void Ownership::fenced(std::uint32_t number, const std::string& epoch) {
  if (!leases_.ended(number, epoch)) return;
  log_.error("queue", "partition {} is another node's now; epoch {} is over", number, epoch);
  reader_.stop(number);
  finisher_.drop(number);
  auto& partition = partitions_.at(number);
  const auto stage = std::exchange(partition.stage, Stage::lost);
  switch (stage) {
    case Stage::open:
    case Stage::draining:
      return sink_.partition_must_drain(number, DrainReason::lost);
    case Stage::flushing:
    case Stage::releasing:
      return gone(number);
    case Stage::acquiring:
    case Stage::lost:
      CONCLIB_ASSERT(stage == Stage::open);
  }
}

void Ownership::session_up() {
  renew_and_release();
  look();
}

void Ownership::session_down() { leases_.unconfirm(); }

void Ownership::give_up() {
  giving_up_ = true;
  look();
  if (partitions_.empty()) sink_.everything_released();
}

void Ownership::abandon() {
  for (auto& [number, partition] : partitions_) {
    if (partition.stage == Stage::draining || partition.stage == Stage::flushing) release(number);
  }
}

}  // namespace conclib::queue
