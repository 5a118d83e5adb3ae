// SPDX-License-Identifier: MIT
#include "proto/urn.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

#include "proto/limits.hpp"

namespace conclib::proto {
namespace {

constexpr bool is_alnum(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

constexpr bool is_type_char(char c) {
  return is_alnum(c) || c == '_' || c == '.' || c == ':' || c == '-';
}

/// Printable: no control character, no space, no DEL. Bytes of 0x80 and more are judged as UTF-8.
constexpr bool is_key_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x7f && c != '#';
}

/// Length of the UTF-8 sequence at the start of `text`, 0 if it is not well-formed.
std::size_t utf8_sequence(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = at(0);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  unsigned low = 0x80;  // bounds of the second byte exclude overlong forms and surrogates
  unsigned high = 0xbf;
  if (first >= 0xc2 && first <= 0xdf) {
    length = 2;
  } else if (first >= 0xe0 && first <= 0xef) {
    length = 3;
    if (first == 0xe0) low = 0xa0;
    if (first == 0xed) high = 0x9f;
  } else if (first >= 0xf0 && first <= 0xf4) {
    length = 4;
    if (first == 0xf0) low = 0x90;
    if (first == 0xf4) high = 0x8f;
  }
  if (length == 0 || text.size() < length || at(1) < low || at(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (at(i) < 0x80 || at(i) > 0xbf) return 0;
  }
  return length;
}

/// The text made safe to stand in a log line or an error.
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text.substr(0, 64)) {
    const auto byte = static_cast<unsigned char>(c);
    result += (byte < 0x20 || byte >= 0x7f || c == '"') ? '?' : c;
  }
  if (text.size() > 64) result += "...";
  return result + "\"";
}

tl::unexpected<Error> invalid(std::string_view text, std::string_view why) {
  return fail(Status::bad_argument, "URN " + quoted(text) + " is not valid: " + std::string(why));
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto length = utf8_sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= limits::name_bytes_max &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alnum(c) || c == '_' || c == '-'; });
}

Result<Urn> parse_urn(std::string_view text) {
  if (text.empty()) return invalid(text, "it is empty");
  if (text.size() > limits::urn_bytes_max) return invalid(text, "it is longer than 255 bytes");
  if (!is_utf8(text)) return invalid(text, "it is not UTF-8");

  Urn urn;
  urn.text = text;
  auto rest = text;
  if (const auto hash = rest.find('#'); hash != std::string_view::npos) {
    urn.child = rest.substr(hash + 1);
    rest = rest.substr(0, hash);
    if (urn.child.empty()) return invalid(text, "nothing follows the '#'");
  }
  if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
    urn.key = rest.substr(slash + 1);
    rest = rest.substr(0, slash);
    if (urn.key.empty()) return invalid(text, "the key after '/' is empty");
  }
  urn.type = rest;
  if (rest.empty() || !(is_alnum(rest.front()) || rest.front() == '_')) {
    return invalid(text, "its type must begin with a letter, a digit or '_'");
  }
  if (!std::all_of(rest.begin(), rest.end(), is_type_char)) {
    return invalid(text, "its type may only hold letters, digits and _ . : -");
  }
  if (!std::all_of(urn.key.begin(), urn.key.end(), is_key_char) ||
      !std::all_of(urn.child.begin(), urn.child.end(), is_key_char)) {
    return invalid(text, "a key may not hold spaces, control characters or a second '#'");
  }
  return urn;
}

}  // namespace conclib::proto
