// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "proto/result.hpp"

namespace conclib::proto {

/// The message type of a watch: an ask that conclibd itself answers when the actor ends, with a
/// reply of `ended_type`. It activates no actor and has no body.
inline constexpr std::string_view watch_type = "conclib.watch";
inline constexpr std::string_view ended_type = "conclib.ended";

/// How an actor ended: OK when it was stopped, ACTOR_NOT_FOUND when it was not alive to begin with,
/// else the failure. (`status`, `text`)
struct Ended {
  Status status = Status::ok;
  std::string text;
};

/// One msgpack map.
[[nodiscard]] std::string encode_ended(const Ended& ended);
/// Reads it; an error is BAD_REPLY. The status may be one that this program does not know.
[[nodiscard]] Result<Ended> decode_ended(std::string_view bytes);

}  // namespace conclib::proto
