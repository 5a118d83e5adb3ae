// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/runtime/ports.hpp"

namespace conclib::queue {

/// The leases that this node holds on partitions, told by what was sent to Redis and what it
/// answered, on the monotonic clock. Pure: others do the sending. Threading: one thread.
///
/// A lease is renewed every quarter of its length. No new work is started once two thirds of it
/// have passed since the last good renewal was sent, nor between the loss of the session with Redis
/// and the first good renewal after it. It is lost only when Redis says so, or when it is given
/// back.
class PartitionLeases {
 public:
  explicit PartitionLeases(std::chrono::milliseconds length) : length_(length) {}

  /// Redis has granted it; `sent` is when it was asked.
  void acquired(std::uint32_t partition, std::string epoch, runtime::TimePoint sent);
  /// Held leases whose renewal is due; each is given once until renewed() or unconfirm().
  [[nodiscard]] std::vector<std::uint32_t> take_due(runtime::TimePoint now);
  /// A good answer to a renewal sent at `sent`. An answer about an older epoch is ignored.
  void renewed(std::uint32_t partition, const std::string& epoch, runtime::TimePoint sent);
  /// Redis could not renew it now; it is due again.
  void failed(std::uint32_t partition, const std::string& epoch);
  /// Redis says that `epoch` is over, or the lease was released. True if it was the one held.
  bool ended(std::uint32_t partition, const std::string& epoch);
  /// The session with Redis was lost: whether any lease still stands has to be asked first.
  void unconfirm();

  [[nodiscard]] bool is_held(std::uint32_t partition) const { return leases_.contains(partition); }
  [[nodiscard]] bool may_start_work(std::uint32_t partition, runtime::TimePoint now) const;
  /// The epoch of a held lease, as Redis writes it.
  [[nodiscard]] const std::string& epoch(std::uint32_t partition) const;
  [[nodiscard]] std::vector<std::uint32_t> held() const;
  [[nodiscard]] std::chrono::milliseconds length() const { return length_; }

 private:
  struct Lease {
    std::string epoch;
    runtime::TimePoint good_since;
    bool renewing = false;
    bool confirmed = true;
  };

  std::chrono::milliseconds length_;
  std::map<std::uint32_t, Lease> leases_;
};

/// How much an acquirer may insist on a partition that another node holds (argument of `acquire`).
enum class Insist : std::uint8_t {
  if_free = 0,     ///< Its owner has been seen renewing it within one lease.
  if_expired = 1,  ///< It may be taken if Redis's clock says that it has expired.
  always = 2,      ///< It was watched unchanged for one whole lease: whatever Redis's clock says.
};

/// What a node has seen of a partition that it would like to have. Pure. Threading: one thread.
class LeaseWatch {
 public:
  /// What `own` said just now.
  void saw(const std::string& epoch, const std::string& renewals, runtime::TimePoint now);
  /// Handed by its last owner to another node, which has not taken it yet.
  void saw_handed_over(const std::string& epoch, runtime::TimePoint now);

  [[nodiscard]] Insist insist(runtime::TimePoint now, std::chrono::milliseconds lease) const;
  /// Whether to leave a partition to the node to which it was handed.
  [[nodiscard]] bool is_patient(runtime::TimePoint now) const;
  [[nodiscard]] const std::string& epoch() const { return epoch_; }
  [[nodiscard]] const std::string& renewals() const { return renewals_; }

  /// How long a node has to take what was handed to it.
  static constexpr std::chrono::milliseconds patience{2000};

 private:
  std::string epoch_ = "-";
  std::string renewals_ = "-";
  std::optional<runtime::TimePoint> since_;
  bool seen_to_change_ = false;
  std::string handed_epoch_;
  std::optional<runtime::TimePoint> handed_since_;
};

}  // namespace conclib::queue
