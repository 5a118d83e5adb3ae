// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "proto/result.hpp"
#include "sdk/src/deadline.hpp"

namespace conclib::sdk {

/// A message for an actor, as the caller gave it. Views: it owns nothing.
struct Message {
  std::string_view urn;
  std::string_view type;
  std::string_view body;          ///< One msgpack value; empty: an empty map.
  Milliseconds timeout{0};        ///< How long it may live. Zero: the default.
  std::string_view reply_type;    ///< That an ask expects. Empty: any.
  std::string_view trace_parent;  ///< W3C trace context.
  std::string_view trace_state;
};

/// Whether a daemon would read the message. An error is BAD_ARGUMENT and names the part.
[[nodiscard]] proto::Result<void> check_message(const Message& message);

}  // namespace conclib::sdk
