// SPDX-License-Identifier: MIT
#include "proto/scan.hpp"

#include <array>
#include <string>

#include "proto/assert.hpp"
#include "proto/limits.hpp"
#include "proto/urn.hpp"

namespace conclib::proto {
namespace {

tl::unexpected<Error> malformed(const std::string& why) {
  return fail(Status::bad_argument, "not valid msgpack: " + why);
}

}  // namespace

bool Scanner::take(std::size_t size, std::uint64_t& big_endian) {
  if (rest_.size() < size) return false;
  big_endian = 0;
  for (std::size_t i = 0; i < size; ++i) {
    big_endian = (big_endian << 8) | static_cast<unsigned char>(rest_[i]);
  }
  rest_.remove_prefix(size);
  return true;
}

Result<Scanner::Token> Scanner::token() {
  using Type = Token::Type;
  std::uint64_t first = 0;
  if (!take(1, first)) return malformed("it ends too early");
  const auto head = static_cast<unsigned>(first);
  Token token;
  if (head <= 0x7f) {
    token.type = Type::integer;
    token.integer = head;
  } else if (head >= 0xe0) {
    token.type = Type::integer;
    token.negative = true;
  } else if (head <= 0x8f) {
    token.type = Type::map;
    token.count = head & 0x0fU;
  } else if (head <= 0x9f) {
    token.type = Type::array;
    token.count = head & 0x0fU;
  } else if (head <= 0xbf) {
    token.type = Type::text;
    token.size = head & 0x1fU;
  } else if (head <= 0xc3) {
    if (head == 0xc1) return malformed("it holds the byte 0xc1, which is never used");
    token.type = head == 0xc0 ? Type::nil : Type::boolean;
  } else if (!read_long_form(head, token)) {
    return malformed("it ends too early");
  }
  token.children = token.type == Type::map ? std::uint64_t{token.count} * 2 : token.count;
  if (token.size > rest_.size() || token.children > rest_.size()) {
    return malformed("it announces more than there is");
  }
  return token;
}

bool Scanner::read_long_form(unsigned head, Token& token) {
  using Type = Token::Type;
  struct Form {
    Type type;
    std::uint8_t number_bytes;   // of the number that follows the head
    std::uint8_t payload_bytes;  // for a fixext, which has no number
    bool is_signed;
  };
  static constexpr std::array<Form, 0xdf - 0xc4 + 1> forms = {{
      {Type::binary, 1, 0, false},   {Type::binary, 2, 0, false},   {Type::binary, 4, 0, false},
      {Type::ext, 1, 0, false},      {Type::ext, 2, 0, false},      {Type::ext, 4, 0, false},
      {Type::floating, 4, 0, false}, {Type::floating, 8, 0, false}, {Type::integer, 1, 0, false},
      {Type::integer, 2, 0, false},  {Type::integer, 4, 0, false},  {Type::integer, 8, 0, false},
      {Type::integer, 1, 0, true},   {Type::integer, 2, 0, true},   {Type::integer, 4, 0, true},
      {Type::integer, 8, 0, true},   {Type::ext, 0, 1, false},      {Type::ext, 0, 2, false},
      {Type::ext, 0, 4, false},      {Type::ext, 0, 8, false},      {Type::ext, 0, 16, false},
      {Type::text, 1, 0, false},     {Type::text, 2, 0, false},     {Type::text, 4, 0, false},
      {Type::array, 2, 0, false},    {Type::array, 4, 0, false},    {Type::map, 2, 0, false},
      {Type::map, 4, 0, false},
  }};
  const auto& form = forms[head - 0xc4];
  token.type = form.type;
  std::uint64_t number = 0;
  if (!take(form.number_bytes, number)) return false;
  switch (form.type) {
    case Type::integer:
      CONCLIB_ASSERT(form.number_bytes > 0);
      token.integer = number;
      token.negative = form.is_signed && (number >> (form.number_bytes * 8U - 1)) != 0;
      break;
    case Type::text:
    case Type::binary:
      token.size = number;
      break;
    case Type::ext:
      token.size = (form.number_bytes == 0 ? form.payload_bytes : number) + 1;
      break;
    case Type::array:
    case Type::map:
      token.count = static_cast<std::uint32_t>(number);
      break;
    case Type::floating:
    case Type::nil:
    case Type::boolean:
      break;
  }
  return true;
}

Result<Scanner::Token> Scanner::expect(Token::Type type, const char* name) {
  auto result = token();
  if (result && result->type != type) return malformed(std::string("expected ") + name);
  return result;
}

Result<std::uint32_t> Scanner::map() {
  return expect(Token::Type::map, "a map").map([](const Token& t) { return t.count; });
}

Result<std::uint32_t> Scanner::array() {
  return expect(Token::Type::array, "an array").map([](const Token& t) { return t.count; });
}

Result<std::uint64_t> Scanner::unsigned_integer() {
  const auto result = expect(Token::Type::integer, "an unsigned integer");
  if (!result) return tl::unexpected(result.error());
  if (result->negative) return malformed("expected an unsigned integer, found a negative one");
  return result->integer;
}

Result<std::string_view> Scanner::text() {
  const auto result = expect(Token::Type::text, "a str");
  if (!result) return tl::unexpected(result.error());
  const auto text = rest_.substr(0, result->size);
  if (!is_utf8(text)) return malformed("a str is not UTF-8");
  rest_.remove_prefix(result->size);
  return text;
}

Result<std::string_view> Scanner::binary() {
  const auto result = token();
  if (!result) return tl::unexpected(result.error());
  if (result->type != Token::Type::binary && result->type != Token::Type::text) {
    return malformed("expected a bin");
  }
  const auto bytes = rest_.substr(0, result->size);
  rest_.remove_prefix(result->size);
  return bytes;
}

Result<std::string_view> Scanner::value() {
  const auto start = rest_;
  // How many values are still to be read at each level of nesting.
  std::array<std::uint64_t, limits::depth_max + 1> open{};
  std::size_t depth = 0;
  open[0] = 1;
  for (;;) {
    while (open[depth] == 0) {
      if (depth == 0) return start.substr(0, start.size() - rest_.size());
      --depth;
    }
    --open[depth];
    const auto next = token();
    if (!next) return tl::unexpected(next.error());
    rest_.remove_prefix(next->size);
    if (next->children == 0) continue;
    if (depth == limits::depth_max) return malformed("it is nested too deeply");
    open[++depth] = next->children;
  }
}

Result<void> check_value(std::string_view bytes) {
  Scanner scanner(bytes);
  const auto value = scanner.value();
  if (!value) return tl::unexpected(value.error());
  if (!scanner.at_end()) return malformed("bytes follow the value");
  return {};
}

}  // namespace conclib::proto
