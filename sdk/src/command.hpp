// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace conclib::sdk {

/// Appends a command in Redis's protocol. Several in one string are one pipeline.
void append_command(std::string& out, std::initializer_list<std::string_view> arguments);

}  // namespace conclib::sdk
