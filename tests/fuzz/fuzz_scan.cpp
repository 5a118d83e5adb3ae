// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <msgpack.hpp>

#include "proto/limits.hpp"
#include "proto/scan.hpp"

/// What the scan accepts, a msgpack library must be able to read within the same bounds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  if (!conclib::proto::check_value(input)) return 0;
  const msgpack::unpack_limit limit(size, size, size, size, size,
                                    conclib::proto::limits::depth_max + 2);
  static_cast<void>(msgpack::unpack(input.data(), input.size(), nullptr, nullptr, limit));
  return 0;
}
