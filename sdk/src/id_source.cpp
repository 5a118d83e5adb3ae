// SPDX-License-Identifier: MIT
#include "sdk/src/id_source.hpp"

#include <cerrno>
#include <string_view>

#include <sys/random.h>

namespace conclib::sdk {

Id::Id(std::uint64_t high, std::uint64_t low) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    const auto half = i < 8 ? high : low;
    const auto byte = static_cast<unsigned char>(half >> (8 * (7 - i % 8)));
    bytes_[i] = static_cast<char>(byte);
    hex_[2 * i] = digits[byte >> 4U];
    hex_[2 * i + 1] = digits[byte & 15U];
  }
}

bool IdSource::draw() {
  std::array<std::uint64_t, 2> random{};
  ssize_t count = 0;
  do {
    count = ::getrandom(random.data(), sizeof(random), 0);
  } while (count < 0 && errno == EINTR);
  if (count != static_cast<ssize_t>(sizeof(random))) return false;
  high_ = random[0];
  low_.store(random[1], std::memory_order_relaxed);
  return true;
}

Id IdSource::next() { return {high_, low_.fetch_add(1, std::memory_order_relaxed)}; }

}  // namespace conclib::sdk
