// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proto/assert.hpp"
#include "proto/envelope.hpp"
#include "proto/limits.hpp"
#include "proto/scan.hpp"

using namespace conclib::proto;

/// Whatever the bytes are: no crash, and what is accepted keeps the promises of decode_request.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  static_cast<void>(salvage_reply_address(input));
  static_cast<void>(decode_reply(input));
  const auto request = decode_request(input, limits::envelope_bytes_max);
  if (!request) return 0;
  CONCLIB_ASSERT(!request->id.empty() && request->id.size() <= limits::id_bytes_max);
  CONCLIB_ASSERT(!request->urn.empty() && request->urn.size() <= limits::urn_bytes_max);
  if (request->kind == Kind::cancel) return 0;
  CONCLIB_ASSERT(check_value(request->body).has_value());
  const auto again = encode_request(*request);
  const auto decoded = decode_request(again, limits::envelope_bytes_max * 2);
  CONCLIB_ASSERT(decoded.has_value() && decoded->urn == request->urn);
  return 0;
}
