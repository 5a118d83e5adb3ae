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

  /// An actor's turn begins, after leave(). Nothing runs before handle(). No two URNs have one
  /// `identity`; 0: unknown.
  void enter(std::string_view urn, std::uint64_t identity, std::chrono::nanoseconds limit);
  /// A message begins, at a time that may be a little old; `type` as in Seen. `is_static`: the text
  /// at this place never changes.
  void handle(std::string_view type, bool is_static, TimePoint since);
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
  /// Texts that were shown before: most turns are of few actors with few types of messages, and
  /// then nothing has to be copied. One place for each hash of an identity.
  struct Texts {
    static constexpr unsigned places_bits = 3;
    struct Place {
      std::uint64_t identity = 0;  ///< The owner's alone; 0: of no text.
      std::atomic<std::uint32_t> size{0};
      Text text{};
    };
    std::array<Place, std::size_t{1} << places_bits> places;
    std::atomic<std::uint32_t> shown{0};

    void show(std::string_view text, std::uint64_t identity);
    [[nodiscard]] std::string load() const;
  };

  std::atomic<std::uint64_t> sequence_{0};  ///< Odd: being changed.
  std::atomic<bool> running_{false};
  std::atomic<std::uint64_t> number_{0};
  std::atomic<std::int64_t> since_{0};
  std::atomic<std::int64_t> limit_{0};
  Texts urn_;
  Texts type_;
};

}  // namespace conclib::runtime
