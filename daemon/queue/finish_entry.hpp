// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/runtime/ports.hpp"
#include "proto/status.hpp"

namespace conclib::queue {

/// What is to be done in Redis with one entry that has ended: it is deleted, and its reply pushed
/// or itself kept as a dead letter, or both.
struct FinishEntry {
  runtime::EntryRef at;
  /// Empty: no reply.
  std::string reply_key;
  std::string reply;
  std::uint64_t reply_px_ms = 0;
  /// Why it becomes a dead letter, the name of a status; empty: it does not.
  std::string_view dead_reason;
  std::string dead_text;
  /// Its envelope could not be read: kept cut short, and room is made for it.
  bool malformed = false;

  /// About what it adds to a batch.
  [[nodiscard]] std::size_t bytes() const {
    return 64 + reply_key.size() + reply.size() + dead_text.size();
  }
};

/// How long a reply in this key is kept: an ask's own for the time left and 30 s, an inbox for its
/// constant.
[[nodiscard]] std::uint64_t reply_px_ms(std::string_view reply_key, runtime::TimePoint deadline,
                                        runtime::TimePoint now);

/// What a completion asks for.
[[nodiscard]] FinishEntry finish_of(const runtime::Completion& completion, runtime::TimePoint now);

/// What answers an ask with a failure, makes a tell a dead letter and just ends a cancel.
[[nodiscard]] FinishEntry refusal_of(const runtime::QueuedRequest& queued, proto::Status status,
                                     std::string text, runtime::TimePoint now);

/// Bounds of one call of the Function `finish` or `push`.
inline constexpr std::size_t batch_entries_max = 128;
inline constexpr std::size_t batch_bytes_max = std::size_t{64} << 10;

/// Takes the next batch from the front of what waits: at most these bounds, but one entry at least.
template <typename Entry>
[[nodiscard]] std::vector<Entry> take_batch(std::deque<Entry>& waiting) {
  std::vector<Entry> batch;
  std::size_t bytes = 0;
  while (!waiting.empty() && batch.size() < batch_entries_max) {
    bytes += waiting.front().bytes();
    if (!batch.empty() && bytes > batch_bytes_max) break;
    batch.push_back(std::move(waiting.front()));
    waiting.pop_front();
  }
  return batch;
}

/// `<ms>-<sequence>`, as Redis writes an entry's id.
[[nodiscard]] std::string id_text(runtime::EntryId id);
/// The way back; an id that is none gives 0-0.
[[nodiscard]] runtime::EntryId id_of(std::string_view text);

}  // namespace conclib::queue
