// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/runtime/ports.hpp"

namespace conclib::runtime {

/// What one thread executes, for others to look at while it does: a sequence lock whose text is
/// copied in words, so that no reader ever follows a pointer into an actor that may have ended.
///
/// Threading: the first three by the thread that owns it, at the cost of some plain stores; read()
/// by any thread.
/// Limit: URN and type are cut off at `text_bytes_max`.
class RunningSlot {
 public:
  static constexpr std::size_t text_bytes_max = 256;
  struct Seen {
    std::string urn;
    std::string type;  ///< Of the message; empty: none (a start, a stop, a timer).
    TimePoint since;
    std::uint64_t number;  ///< Differs from one execution to the next.
    std::chrono::nanoseconds limit;
  };

  /// An actor's turn begins, after leave(). Nothing runs before handle().
  void enter(std::string_view urn, std::chrono::nanoseconds limit);
  /// A message begins, at a time that may be a little old; `type` as in Seen.
  void handle(std::string_view type, TimePoint since);
  /// The turn is over.
  void leave();

  /// What runs; nothing: nothing does, or it changes faster than it can be read.
  [[nodiscard]] std::optional<Seen> read() const;

 private:
  using Text = std::array<std::atomic<std::uint64_t>, text_bytes_max / sizeof(std::uint64_t)>;
  /// While there is one the values are being changed.
  class Change {
   public:
    explicit Change(RunningSlot& slot);
    ~Change();
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;

   private:
    std::atomic<std::uint64_t>& sequence_;
    std::uint64_t begun_;
  };
  static void store(Text& to, std::atomic<std::uint32_t>& size, std::string_view text);
  [[nodiscard]] static std::string load(const Text& from, const std::atomic<std::uint32_t>& size);

  std::atomic<std::uint64_t> sequence_{0};  ///< Odd: being changed.
  std::atomic<bool> running_{false};
  std::atomic<std::uint64_t> number_{0};
  std::atomic<std::int64_t> since_{0};
  std::atomic<std::int64_t> limit_{0};
  std::atomic<std::uint32_t> urn_size_{0};
  std::atomic<std::uint32_t> type_size_{0};
  Text urn_{};
  Text type_{};
};

}  // namespace conclib::runtime
