// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace conclib::sdk {

/// The id of a request, as bytes and as the hex that stands in its reply key.
class Id {
 public:
  Id(std::uint64_t high, std::uint64_t low);
  [[nodiscard]] std::string_view bytes() const { return {bytes_.data(), bytes_.size()}; }
  [[nodiscard]] std::string_view hex() const { return {hex_.data(), hex_.size()}; }

 private:
  std::array<char, 16> bytes_;
  std::array<char, 32> hex_;
};

/// Makes ids that are used once: 128 random bits of this process, plus a counter.
/// Threading: next() from any thread; draw() while nobody else is in next().
class IdSource {
 public:
  /// Draws the random bits; again after each fork. False: the system gives none.
  [[nodiscard]] bool draw();
  [[nodiscard]] Id next();

 private:
  std::uint64_t high_ = 0;
  std::atomic<std::uint64_t> low_{0};
};

}  // namespace conclib::sdk
