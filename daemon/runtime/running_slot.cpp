// SPDX-License-Identifier: MIT
#include "daemon/runtime/running_slot.hpp"

#include <algorithm>
#include <cstring>

namespace conclib::runtime {

// The owner stores, and a reader loads, in this order: number odd, values, number even. Values are
// stored with release and loaded with acquire: who sees one of a later change also sees, when it
// looks at the number again, that there was one.

RunningSlot::Change::Change(RunningSlot& slot)
    : sequence_(slot.sequence_), begun_(sequence_.load(std::memory_order_relaxed) + 1) {
  sequence_.store(begun_, std::memory_order_relaxed);
}
RunningSlot::Change::~Change() { sequence_.store(begun_ + 1, std::memory_order_release); }

void RunningSlot::enter(std::string_view urn, std::uint64_t identity,
                        std::chrono::nanoseconds limit) {
  const Change change(*this);
  limit_.store(limit.count(), std::memory_order_release);
  urn_.show(urn, identity);
}

void RunningSlot::handle(std::string_view type, bool is_static, TimePoint since) {
  const Change change(*this);
  running_.store(true, std::memory_order_release);
  number_.store(number_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  since_.store(since.time_since_epoch().count(), std::memory_order_release);
  type_.show(type, is_static ? reinterpret_cast<std::uintptr_t>(type.data()) : 0);
}

void RunningSlot::leave() { running_.store(false, std::memory_order_release); }

std::optional<RunningSlot::Seen> RunningSlot::read() const {
  constexpr int tries_max = 16;
  for (int i = 0; i < tries_max; ++i) {
    const auto before = sequence_.load(std::memory_order_acquire);
    if (before % 2 != 0) continue;
    if (!running_.load(std::memory_order_acquire)) return std::nullopt;
    Seen seen{.urn = urn_.load(),
              .type = type_.load(),
              .since = TimePoint(TimePoint::duration(since_.load(std::memory_order_acquire))),
              .number = number_.load(std::memory_order_acquire),
              .limit = std::chrono::nanoseconds(limit_.load(std::memory_order_acquire))};
    if (sequence_.load(std::memory_order_relaxed) == before) return seen;
  }
  return std::nullopt;
}

void RunningSlot::Texts::show(std::string_view text, std::uint64_t identity) {
  // Fibonacci hashing: the upper bits of the product depend on all of the identity.
  constexpr std::uint64_t multiplier = 0x9e3779b97f4a7c15;
  const auto index = static_cast<std::uint32_t>((identity * multiplier) >> (64 - places_bits));
  auto& place = places[index];
  shown.store(index, std::memory_order_release);
  if (identity != 0 && place.identity == identity) return;
  place.identity = identity;
  text = text.substr(0, text_bytes_max);
  place.size.store(static_cast<std::uint32_t>(text.size()), std::memory_order_release);
  for (auto& slot : place.text) {
    if (text.empty()) return;
    std::uint64_t word = 0;
    const auto bytes = std::min(text.size(), sizeof(word));
    std::memcpy(&word, text.data(), bytes);
    slot.store(word, std::memory_order_release);
    text.remove_prefix(bytes);
  }
}

std::string RunningSlot::Texts::load() const {
  const auto& place = places[shown.load(std::memory_order_acquire)];
  std::string text(place.size.load(std::memory_order_acquire), '\0');
  for (std::size_t done = 0; done < text.size(); done += sizeof(std::uint64_t)) {
    const auto word = place.text[done / sizeof(std::uint64_t)].load(std::memory_order_acquire);
    std::memcpy(text.data() + done, &word, std::min(text.size() - done, sizeof(word)));
  }
  return text;
}

}  // namespace conclib::runtime
