// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proto/assert.hpp"
#include "proto/partition.hpp"
#include "proto/urn.hpp"

/// A URN that is accepted is made of its parts, and a child lives with its parent.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  const auto urn = conclib::proto::parse_urn(input);
  if (!urn) return 0;
  CONCLIB_ASSERT(!urn->type.empty());
  CONCLIB_ASSERT(conclib::proto::is_utf8(input));
  CONCLIB_ASSERT(conclib::proto::partition_of(urn->text, 16) ==
                 conclib::proto::partition_of(urn->placed(), 16));
  return 0;
}
