// SPDX-License-Identifier: MIT
#include "proto/partition.hpp"

#include <array>

#include "proto/assert.hpp"

namespace conclib::proto {
namespace {

constexpr std::array<std::uint32_t, 256> crc_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? 0xEDB88320U : 0U);
    table[byte] = value;
  }
  return table;
}();

}  // namespace

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t value = 0xFFFFFFFFU;
  for (const char c : bytes) {
    value = (value >> 8) ^ crc_table[(value ^ static_cast<unsigned char>(c)) & 0xFFU];
  }
  return value ^ 0xFFFFFFFFU;
}

std::uint32_t partition_of(std::string_view urn, std::uint32_t partitions) {
  CONCLIB_ASSERT(partitions > 0);
  return crc32(urn.substr(0, urn.find('#'))) % partitions;
}

}  // namespace conclib::proto
