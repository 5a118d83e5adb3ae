// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "proto/result.hpp"

namespace conclib::proto {

/// The name of an actor, taken apart: `type`, `type/key`, and either with `#child`.
///
/// - type: begins with a letter, digit or `_`; then letters, digits and `_ . : -`
/// - key: one byte or more of UTF-8 without control characters, space and `#`; may contain `/`
/// - child: as key
///
/// At most 255 bytes in all. Views into the text that was parsed.
struct Urn {
  std::string_view text;
  std::string_view type;
  std::string_view key;    ///< Empty if there is none.
  std::string_view child;  ///< Empty if there is none.

  /// What decides the partition: the text up to `#`, so that a child lives with its parent.
  [[nodiscard]] std::string_view placed() const {
    return child.empty() ? text : text.substr(0, text.size() - child.size() - 1);
  }
};

/// Takes a URN apart, or says what is wrong with it (BAD_ARGUMENT).
[[nodiscard]] Result<Urn> parse_urn(std::string_view text);

/// Whether the bytes are well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates).
[[nodiscard]] bool is_utf8(std::string_view text);

/// Whether the text may name a namespace or an app: 1 to 64 of `A-Z a-z 0-9 _ -`.
[[nodiscard]] bool is_name(std::string_view text);

}  // namespace conclib::proto
