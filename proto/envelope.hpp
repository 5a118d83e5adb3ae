// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proto/result.hpp"

namespace conclib::proto {

/// What a request wants: an answer, no answer, or that an earlier ask be dropped if it has not run.
enum class Kind : std::uint8_t { ask = 0, tell = 1, cancel = 2 };

/// A request envelope, the value of field `e` of an entry in a partition's queue.
/// Views: it owns nothing. Empty text and 0 mean that a field is absent.
struct Request {
  Kind kind = Kind::tell;
  std::string_view id;            ///< 1 to 64 bytes, unique; an ask's is in its reply. (`id`)
  std::string_view urn;           ///< A valid URN. (`u`)
  std::string_view type;          ///< Name of the message type. (`t`)
  std::string_view body;          ///< One encoded msgpack value. (`b`)
  std::string_view reply_key;     ///< For an ask: where the reply goes. (`r`)
  std::uint64_t ttl_ms = 0;       ///< How long it lives, from the time in its entry's id. (`ttl`)
  std::uint64_t expiry_ms = 0;    ///< When it ends, in ms since 1970 by Redis's clock. (`exp`)
  std::string_view source;        ///< Who sent it: an actor's URN or an app. (`src`)
  std::uint64_t sequence = 0;     ///< Counts the source's messages to this actor. (`seq`)
  std::string_view root;          ///< Id of the request that caused it. (`root`)
  std::string_view chain;         ///< Encoded array of the URNs that wait for this. (`chain`)
  std::uint64_t generation = 0;   ///< Of the namespace, as the sender knew it. (`gen`)
  std::string_view trace_parent;  ///< W3C traceparent (`tp`) and tracestate (`ts`).
  std::string_view trace_state;
};

/// A reply envelope, one element of a reply list. Views: it owns nothing.
struct Reply {
  std::string_view id;               ///< Of the ask. (`id`)
  Status status = Status::internal;  ///< (`s`)
  std::string_view type;             ///< Name of the body's type, when status is ok. (`t`)
  std::string_view body;             ///< One encoded msgpack value, when status is ok. (`b`)
  std::string_view text;             ///< What went wrong, when it is not. (`m`)
};

/// The encoded envelope. The fields are not checked: what is made here is read by decode_request.
[[nodiscard]] std::string encode_request(const Request& request);
[[nodiscard]] std::string encode_reply(const Reply& reply);

/// Reads an envelope; the result's views point into `bytes`. The body is checked to be well-formed
/// too, so it may be given to a msgpack library. `envelope_bytes_max` bounds the whole. An error is
/// BAD_ENVELOPE, and its text names the field. Allocates only for errors.
[[nodiscard]] Result<Request> decode_request(std::string_view bytes,
                                             std::size_t envelope_bytes_max);
/// Reads a reply; an error is BAD_REPLY.
[[nodiscard]] Result<Reply> decode_reply(std::string_view bytes);

/// The reply key and id of a request that decode_request refused, as far as they can be read, so
/// that its asker can be told. Both are empty otherwise. The key still has to be checked
/// (is_reply_key).
struct ReplyAddress {
  std::string_view reply_key;
  std::string_view id;
};
[[nodiscard]] ReplyAddress salvage_reply_address(std::string_view bytes);

/// The time at which a request of an entry added at `entry_ms` ends, by Redis's clock: the earlier
/// of `entry_ms + ttl` and `expiry`. No limit on either: UINT64_MAX.
[[nodiscard]] std::uint64_t expiry_of(const Request& request, std::uint64_t entry_ms);

}  // namespace conclib::proto
