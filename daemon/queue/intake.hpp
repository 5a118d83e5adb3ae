// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/queue/finish_entry.hpp"
#include "daemon/queue/redis_clock.hpp"
#include "daemon/runtime/ports.hpp"
#include "proto/keys.hpp"

namespace conclib::queue {

/// What becomes of an entry that was read.
struct Admission {
  /// The request, to be delivered (or, of kind cancel, acted on); null if it is refused.
  std::unique_ptr<runtime::QueuedRequest> queued;
  /// How a refused entry ends.
  FinishEntry refusal;
};

/// Checks what stands in a queue before an actor hears of it. Pure. Threading: one thread.
class Intake {
 public:
  Intake(const proto::Keys& keys, std::uint32_t partitions, std::size_t entry_bytes_max)
      : keys_(keys), partitions_(partitions), entry_bytes_max_(entry_bytes_max) {}

  /// `bytes` is the entry's field `e`; none: it has no such field. `ran`: entries up to this id may
  /// have run before.
  [[nodiscard]] Admission admit(runtime::EntryRef at, std::optional<std::string_view> bytes,
                                runtime::EntryId ran, const RedisClock& clock,
                                runtime::TimePoint now) const;

 private:
  [[nodiscard]] FinishEntry malformed(runtime::EntryRef at, std::string_view bytes,
                                      std::string text, runtime::TimePoint now) const;

  const proto::Keys& keys_;
  std::uint32_t partitions_;
  std::size_t entry_bytes_max_;
};

}  // namespace conclib::queue
