// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proto/result.hpp"

namespace conclib::proto {

/// Reads msgpack token by token without allocating, so that hostile bytes cost nothing.
///
/// Every read checks what is left of the input; a count of elements is checked against the bytes
/// left, since each element takes one at least. After a failed read the position is undefined.
/// The format: https://github.com/msgpack/msgpack/blob/master/spec.md
class Scanner {
 public:
  explicit Scanner(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] std::size_t left() const { return rest_.size(); }

  /// Reads the head of a map or an array and gives its number of pairs or elements.
  [[nodiscard]] Result<std::uint32_t> map();
  [[nodiscard]] Result<std::uint32_t> array();
  [[nodiscard]] Result<std::uint64_t> unsigned_integer();
  /// A str; it must be UTF-8.
  [[nodiscard]] Result<std::string_view> text();
  /// A bin, or a str of any bytes.
  [[nodiscard]] Result<std::string_view> binary();
  /// Skips one whole value, nested at most `limits::depth_max` deep, and gives its bytes.
  [[nodiscard]] Result<std::string_view> value();

 private:
  /// What one token says: `size` bytes follow it, or `children` values.
  struct Token {
    enum class Type : std::uint8_t {
      nil,
      boolean,
      integer,
      floating,
      text,
      binary,
      array,
      map,
      ext
    };
    Type type = Type::nil;
    std::uint64_t integer = 0;
    bool negative = false;
    std::size_t size = 0;
    std::uint64_t children = 0;
    std::uint32_t count = 0;
  };

  [[nodiscard]] Result<Token> token();
  /// What stands behind the heads 0xc4 to 0xdf; false at the end of the input.
  [[nodiscard]] bool read_long_form(unsigned head, Token& token);
  [[nodiscard]] Result<Token> expect(Token::Type type, const char* name);
  [[nodiscard]] bool take(std::size_t size, std::uint64_t& big_endian);

  std::string_view rest_;
};

/// Whether the bytes are exactly one well-formed msgpack value; an error is BAD_ARGUMENT.
[[nodiscard]] Result<void> check_value(std::string_view bytes);

}  // namespace conclib::proto
