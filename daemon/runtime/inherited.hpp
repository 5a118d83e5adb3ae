// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/runtime/ports.hpp"
#include "daemon/runtime/ref.hpp"
#include "proto/result.hpp"

namespace conclib::runtime {

/// The queued request from which a message descends, if there is one. Immutable and shared by all
/// that it caused on this worker.
struct Origin {
  std::string root;
  std::string trace_parent;
  std::string trace_state;
  EntryRef cause;

  explicit Origin(const QueuedRequest& queued);
  void retain() const { references.fetch_add(1, std::memory_order_relaxed); }
  void release() const {
    if (references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  mutable std::atomic<std::uint32_t> references{1};
};

/// The URNs of the actors that wait for the end of a message, outermost first. Immutable, shared.
/// Limit: `proto::limits::chain_length_max`, beyond which an ask is refused.
struct Chain {
  std::uint32_t length = 0;
  std::string elements;  ///< Encoded msgpack strs, without the head of the array.

  void retain() const { references.fetch_add(1, std::memory_order_relaxed); }
  void release() const {
    if (references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  /// From an encoded array, which was checked when it was received; empty: none.
  static Ref<const Chain> decode(std::string_view encoded);
  /// `up` (may be null) and after it `urn`.
  static Ref<const Chain> extend(const Chain* up, std::string_view urn);
  /// The encoded array.
  [[nodiscard]] std::string encode() const;
  [[nodiscard]] bool names(std::string_view urn) const;
  /// From this one on, for people: `a -> b`.
  [[nodiscard]] std::string text_from(std::string_view urn) const;

  mutable std::atomic<std::uint32_t> references{1};
};

/// What a message hands down to the messages that its handler sends.
struct Inherited {
  Ref<const Origin> origin;  ///< Null if it began on this worker.
  std::uint64_t root = 0;    ///< Number of the first message, if it began on this worker.
  TimePoint deadline = TimePoint::max();
  Ref<const Chain> chain;  ///< Who waits for it, the sender not among them; null for nobody.
};

}  // namespace conclib::runtime
