// SPDX-License-Identifier: MIT
#include "sdk/src/command.hpp"

#include <array>
#include <charconv>
#include <cstddef>

namespace conclib::sdk {
namespace {

void append_length(std::string& out, char kind, std::size_t length) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), length).ptr;
  out += kind;
  out.append(digits.data(), end);
  out += "\r\n";
}

}  // namespace

void append_command(std::string& out, std::initializer_list<std::string_view> arguments) {
  append_length(out, '*', arguments.size());
  for (const auto argument : arguments) {
    append_length(out, '$', argument.size());
    out += argument;
    out += "\r\n";
  }
}

}  // namespace conclib::sdk
