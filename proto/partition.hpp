// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

namespace conclib::proto {

/// CRC-32 as in ISO-HDLC, zlib and PNG: reflected, polynomial 0xEDB88320, initial value and final
/// XOR 0xFFFFFFFF; crc32("123456789") is 0xCBF43926.
[[nodiscard]] std::uint32_t crc32(std::string_view bytes);

/// The partition of an actor: crc32 of its URN up to `#`, modulo the namespace's partitions.
[[nodiscard]] std::uint32_t partition_of(std::string_view urn, std::uint32_t partitions);

}  // namespace conclib::proto
