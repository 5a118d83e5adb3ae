// SPDX-License-Identifier: MIT
#include "daemon/queue/leases.hpp"

#include <utility>

#include "proto/assert.hpp"

namespace conclib::queue {

using runtime::TimePoint;

void PartitionLeases::acquired(std::uint32_t partition, std::string epoch, TimePoint sent) {
  const auto [at, fresh] = leases_.try_emplace(partition);
  CONCLIB_ASSERT(fresh);
  at->second.epoch = std::move(epoch);
  at->second.good_since = sent;
}

std::vector<std::uint32_t> PartitionLeases::take_due(TimePoint now) {
  std::vector<std::uint32_t> due;
  for (auto& [partition, lease] : leases_) {
    if (lease.renewing || (lease.confirmed && now - lease.good_since < length_ / 4)) continue;
    lease.renewing = true;
    due.push_back(partition);
  }
  return due;
}

void PartitionLeases::renewed(std::uint32_t partition, const std::string& epoch, TimePoint sent) {
  const auto at = leases_.find(partition);
  if (at == leases_.end() || at->second.epoch != epoch) return;
  at->second.renewing = false;
  at->second.confirmed = true;
  at->second.good_since = sent;
}

void PartitionLeases::failed(std::uint32_t partition, const std::string& epoch) {
  const auto at = leases_.find(partition);
  if (at != leases_.end() && at->second.epoch == epoch) at->second.renewing = false;
}

bool PartitionLeases::ended(std::uint32_t partition, const std::string& epoch) {
  const auto at = leases_.find(partition);
  if (at == leases_.end() || at->second.epoch != epoch) return false;
  leases_.erase(at);
  return true;
}

void PartitionLeases::unconfirm() {
  for (auto& [partition, lease] : leases_) {
    lease.confirmed = false;
    lease.renewing = false;
  }
}

bool PartitionLeases::may_start_work(std::uint32_t partition, TimePoint now) const {
  const auto at = leases_.find(partition);
  return at != leases_.end() && at->second.confirmed &&
         now - at->second.good_since < length_ * 2 / 3;
}

const std::string& PartitionLeases::epoch(std::uint32_t partition) const {
  const auto at = leases_.find(partition);
  CONCLIB_ASSERT(at != leases_.end());
  return at->second.epoch;
}

std::vector<std::uint32_t> PartitionLeases::held() const {
  std::vector<std::uint32_t> partitions;
  for (const auto& [partition, lease] : leases_) partitions.push_back(partition);
  return partitions;
}

void LeaseWatch::saw(const std::string& epoch, const std::string& renewals, TimePoint now) {
  if (since_ && epoch == epoch_ && renewals == renewals_) return;
  seen_to_change_ = since_.has_value();
  epoch_ = epoch;
  renewals_ = renewals;
  since_ = now;
}

void LeaseWatch::saw_handed_over(const std::string& epoch, TimePoint now) {
  if (handed_since_ && handed_epoch_ == epoch) return;
  handed_epoch_ = epoch;
  handed_since_ = now;
}

Insist LeaseWatch::insist(TimePoint now, std::chrono::milliseconds lease) const {
  if (!since_) return Insist::if_free;
  if (now - *since_ >= lease) return Insist::always;
  return seen_to_change_ ? Insist::if_free : Insist::if_expired;
}

bool LeaseWatch::is_patient(TimePoint now) const {
  return !handed_since_ || now - *handed_since_ < patience;
}

}  // namespace conclib::queue
